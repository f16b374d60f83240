"""Reading one record of CloudTrail: the specification of each column.

Types are checked. A text may also be `true` or `false`, which some writers leave without quotation
marks; `null` counts as absent. A column that every decision needs (`ALWAYS`) and that has another
type is a fault of the whole record, because half a record could be decided wrongly. A column that
only some policies need then counts as absent, and so do members of objects whose contents services
choose freely (`requestParameters` and the like), if they are no objects: such a record can still be
decided, and engines do not read the columns that they do not need.

Source: AWS CloudTrail User Guide, "CloudTrail record contents" and "CloudTrail userIdentity
element". The SQL of every engine comes to the same (tests/replay/test_grouping.py).
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from sekisho.lazy import dataclass
from sekisho.replay.event import IAM_ARN, IAM_PARAMETERS, INSIGHT, NETWORK, PARAMETERS, TrailEvent

_SECONDS = len("2026-11-27T23:59:59")
_PREFIX = len("AKIA")
_LONG_TERM = "AKIA"
_S3 = "s3.amazonaws.com"
_STS = "sts.amazonaws.com"
_IAM = "iam"
"""IAM's event source before its domain, which is another one in some partitions; in lower case, as
an action is IAM's however its service is written."""
_OF_S3_ALONE = "key"
_NO_CALLERS = frozenset({None, "AWSService"})


@dataclass(frozen=True, slots=True)
class TrailRecord:
    """A parsed record.

    Attributes:
        event: every column.
        time: `eventTime`, to the second.
        id: `eventID`; "" if the record has none.
    """

    event: TrailEvent
    time: datetime
    id: str


@dataclass(frozen=True, slots=True)
class RecordFault:
    """A malformed record.

    Attributes:
        field: the field's path, like `userIdentity.arn`; "" for the record.
    """

    field: str


class _Faulty(Exception):
    """Ends the reading of a record; its one argument is the field's path."""


def read_record(record: object) -> TrailRecord | RecordFault:
    """Return a decoded record parsed, or the field that is faulty."""
    try:
        return _read(record)
    except _Faulty as faulty:
        return RecordFault(str(faulty))


def _read(record: object) -> TrailRecord:
    if not isinstance(record, Mapping):
        raise _Faulty("")
    top = _Fields(record, "")
    time = _time(top)
    written = f"{time.isoformat()[:_SECONDS]}Z"
    return TrailRecord(_event(top, written), time, top.text("eventID") or "")


def _event(top: "_Fields", written: str) -> TrailEvent:
    identity = top.fields("userIdentity")
    session = identity.fields("sessionContext")
    issuer, attributes = session.free("sessionIssuer"), session.fields("attributes")
    key_id, arn = identity.text("accessKeyId"), identity.text("arn")
    source = top.text("eventSource")
    resources, parameters = _resources(top), _parameters(top, source)
    of_iam = (source or "").lower().partition(".")[0] == _IAM
    return TrailEvent(
        source=source,
        name=top.text("eventName"),
        type=top.text("eventType"),
        category=top.text("eventCategory"),
        error=top.text("errorCode"),
        recipient=top.text("recipientAccountId"),
        identity=identity.text("type"),
        account=identity.text("accountId"),
        principal=issuer.text("arn") or arn,
        user=identity.text("userName"),
        key_id=_key(key_id),
        mfa=attributes.text("mfaAuthenticated"),
        invoked_by=identity.text("invokedBy"),
        from_console=top.text("sessionCredentialFromConsole"),
        sign_in_session="yes" if session.text("signInSessionArn") is not None else None,
        login_mfa=top.free("additionalEventData").text("MFAUsed"),
        login_result=top.free("responseElements").text("ConsoleLogin"),
        call_mfa=_call_mfa(top, source),
        shared=_shared(top, identity.text("type")),
        address=top.optional("sourceIPAddress"),
        endpoint=top.optional("vpcEndpointId"),
        region=top.optional("awsRegion"),
        agent=top.optional("userAgent"),
        time=written,
        issued=attributes.optional("creationDate"),
        principal_id=identity.optional("principalId"),
        session_arn=arn,
        source_identity=session.optional("sourceIdentity"),
        provider=session.free("webIdFederationData").optional("federatedProvider"),
        resources=resources,
        parameters=parameters,
        iam_resources=_matching(resources, _is_of_iam) if of_iam else None,
        iam_parameters=_matching(parameters, _names_of_iam) if of_iam else None,
    )


def _call_mfa(top: "_Fields", source: str | None) -> str | None:
    if source != _STS:
        return None
    if top.free("requestParameters").raw.get("serialNumber") is not None:
        return "yes"
    return "unknown" if top.text("eventCategory") == NETWORK else None


def _shared(top: "_Fields", identity: str | None) -> str | None:
    """Return the id that other records of the same call share, for a caller's call."""
    shared = top.text("sharedEventID") or None
    return None if identity in _NO_CALLERS or top.text("eventCategory") == INSIGHT else shared


_WRITTEN = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?(?:Z|([+-])(0\d|1[0-4]):?([0-5]\d))?", re.ASCII
)


def _time(top: "_Fields") -> datetime:
    """Return the time to the second, in UTC, which CloudTrail writes; other zones are converted."""
    found = _WRITTEN.fullmatch(top.text("eventTime") or "")
    if not found:
        raise _Faulty("eventTime")
    second, sign, hours, minutes = found.groups(default="")
    ahead = timedelta(hours=int(f"{sign}{hours}"), minutes=int(f"{sign}{minutes}")) if sign else _NO
    try:
        return datetime.strptime(second, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC) - ahead
    except (ValueError, OverflowError):
        raise _Faulty("eventTime") from None


_NO = timedelta()


def _key(key_id: str | None) -> str | None:
    """Return the id of a long-term key, or the prefix of another: sessions have many."""
    if key_id is None or key_id.startswith(_LONG_TERM):
        return key_id
    return key_id[:_PREFIX]


def _resources(top: "_Fields") -> tuple[str, ...] | None:
    value = top.raw.get("resources")
    given = value if isinstance(value, list) else []
    arns = (each.get("ARN") for each in given if isinstance(each, Mapping))
    return tuple(sorted({arn for arn in arns if isinstance(arn, str)})) or None


def _parameters(top: "_Fields", source: str | None) -> tuple[str, ...] | None:
    parameters = top.free("requestParameters").raw
    found = (
        f"{name}={parameters[name]}"
        for name in PARAMETERS
        if isinstance(parameters.get(name), str) and (name != _OF_S3_ALONE or source == _S3)
    )
    return tuple(found) or None


def _matching(
    texts: tuple[str, ...] | None, wanted: Callable[[str], bool]
) -> tuple[str, ...] | None:
    return tuple(filter(wanted, texts or ())) or None


def _is_of_iam(arn: str) -> bool:
    return IAM_ARN in arn


def _names_of_iam(parameter: str) -> bool:
    return parameter.partition("=")[0] in IAM_PARAMETERS


@dataclass(frozen=True, slots=True)
class _Fields:
    """An object of a record, as far as it is present, and its path."""

    raw: Mapping[str, object]
    path: str

    def text(self, name: str) -> str | None:
        """Return a text; None if it is absent."""
        match self.raw.get(name):
            case None:
                return None
            case bool(value):
                return "true" if value else "false"
            case str(value):
                return value
            case _:
                raise _Faulty(self._at(name))

    def fields(self, name: str) -> "_Fields":
        """Return an object; an empty one if it is absent."""
        value = self.raw.get(name)
        if value is None:
            return _Fields({}, self._at(name))
        if not isinstance(value, Mapping):
            raise _Faulty(self._at(name))
        return _Fields(value, self._at(name))

    def optional(self, name: str) -> str | None:
        """Return a text; None if it is absent or of another type."""
        match self.raw.get(name):
            case bool(value):
                return "true" if value else "false"
            case str(value):
                return value
            case _:
                return None

    def free(self, name: str) -> "_Fields":
        """Return an object; an empty one if it is absent or of another type."""
        value = self.raw.get(name)
        return _Fields(value if isinstance(value, Mapping) else {}, self._at(name))

    def _at(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name
