"""AWS over boto3; a package of its own, since most of sekisho does not need boto3."""

from sekisho.account.aws.client import AssumedRole, Boto3Api, Keys, connect
from sekisho.account.aws.profiles import Profile, key_of, read_profile

__all__ = ["AssumedRole", "Boto3Api", "Keys", "Profile", "connect", "key_of", "read_profile"]
