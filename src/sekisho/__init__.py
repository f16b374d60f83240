"""sekisho makes MFA mandatory for the IAM users of an AWS account, and proves that it is."""

from importlib.metadata import version

__version__ = version("sekisho")

__all__ = ["__version__"]
