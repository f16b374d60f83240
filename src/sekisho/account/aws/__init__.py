"""AWS itself, over boto3; a face of its own, for most of sekisho needs no boto3."""

from sekisho.account.aws.client import AssumedRole, Boto3Api, Keys, connect
from sekisho.account.aws.profiles import Profile, key_of, read_profile

__all__ = ["AssumedRole", "Boto3Api", "Keys", "Profile", "connect", "key_of", "read_profile"]
