"""AWS itself, over boto3; a face of its own, for most of sekisho needs no boto3."""

from sekisho.account.aws.client import AssumedRole, Boto3Api, Keys, connect

__all__ = ["AssumedRole", "Boto3Api", "Keys", "connect"]
