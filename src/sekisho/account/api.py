"""What sekisho needs of AWS, as one narrow protocol.

Operations and parameters have AWS's own names (`CreatePolicy`, `PolicyName`), so that a plan, a
journal and CloudTrail all read alike.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Protocol, runtime_checkable

__all__ = ["THROTTLED", "AwsApi", "SigningApi"]

THROTTLED = frozenset(
    {"Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException"}
)
"""AWS's codes for a call that came too soon and did nothing."""


class AwsApi(Protocol):
    """What sekisho needs of AWS; tests and the local AWS implement it too."""

    def call(self, service: str, operation: str, /, **params: object) -> Mapping[str, Any]:
        """Call one operation and return its output.

        What changes something is sent again only where it is certain that nothing was done.

        Raises:
            AwsRefused: with AWS's own code, or the client's when no answer came (status 0).
        """
        ...

    def pages(self, service: str, operation: str, key: str, /, **params: object) -> Iterator[Any]:
        """Yield the items under `key` of every page of a listing operation.

        Raises:
            AwsRefused: as `call` does, at any page.
        """
        ...


@runtime_checkable
class SigningApi(AwsApi, Protocol):
    """An `AwsApi` that knows what it signs with."""

    def signs_with_long_term_key(self) -> bool:
        """Return whether that is an access key itself, and no session: AWS never knows of MFA then.

        Raises:
            AwsRefused: if there are no credentials, or they cannot be renewed.
        """
        ...
