"""Calling AWS to read, with a gap for every call that is refused."""

from collections.abc import Iterable, Mapping
from typing import Any

from sekisho.account.api import AwsApi
from sekisho.account.model import THE_ACCOUNT, Gap, ResourceRef
from sekisho.account.reads import Read, read_of
from sekisho.errors import AwsRefused, FaultyPolicy
from sekisho.messages import Message, verbatim
from sekisho.policy import Document, PolicyKind, from_json, parse

__all__ = ["Item", "Reading"]

Item = Mapping[str, Any]

_LOST = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidClientTokenId",
        "RequestExpired",
        "RequestTimeTooSkewed",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
"""Codes that say of the caller, not of the call: every further call would end the same."""


class Reading:
    """A run of calls and the gaps that they left, in order; for one thread."""

    def __init__(self, api: AwsApi) -> None:
        self._api = api
        self.gaps: list[Gap] = []

    def call(
        self,
        operation: str,
        about: ResourceRef = THE_ACCOUNT,
        *,
        absent: Iterable[str] = (),
        **params: object,
    ) -> Item | None:
        """Return an answer; None if there is no such thing, or, with a gap, if it is refused.

        Args:
            operation: one of `READS`.
            about: what the gap is about.
            absent: AWS's codes that mean "there is none".
            params: of the operation.

        Raises:
            AwsRefused: if nobody answers, or the caller's credentials are no longer taken.
        """
        try:
            return self._api.call(read_of(operation).service, operation, **params)
        except AwsRefused as error:
            self._refused(error, operation, about, absent)
            return None

    def items(
        self, operation: str, key: str, about: ResourceRef = THE_ACCOUNT, /, **params: object
    ) -> list[Any] | None:
        """Return a listing; None, with a gap, if any page of it is refused.

        Raises:
            AwsRefused: as `call`.
        """
        try:
            return list(self._api.pages(read_of(operation).service, operation, key, **params))
        except AwsRefused as error:
            self._refused(error, operation, about, ())
            return None

    def document(
        self,
        value: object,
        about: ResourceRef,
        kind: PolicyKind = PolicyKind.IDENTITY,
        operation: str = "GetAccountAuthorizationDetails",
    ) -> Document | None:
        """Return a policy document, decoded or a text; None, with a gap, if it is none."""
        try:
            if isinstance(value, str):
                return parse(value, source=about.label, kind=kind)
            return from_json(value, source=about.label, kind=kind)
        except FaultyPolicy as error:
            self.gap(operation, about, error.message, error.code)
            return None

    def gap(self, operation: str, about: ResourceRef, reason: Message, code: str = "") -> None:
        """Note something that could not be read, once."""
        found = Gap(operation, about, reason, code)
        if found not in self.gaps:
            self.gaps.append(found)

    def _refused(
        self, error: AwsRefused, operation: str, about: ResourceRef, absent: Iterable[str]
    ) -> None:
        if error.aws_code in absent:
            return
        if error.aws_code in _LOST or _unanswered(error, read_of(operation)):
            raise error
        self.gap(operation, about, verbatim(error.aws_message), error.aws_code)


def _unanswered(error: AwsRefused, read: Read) -> bool:
    """Return whether nobody answers at all: then nobody will answer the other calls either."""
    # Organizations may be out of reach where IAM is not; an answer that no client understands
    # (a proxy's page, say) is one call's
    elsewhere = read.service == "organizations" or error.aws_code == "ResponseParserError"
    return error.status == 0 and not elsewhere
