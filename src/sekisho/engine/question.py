"""Reading one question of the exchange form, with every fault in it named at once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

from sekisho.engine.documents import Documents
from sekisho.engine.model import (
    AttachedPolicy,
    Context,
    ContextValue,
    Policies,
    Request,
    Switches,
)
from sekisho.errors import Code, Fault, FaultyPolicy, FaultyRequest, Unsupported
from sekisho.policy import PolicyKind
from sekisho.policy.faults import quoted

__all__ = ["Question", "read_question", "switches_from_text"]


@dataclass(frozen=True, slots=True)
class Question:
    """A request to decide, under what policies and with which switches.

    Attributes:
        id: handed back with the answer.
    """

    id: str | int | float
    request: Request
    policies: Policies
    switches: Switches


def read_question(value: Mapping[str, object], documents: Documents) -> Question:
    """Return the question that decoded JSON holds.

    Raises:
        FaultyRequest: with every fault of the request and of the policies in it.
        Unsupported: if it needs a kind of policy that is not decided yet.
    """
    reader = _Reader(documents)
    question = reader.question(value)
    if reader.faults:
        raise FaultyRequest("request", reader.faults)
    if reader.unsupported:
        raise reader.unsupported[0]
    return question


_UNDECIDED = {
    "scps": PolicyKind.SCP,
    "rcps": PolicyKind.RCP,
    "vpcEndpoint": PolicyKind.VPC_ENDPOINT,
}
_NAMES = {
    "": ("id", "request", "policies", "options"),
    "request": ("principal", "action", "resource", "resourceAccount", "context"),
    "policies": ("identity", "resource", "session", "boundaries", *_UNDECIDED),
}
_FLAGS = ("managementAccount", "serviceLinkedRole")
_DEFAULTS = Switches()
_SWITCHES: Mapping[str, object] = {
    field.name: getattr(_DEFAULTS, field.name) for field in fields(Switches)
}


def switches_from_text(texts: Mapping[str, str]) -> Switches:
    """Return the switches that are set by name and text, as a command line gives them.

    Raises:
        FaultyRequest: with every name that is no switch and every setting that it has not.
    """
    values: dict[str, Any] = {
        name: {"true": True, "false": False}.get(text, text) for name, text in texts.items()
    }
    faults = [
        Fault(Code.UNSUPPORTED_OPTION, message, name)
        for name, value in values.items()
        if (message := _switch_fault(name, value))
    ]
    if faults:
        raise FaultyRequest("switches", faults)
    return Switches(**{name: _setting(name)(value) for name, value in values.items()})


def _switch_fault(name: str, value: object) -> str:
    """Return what is wrong with a switch and its setting, or ""."""
    if name not in _SWITCHES:
        return f"no such switch; there are {', '.join(_SWITCHES)}"
    default = _SWITCHES[name]
    if isinstance(default, bool):
        return "" if isinstance(value, bool) else "expected true or false"
    settings = [str(setting) for setting in type(default)] if isinstance(default, StrEnum) else []
    return "" if value in settings else f"expected one of {', '.join(settings)}"


def _setting(name: str) -> Callable[[object], Any]:
    """Return what turns the value of a switch into its setting."""
    return type(_SWITCHES[name])


class _Reader:
    """One question being read; faults are noted and reading goes on."""

    def __init__(self, documents: Documents) -> None:
        self.documents = documents
        self.faults: list[Fault] = []
        self.unsupported: list[Unsupported] = []

    def question(self, value: Mapping[str, object]) -> Question:
        """Read the whole."""
        self.members(value, "")
        identity = value.get("id")
        if isinstance(identity, bool) or not isinstance(identity, str | int | float):
            self.wrong("id", "expected a string or a number")
            identity = ""
        options = self.members(value.get("options"), "options")
        return Question(
            identity,
            self.request(value.get("request")),
            self.policies(value.get("policies"), options),
            self.switches(options),
        )

    def wrong(self, path: str, message: str, code: Code = Code.REQUEST_BAD_SHAPE) -> None:
        """Note a fault."""
        self.faults.append(Fault(code, message, path))

    def members(self, value: object, path: str) -> Mapping[str, object]:
        """Return the members of an object, of which none may be unknown; null has none."""
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            self.wrong(path, "expected an object")
            return {}
        for name in value:
            if path in _NAMES and name not in _NAMES[path]:
                where = _under(path, name)
                self.wrong(where, f"unknown key; there are {', '.join(_NAMES[path])}")
        return value

    def text(self, value: object, path: str) -> str:
        """Return a string that must be there."""
        if isinstance(value, str):
            return value
        self.wrong(path, "missing" if value is None else "expected a string")
        return ""

    def request(self, value: object) -> Request:
        """Read the request."""
        if value is None:
            self.wrong("request", "missing")
            return Request("", "", "")
        request = self.members(value, "request")
        account = request.get("resourceAccount")
        return Request(
            principal=self.text(request.get("principal"), "request.principal"),
            action=self.text(request.get("action"), "request.action"),
            resource=self.text(request.get("resource"), "request.resource"),
            context=self.context(request.get("context")),
            resource_account=(
                None if account is None else self.text(account, "request.resourceAccount")
            ),
        )

    def context(self, value: object) -> Context:
        """Read the request context; one key in two spellings is a fault."""
        values: dict[str, ContextValue] = {}
        spelled: set[str] = set()
        for key, member in self.members(value, "request.context").items():
            path = _under("request.context", key)
            if key.lower() in spelled:
                self.wrong(path, "the key stands twice, in different case", Code.REQUEST_BAD_VALUE)
                continue
            spelled.add(key.lower())
            if isinstance(member, list):
                each = enumerate(member)
                values[key] = tuple(self.scalar(one, f"{path}[{index}]") for index, one in each)
            else:
                values[key] = self.scalar(member, path)
        return Context(values)

    def scalar(self, value: object, path: str) -> str:
        """Return a context value as text: numbers and booleans count as theirs."""
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, str | int | float):
            return str(value)
        self.wrong(path, "expected a string, a number, true or false", Code.REQUEST_BAD_VALUE)
        return ""

    def policies(self, value: object, options: Mapping[str, object]) -> Policies:
        """Read the policies; the kinds that are not decided yet are refused by name."""
        policies = self.members(value, "policies")
        for name, kind in _UNDECIDED.items():
            self.refuse_undecided(policies.get(name), name, kind)
        session = policies.get("session")
        if isinstance(session, Mapping):
            one = self.document(session, "session", PolicyKind.SESSION)
            sessions: tuple[AttachedPolicy, ...] | None = (one,) if one else ()
        else:
            sessions = self.documents_at(session, "session", PolicyKind.SESSION)
        return Policies(
            identity=self.documents_at(policies.get("identity"), "identity", PolicyKind.IDENTITY)
            or (),
            boundaries=self.documents_at(
                policies.get("boundaries"), "boundaries", PolicyKind.BOUNDARY
            ),
            session=sessions,
            trust=self.trust(policies.get("resource"), options),
        )

    def refuse_undecided(self, value: object, name: str, kind: PolicyKind) -> None:
        """Refuse policies of a kind that is not decided yet; an empty hierarchy is none."""
        path = f"policies.{name}"
        if value is None:
            return
        if not isinstance(value, list):
            self.wrong(path, "expected a list")
        elif value or kind is PolicyKind.VPC_ENDPOINT:
            self.unsupported.append(_undecided(kind.value, path))

    def trust(self, value: object, options: Mapping[str, object]) -> AttachedPolicy | None:
        """Read the resource-based policy, of which only a role trust policy is decided yet."""
        kind = options.get("resourceKind")
        if kind is not None and not isinstance(kind, str):
            self.wrong("options.resourceKind", "expected a string")
        elif value is not None and kind != "trust":
            name = PolicyKind.RESOURCE.value + (f" of the kind {quoted(kind)}" if kind else "")
            self.unsupported.append(_undecided(name, "policies.resource"))
        elif value is not None:
            return self.document(value, "resource", PolicyKind.TRUST)
        return None

    def documents_at(
        self, value: object, name: str, kind: PolicyKind
    ) -> tuple[AttachedPolicy, ...] | None:
        """Read a list of documents; None if there is none."""
        if value is None:
            return None
        if not isinstance(value, list):
            self.wrong(f"policies.{name}", "expected a list of policy documents")
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
                self.faults.append(Fault(fault.code, fault.message, path, cure=fault.cure))
            return None

    def switches(self, options: Mapping[str, object]) -> Switches:
        """Read the switches, by name, and the two flags that only concern undecided kinds."""
        settings: dict[str, Any] = {}
        for name, value in options.items():
            path = _under("options", name)
            if name in _FLAGS:
                if value is not None and not isinstance(value, bool):
                    self.wrong(path, "expected true or false")
            elif name != "resourceKind":
                message = _switch_fault(name, value)
                if message:
                    self.wrong(path, message)
                else:
                    settings[name] = _setting(name)(value)
        return Switches(**settings)


def _under(path: str, name: str) -> str:
    """Return the path of a member, whose name may be anything."""
    return ".".join(filter(None, (path, quoted(name)[1:-1])))


def _undecided(name: str, path: str) -> Unsupported:
    return Unsupported(f"a {name} is not decided yet", code=Code.UNSUPPORTED_POLICY_TYPE, at=path)
