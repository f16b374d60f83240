"""What the options of `sekisho decide` ask; everything that is wrong with them is told at once."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sekisho.cli.options import assumptions_of, pair
from sekisho.cli.policy_files import read_attached, refuse_stdin_twice
from sekisho.engine import (
    Assumptions,
    AttachedPolicy,
    Context,
    ContextValue,
    Level,
    Policies,
    Request,
)
from sekisho.engine.authorize import checked
from sekisho.engine.wellformed import check_policies, request_faults
from sekisho.errors import FaultyRequest, SekishoError, SeveralErrors, UsageError
from sekisho.policy import PolicyKind

__all__ = ["Asked", "asked"]

_NEEDED = ("principal", "action", "resource")
_JSON_LOOKS = ("[", '"')


@dataclass(frozen=True, slots=True)
class Asked:
    """A request to decide, under what policies and with which assumptions."""

    request: Request
    policies: Policies
    assumptions: Assumptions


def asked(given: dict[str, Any]) -> Asked:
    """Return what the options ask.

    Raises:
        SekishoError: with all that is wrong with the options and their files.
    """
    reader = _Reader(given)
    request, policies = reader.request(), reader.policies()
    if not reader.errors:
        with reader.noted():
            # whether these policies can apply to this caller
            checked(request, policies)
    found = Asked(request, policies, reader.assumptions())
    if len(reader.errors) > 1:
        raise SeveralErrors(reader.errors)
    if reader.errors:
        raise reader.errors[0]
    return found


class _Reader:
    """Options being read; errors are noted and reading goes on."""

    def __init__(self, given: dict[str, Any]) -> None:
        self.given = given
        self.errors: list[SekishoError] = []
        self.stdin: list[str] = []

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Note an error of what is done inside."""
        try:
            yield
        except SekishoError as error:
            self.errors.append(error)

    def request(self) -> Request:
        """Read the request."""
        given = self.given
        missing = [name for name in _NEEDED if given[name] is None]
        if missing:
            names = ", ".join(f"`--{name}`" for name in missing)
            fix = "give one request, or `--batch`"
            self.errors.append(UsageError(f"missing {names}", fix=fix))
        request = Request(
            given["principal"] or "",
            given["action"] or "",
            given["resource"] or "",
            self.context(),
            given["resource_account"],
            management_account=given["management_account"],
            service_linked_role=given["service_linked_role"],
            federated_by=given["federated_by"],
        )
        absent = [f"request.{name}" for name in missing]
        faults = [fault for fault in request_faults(request) if fault.path not in absent]
        if faults:
            self.errors.append(FaultyRequest("request", faults))
        return request

    def context(self) -> Context:
        """Read the request context; a key that is repeated has all its values."""
        values: dict[str, ContextValue] = {}
        spelled: dict[str, str] = {}
        for text in self.given["contexts"]:
            with self.noted():
                key, value = pair("--context", "KEY=VALUE", text)
                name = spelled.setdefault(key.lower(), key)
                read = _value(text, value)
                values[name] = (*_each(values[name]), *_each(read)) if name in values else read
        return Context(values)

    def policies(self) -> Policies:
        """Read the policies of every kind."""
        return Policies(
            identity=self.read("identity", PolicyKind.IDENTITY),
            boundaries=self.read("boundary", PolicyKind.BOUNDARY) or None,
            session=self.read("session", PolicyKind.SESSION) or None,
            trust=next(iter(self.read("trust", PolicyKind.TRUST)), None),
            resource=next(iter(self.read("resource_policy", PolicyKind.RESOURCE)), None),
            scps=self.levels("scp", PolicyKind.SCP),
            rcps=self.levels("rcp", PolicyKind.RCP),
            vpc_endpoint=self.read("vpc_endpoint", PolicyKind.VPC_ENDPOINT) or None,
        )

    def read(self, name: str, kind: PolicyKind) -> tuple[AttachedPolicy, ...]:
        """Read the policies of one option."""
        return tuple(one for path in _paths(self.given[name]) for one in self.file(path, kind))

    def file(self, path: str, kind: PolicyKind) -> tuple[AttachedPolicy, ...]:
        """Read one policy, and what is wrong with it whoever asks."""
        attached: tuple[AttachedPolicy, ...] = ()
        with self.noted():
            self.stdin += [path] if path == "-" else []
            refuse_stdin_twice(self.stdin)
            attached = read_attached((path,), kind)
            check_policies(kind, attached)
        return attached

    def levels(self, name: str, kind: PolicyKind) -> tuple[Level, ...]:
        """Read the levels in the order in which they are first named."""
        levels: dict[str, tuple[AttachedPolicy, ...]] = {}
        for text in self.given[f"{name}s"]:
            with self.noted():
                level, path = pair(f"--{name}", "LEVEL=FILE", text)
                levels[level] = (*levels.get(level, ()), *self.file(path, kind))
        return tuple(Level(level, attached) for level, attached in levels.items())

    def assumptions(self) -> Assumptions:
        """Read the assumptions."""
        try:
            return assumptions_of(self.given["assumptions"])
        except SekishoError as error:
            self.errors.append(error)
            return Assumptions()


def _paths(value: str | tuple[str, ...] | None) -> tuple[str, ...]:
    """Return the files of an option, which may be given once or more often."""
    if isinstance(value, tuple):
        return value
    return () if value is None else (value,)


def _value(text: str, value: str) -> ContextValue:
    """Return a value of a context key: what looks like JSON is JSON, a list or a text."""
    if not value.startswith(_JSON_LOOKS):
        return value
    try:
        read = json.loads(value)
    except (ValueError, RecursionError):
        read = None
    if isinstance(read, str):
        return read
    if isinstance(read, list) and all(isinstance(one, str) for one in read):
        return tuple(read)
    raise UsageError(
        f'`--context {text}`: a value that begins with `[` or `"` is JSON, and this is neither a '
        "list of texts nor a text",
        fix='write a list as `KEY=["a", "b"]`, and a text that begins so as `KEY="[a"`',
    )


def _each(value: ContextValue) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)
