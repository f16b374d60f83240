"""Reading one question of the exchange form, with every fault in it named at once."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from enum import StrEnum
from math import isfinite
from typing import Any

from sekisho.engine.groups import assumes_role
from sekisho.engine.joint import RequestPart, is_access_point, parts_of
from sekisho.engine.model.assumptions import DEFAULTS, Assumptions
from sekisho.engine.model.evaluation import (
    ANONYMOUS,
    AttachedPolicy,
    Context,
    ContextValue,
    Level,
    Policies,
    Request,
    ResourcePolicyKind,
    may_be_principal,
    no_principal,
)
from sekisho.errors import Code, Fault, FaultyPolicy, FaultyRequest, quoted
from sekisho.lazy import dataclass
from sekisho.messages import Message
from sekisho.policy import Document, PolicyKind, from_json

_MOST_CHARACTERS = 131_072
"""Of a text of a request; AWS's ARNs have 2,048 at most."""


class Documents:
    """A bounded store of parsed policies, which drops the least recently used.

    Args:
        most_characters: how much policy text, all together, is kept parsed.
    """

    def __init__(self, most_characters: int = 2_000_000) -> None:
        self._most = most_characters
        self._held = 0
        self._documents: OrderedDict[tuple[PolicyKind, bytes], tuple[Document, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._documents)

    def parsed(self, value: object, kind: PolicyKind) -> Document:
        """Return the parsed document of decoded JSON.

        Raises:
            FaultyPolicy: with every fault; a faulty document is not kept.
        """
        try:
            # repr tells JSON values apart: 1, 1.0, true and "1" are four different texts
            text = repr(value).encode("utf-8", "surrogatepass")
        except RecursionError:
            # so deep that it is no policy; the reader reports that at a limited depth
            return from_json(value, kind=kind)
        from hashlib import sha256  # noqa: PLC0415 - slow, for questions in JSON alone

        key = (kind, sha256(text).digest())
        if key in self._documents:
            self._documents.move_to_end(key)
            return self._documents[key][0]
        document = from_json(value, kind=kind)
        self._documents[key] = (document, len(text))
        self._held += len(text)
        while self._held > self._most:
            _, (_, size) = self._documents.popitem(last=False)
            self._held -= size
        return document


@dataclass(frozen=True, slots=True)
class DecisionQuestion:
    """A request to decide, under what policies and with which assumptions.

    Attributes:
        id: handed back with the answer; None: the question is not one of many.
        parts: one for each resource of a request about several; empty if it is about one, which is
            then the request's.
    """

    request: Request
    policies: Policies
    assumptions: Assumptions
    id: str | int | float | None = None
    parts: tuple[RequestPart, ...] = ()


def read_question(value: Mapping[str, object], documents: Documents) -> DecisionQuestion:
    """Return the question in decoded JSON.

    Raises:
        FaultyRequest: with every fault of the request and of the policies in it.
    """
    reader = _Reader(documents)
    question = reader.question(value)
    if reader.faults:
        raise FaultyRequest(Message("request", "source"), reader.faults)
    return question


def identity_of(value: Mapping[str, object]) -> str | int | float | None:
    """Return the `id` in decoded JSON, valid or not; None if JSON cannot represent it."""
    identity = value.get("id")
    if isinstance(identity, float):
        return identity if isfinite(identity) else None
    return identity if isinstance(identity, str | int) else None


_NAMES = {
    "": ("id", "request", "policies", "options"),
    "request": (
        "principal",
        "action",
        "resource",
        "resources",
        "resourceAccount",
        "context",
        "federatedBy",
        "canonicalUser",
    ),
    "policies": (
        "identity",
        "resource",
        "session",
        "boundaries",
        "scps",
        "rcps",
        "vpcEndpoint",
        "accessPoint",
    ),
}
_LEVEL = ("level", "policies")
_OF_ONE = ("resource", "action", "resourceAccount", "context")
_FLAGS = ("managementAccount", "serviceLinkedRole")
_RESOURCE_KINDS = ("trust", *map(str, ResourcePolicyKind))
_OPTIONS = (*_FLAGS, "resourceKind")
ASSUMPTIONS: Mapping[str, Any] = {
    field.name: getattr(DEFAULTS, field.name) for field in fields(Assumptions)
}
"""The engine's assumptions, with their defaults."""


def assumptions_from_text(texts: Mapping[str, str]) -> Assumptions:
    """Return assumptions from names and texts, as a command line gives them.

    Raises:
        FaultyRequest: with every unknown assumption and every invalid setting.
    """
    return Assumptions(**settings_from_text(texts, ASSUMPTIONS))


def settings_from_text(texts: Mapping[str, str], known: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings from names and texts; `known` has each assumption with its default.

    Raises:
        FaultyRequest: with every unknown assumption and every invalid setting.
    """
    switches = {"true": True, "false": False}
    values: dict[str, Any] = {
        name: switches.get(text, text) if isinstance(known.get(name), bool) else text
        for name, text in texts.items()
    }
    faults = [
        Fault(Code.UNSUPPORTED_OPTION, message, name)
        for name, value in values.items()
        if (message := _assumption_fault(name, value, known))
    ]
    if faults:
        raise FaultyRequest(Message("assumptions", "source"), faults)
    return {name: type(known[name])(value) for name, value in values.items()}


def _assumption_fault(name: str, value: object, known: Mapping[str, Any]) -> Message | None:
    """Return the fault of an assumption's name or setting; None if both are valid."""
    if name not in known:
        return Message("no such assumption; there are {names}").filled(names=", ".join(known))
    default = known[name]
    if isinstance(default, bool):
        return None if isinstance(value, bool) else Message("expected true or false")
    settings = [str(setting) for setting in type(default)] if isinstance(default, StrEnum) else []
    return None if value in settings else _one_of(settings)


def _one_of(names: Iterable[str]) -> Message:
    return Message("expected one of {names}").filled(names=", ".join(names))


class _Reader:
    """A question that is being read; faults are collected and reading goes on."""

    def __init__(self, documents: Documents) -> None:
        self.documents = documents
        self.faults: list[Fault] = []

    def question(self, value: Mapping[str, object]) -> DecisionQuestion:
        """Read the whole question."""
        self.members(value, "")
        identity = identity_of(value)
        if identity is None or isinstance(identity, bool):
            self.add_fault("id", Message("expected a string, or a number within range"))
            identity = ""
        options = self.members(value.get("options"), "options")
        request = self.request(value.get("request"), options)
        policies = self.policies(value.get("policies"), options.get("resourceKind"), request)
        parts = self.parts(value, request, policies)
        return DecisionQuestion(request, policies, self.assumptions(options), identity, parts)

    def parts(
        self, value: Mapping[str, object], request: Request, policies: Policies
    ) -> tuple[RequestPart, ...]:
        """Read the resources of a request about several, each with its own values."""
        policy = self.members(value.get("policies"), "policies").get("accessPoint")
        asked = self.members(value.get("request"), "request")
        listed, path = asked.get("resources"), "request.resources"
        point = None
        if policy is not None:
            point = self.document(policy, "accessPoint", PolicyKind.RESOURCE)
        if listed is None:
            self.check_access_point(point, [request])
            return parts_of([request], policies, point) if point else ()
        if not isinstance(listed, list) or not listed:
            self.add_fault(path, Message("expected a list of resources"))
            return ()
        if asked.get("resource") is not None:
            self.add_fault("request.resource", Message("give `resource` or `resources`"))
        each = [self.part_request(one, f"{path}[{n}]", request) for n, one in enumerate(listed)]
        self.check_access_point(point, each)
        return parts_of(each, policies, point)

    def check_access_point(self, point: AttachedPolicy | None, each: Iterable[Request]) -> None:
        """Add a fault if a policy of an access point is given, but no resource is one."""
        if point is not None and not any(is_access_point(one.resource) for one in each):
            self.add_fault(
                "policies.accessPoint",
                Message("no access point is among the resources that are asked about"),
                Code.REQUEST_BAD_VALUE,
            )

    def part_request(self, value: object, path: str, request: Request) -> Request:
        """Read one of several resources: an ARN, or the values that differ from the request's."""
        if isinstance(value, str):
            return replace(request, resource=self.short(value, path))
        own = self.members(value, path)
        self.reject_unknown_keys(own, _OF_ONE, path)
        context = self.context(own.get("context"), f"{path}.context")
        return replace(
            request,
            resource=self.text(own.get("resource"), f"{path}.resource"),
            action=self.optional_text(own.get("action"), f"{path}.action") or request.action,
            resource_account=self.optional_text(
                own.get("resourceAccount"), f"{path}.resourceAccount"
            )
            or request.resource_account,
            context=request.context.with_(context),
        )

    def add_fault(self, path: str, message: Message, code: Code = Code.REQUEST_BAD_SHAPE) -> None:
        """Add a fault."""
        self.faults.append(Fault(code, message, path))

    def members(self, value: object, path: str) -> Mapping[str, object]:
        """Return the members of an object, of which none may be unknown; null has none."""
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            self.add_fault(path, Message("expected an object"))
            return {}
        if path in _NAMES:
            self.reject_unknown_keys(value, _NAMES[path], path)
        return value

    def reject_unknown_keys(
        self, value: Mapping[str, object], names: tuple[str, ...], path: str
    ) -> None:
        """Add a fault for each key that is not one of `names`."""
        for name in value:
            if name not in names:
                self.add_fault(
                    _under(path, name),
                    Message("unknown key; there are {names}").filled(names=", ".join(names)),
                )

    def text(self, value: object, path: str) -> str:
        """Return a required string."""
        if isinstance(value, str):
            return self.short(value, path)
        self.add_fault(path, Message("missing") if value is None else Message("expected a string"))
        return ""

    def short(self, text: str, path: str) -> str:
        """Return a text, or none of one that is far longer than AWS's ARNs of 2,048 characters."""
        if len(text) <= _MOST_CHARACTERS:
            return text
        # a pattern with `?` takes time for each of its characters with each of the text's
        self.add_fault(
            path,
            Message("more than {most:,} characters").filled(most=_MOST_CHARACTERS),
            Code.REQUEST_BAD_VALUE,
        )
        return ""

    def optional_text(self, value: object, path: str) -> str | None:
        """Return a string that may be absent."""
        return None if value is None else self.text(value, path)

    def request(self, value: object, options: Mapping[str, object]) -> Request:
        """Read the request, with the facts about its caller that are among the options."""
        if value is None:
            self.add_fault("request", Message("missing"))
            return Request(ANONYMOUS, "", "")
        request = self.members(value, "request")
        principal = self.text(request.get("principal"), "request.principal")
        if not may_be_principal(principal):
            self.faults += no_principal(principal).faults if principal else ()
            principal = ANONYMOUS
        return Request(
            principal=principal,
            action=self.text(request.get("action"), "request.action"),
            resource=self.first_resource(request),
            context=self.context(request.get("context")),
            resource_account=self.optional_text(
                request.get("resourceAccount"), "request.resourceAccount"
            ),
            management_account=options.get("managementAccount") is True,
            service_linked_role=options.get("serviceLinkedRole") is True,
            federated_by=self.optional_text(request.get("federatedBy"), "request.federatedBy"),
            canonical_user=self.optional_text(
                request.get("canonicalUser"), "request.canonicalUser"
            ),
        )

    def first_resource(self, request: Mapping[str, object]) -> str:
        """Return the resource, or the first of several."""
        listed = request.get("resources")
        if not isinstance(listed, list) or not listed:
            return self.text(request.get("resource"), "request.resource")
        first = listed[0]
        own = first.get("resource") if isinstance(first, Mapping) else first
        return own if isinstance(own, str) and len(own) <= _MOST_CHARACTERS else ""

    def context(self, value: object, where: str = "request.context") -> Context:
        """Read the request context; one key in two spellings is a fault."""
        values: dict[str, ContextValue] = {}
        spelled: set[str] = set()
        for key, member in self.members(value, where).items():
            path = _under(where, key)
            if key.lower() in spelled:
                self.add_fault(
                    path,
                    Message("the key is given twice, in different case"),
                    Code.REQUEST_BAD_VALUE,
                )
                continue
            spelled.add(key.lower())
            if isinstance(member, list):
                each = enumerate(member)
                values[key] = tuple(self.scalar(one, f"{path}[{index}]") for index, one in each)
            else:
                values[key] = self.scalar(member, path)
        return Context(values)

    def scalar(self, value: object, path: str) -> str:
        """Return a context value as text; booleans and numbers become their text."""
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, str | int | float):
            return self.short(str(value), path)
        self.add_fault(
            path, Message("expected a string, a number, true or false"), Code.REQUEST_BAD_VALUE
        )
        return ""

    def policies(self, value: object, kind: object, request: Request) -> Policies:
        """Read the policies of every kind; `kind` is that of the resource's own."""
        given = self.members(value, "policies")
        trust, resource, of_kind = self.resource_policies(given.get("resource"), kind, request)
        return Policies(
            identity=self.documents_at(given.get("identity"), "identity", PolicyKind.IDENTITY)
            or (),
            boundaries=self.documents_at(
                given.get("boundaries"), "boundaries", PolicyKind.BOUNDARY
            ),
            session=self.one_or_more(given.get("session"), "session", PolicyKind.SESSION),
            trust=trust,
            resource=resource,
            resource_kind=of_kind,
            scps=self.levels(given.get("scps"), "scps", PolicyKind.SCP),
            rcps=self.levels(given.get("rcps"), "rcps", PolicyKind.RCP),
            vpc_endpoint=self.one_or_more(
                given.get("vpcEndpoint"), "vpcEndpoint", PolicyKind.VPC_ENDPOINT
            ),
        )

    def resource_policies(
        self, value: object, kind: object, request: Request
    ) -> tuple[AttachedPolicy | None, AttachedPolicy | None, ResourcePolicyKind | None]:
        """Read the resource's own policy: a trust policy, or another with its kind.

        The kind `other` leaves it to the resource's ARN whether that is a KMS key.
        """
        if kind is not None and kind not in _RESOURCE_KINDS:
            self.add_fault("options.resourceKind", _one_of(_RESOURCE_KINDS))
        if value is None:
            return None, None, None
        if kind == "trust" or (kind is None and assumes_role(request)):
            return self.document(value, "resource", PolicyKind.TRUST), None, None
        policy = self.document(value, "resource", PolicyKind.RESOURCE)
        return None, policy, ResourcePolicyKind.KMS if kind == ResourcePolicyKind.KMS else None

    def levels(self, value: object, name: str, kind: PolicyKind) -> tuple[Level, ...]:
        """Read the levels of an organisation; null or an empty list is no organisation."""
        if value is None:
            return ()
        if not isinstance(value, list):
            self.add_fault(f"policies.{name}", Message("expected a list of levels"))
            return ()
        return tuple(self.level(one, f"{name}[{n}]", kind) for n, one in enumerate(value))

    def level(self, value: object, name: str, kind: PolicyKind) -> Level:
        """Read one level and the policies that are attached to it."""
        path = f"policies.{name}"
        level = self.members(value, path)
        self.reject_unknown_keys(level, _LEVEL, path)
        title = self.text(level.get("level"), f"{path}.level")
        attached = self.documents_at(level.get("policies"), f"{name}.policies", kind)
        if attached is None:
            self.add_fault(f"{path}.policies", Message("missing"))
        return Level(title, attached or ())

    def one_or_more(
        self, value: object, name: str, kind: PolicyKind
    ) -> tuple[AttachedPolicy, ...] | None:
        """Return one document or a list of documents; None if it is absent."""
        if not isinstance(value, Mapping):
            return self.documents_at(value, name, kind)
        one = self.document(value, name, kind)
        return (one,) if one else ()

    def documents_at(
        self, value: object, name: str, kind: PolicyKind
    ) -> tuple[AttachedPolicy, ...] | None:
        """Return a list of documents; None if it is absent."""
        if value is None:
            return None
        if not isinstance(value, list):
            self.add_fault(f"policies.{name}", Message("expected a list of policy documents"))
            return None
        found = (self.document(one, f"{name}[{n}]", kind) for n, one in enumerate(value))
        return tuple(policy for policy in found if policy)

    def document(self, value: object, name: str, kind: PolicyKind) -> AttachedPolicy | None:
        """Read one document; its faults are noted as the request's."""
        try:
            return AttachedPolicy(name, self.documents.parsed(value, kind))
        except FaultyPolicy as error:
            for fault in error.faults:
                path = ".".join(filter(None, ("policies", name, fault.path)))
                self.faults.append(Fault(fault.code, fault.message, path, fix=fault.fix))
            return None

    def assumptions(self, options: Mapping[str, object]) -> Assumptions:
        """Read the assumptions by name; other options are read elsewhere."""
        settings: dict[str, Any] = {}
        for name, value in options.items():
            path = _under("options", name)
            if name in _FLAGS:
                if value is not None and not isinstance(value, bool):
                    self.add_fault(path, Message("expected true or false"))
            elif name not in _OPTIONS:
                message = _assumption_fault(name, value, ASSUMPTIONS)
                if message:
                    self.add_fault(path, message)
                else:
                    settings[name] = type(ASSUMPTIONS[name])(value)
        return Assumptions(**settings)


def _under(path: str, name: str) -> str:
    """Return the path of a member; its name may contain any characters."""
    return ".".join(filter(None, (path, quoted(name)[1:-1])))
