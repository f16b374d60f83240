"""The visual side of the policy editor: the policy as the console groups it, and small changes.

A statement is shown by services and access levels, with its resources and request conditions, as
it was typed. What this view does not edit is named. JSON stays the editor: a change reads it, adds
or removes one statement, and lays the whole out anew, as the console does, in the text that both
sides share.

Source: IAM User Guide, "Creating policies with the visual editor"; for the condition "MFA required"
AWS's page on condition keys.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from http import HTTPStatus
from typing import Any

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from sekisho import catalogue, policy
from sekisho.audit import SEVERITIES
from sekisho.catalogue import AccessLevel, Action
from sekisho.errors import FaultyPolicy
from sekisho.lazy import dataclass
from sekisho.messages import Message
from sekisho.policy import Document, Effect, Statement
from sekisho.web.browsers import FlashKind
from sekisho.web.console.policy_editor import (
    Wizard,
    creation_wizard,
    edit_wizard,
    editor,
    problem_count,
    typed_document,
)
from sekisho.web.console.policy_text import LONGEST, check_text
from sekisho.web.console.session import changed_elsewhere, mark_of, signed_in
from sekisho.web.site import flash, see_other, text

SCREEN = Blueprint("visual_editor", __name__)

_LIST = "/iam/policies"


@dataclass(frozen=True, slots=True)
class _Addition:
    """The choices in the form about a new statement.

    Attributes:
        service: its prefix; "" if none is chosen.
        actions: names that the service has.
        resources: ARNs, one for each line that was typed.
        all_resources: whether all resources are meant.
    """

    service: str = ""
    actions: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    all_resources: bool = True
    denies: bool = False
    mfa: bool = False

    @property
    def fault(self) -> Message | None:
        """The fault of the form, or None."""
        if not self.actions:
            return text("visual.no_action")
        if not self.all_resources and not self.resources:
            return text("visual.no_resource")
        return None


@SCREEN.route("/iam/policies/create/visual", methods=["GET", "POST"])
@signed_in
def create() -> ResponseReturnValue:
    """Show the new policy, and change it."""
    return _answer(creation_wizard())


@SCREEN.route("/iam/policy/edit/visual", methods=["GET", "POST"])
@signed_in
def edit() -> ResponseReturnValue:
    """Show the text of a new version, and change it."""
    wizard = edit_wizard()
    return _answer(wizard) if wizard.arn else see_other(_LIST)


def _answer(wizard: Wizard) -> ResponseReturnValue:
    document = typed_document(wizard)
    if request.method == "GET":
        return _page(wizard, document, _Addition(_service(request.args.get("service", ""))))
    if changed_elsewhere({"document": document}):
        return wizard.see(wizard.visual)
    asked = request.form.get("do", "")
    if asked.startswith("remove-"):
        return _remove_statement(wizard, document, asked.removeprefix("remove-"))
    if asked == "add":
        return _add_statement(wizard, document)
    wizard.keep(wizard.path, {"document": document})
    if check_text(document).refused:
        return editor(wizard, document, tried=True), HTTPStatus.UNPROCESSABLE_ENTITY
    return wizard.to(wizard.review)


def _remove_statement(wizard: Wizard, document: str, number: str) -> ResponseReturnValue:
    """Remove a statement."""
    if shown_policy(document).unread is None and number.isascii() and number.isdigit():
        wizard.keep(wizard.path, {"document": without_statement(document, int(number))})
        flash(FlashKind.SUCCESS, text("visual.removed", number=number))
    return wizard.see(wizard.visual)


def _add_statement(wizard: Wizard, document: str) -> ResponseReturnValue:
    """Add a statement; what cannot be added is shown again as it was typed."""
    wanted = _sent_form()
    fault = wanted.fault
    if fault is not None:
        return _page(wizard, document, wanted, fault), HTTPStatus.UNPROCESSABLE_ENTITY
    if shown_policy(document).unread is None:
        statement = new_statement(
            wanted.service,
            wanted.actions,
            () if wanted.all_resources else wanted.resources,
            denies=wanted.denies,
            mfa=wanted.mfa,
        )
        wizard.keep(wizard.path, {"document": with_statement(document, statement)})
        flash(FlashKind.SUCCESS, text("visual.added"))
    return wizard.see(wizard.visual)


def _sent_form() -> _Addition:
    """Return the addition in the form; a level or a whole service stands for its actions."""
    service = _service(request.form.get("service", ""))
    levels = actions_by_level(service)
    every = [name for names in levels.values() for name in names]
    chosen = set(request.form.getlist("action"))
    for level, names in levels.items():
        if level.en in request.form.getlist("level"):
            chosen.update(names)
    lines = request.form.get("resources", "").splitlines()
    return _Addition(
        service,
        tuple(every if request.form.get("every") else [name for name in every if name in chosen]),
        tuple(each.strip() for each in lines if each.strip()),
        request.form.get("which", "all") == "all",
        bool(request.form.get("denies")),
        bool(request.form.get("mfa")),
    )


def _service(prefix: str) -> str:
    return prefix if prefix in catalogue.load().services() else ""


def _page(wizard: Wizard, document: str, wanted: _Addition, fault: Message | None = None) -> str:
    known, found = catalogue.load(), check_text(document)
    services = [(known.service_name(each) or each, each) for each in known.services()]
    return render_template(
        "visual_editor.html",
        navigation=_LIST,
        wizard=wizard,
        shown=shown_policy(document),
        mark=mark_of({"document": document}),
        found=found,
        count=problem_count(found),
        severities=SEVERITIES,
        services=sorted(services, key=lambda each: each[0].casefold()),
        wanted=wanted,
        service_name=known.service_name(wanted.service) or "",
        levels=actions_by_level(wanted.service),
        fault=fault,
    )


_KEPT = 64
_SID = "VisualEditor"
_MFA_REQUIRED = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}}
"""What the console writes. In an Allow it lets long-term access keys in: lint says so beside it."""
_EMPTY = {"Sid": "Statement1", "Effect": "Allow", "Action": [], "Resource": []}
"""What the console's editor begins with: IAM takes no policy without a statement."""


@dataclass(frozen=True, slots=True)
class ShownLevel:
    """The actions of one access level that a statement names.

    Attributes:
        of: how many the service has of this level.
    """

    level: Message
    names: tuple[str, ...]
    of: int


@dataclass(frozen=True, slots=True)
class ShownService:
    """A service that a statement is about."""

    prefix: str
    name: str
    levels: tuple[ShownLevel, ...]


@dataclass(frozen=True, slots=True)
class ShownStatement:
    """A statement.

    Attributes:
        number: its place, from 1.
        others: actions as they were typed that are of no single service that AWS has.
        conditions: operator, key and values.
        left: elements that this view does not edit, like `NotAction`.
    """

    number: int
    sid: str
    effect: Effect
    services: tuple[ShownService, ...]
    others: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: tuple[tuple[str, str, str], ...]
    left: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ShownPolicy:
    """A policy; `unread` says why it is not shown, or is None."""

    statements: tuple[ShownStatement, ...] = ()
    unread: Message | None = None


@lru_cache(maxsize=_KEPT)
def shown_policy(document: str) -> ShownPolicy:
    """Return the visual side of a text."""
    if policy.size(document) > LONGEST:
        return ShownPolicy(unread=text("visual.too_long", most=LONGEST))
    try:
        read = policy.parse(document, source="policy")
    except FaultyPolicy as error:
        return ShownPolicy(unread=error.reason)
    if read.comments or not _is_json(document):
        return ShownPolicy(unread=text("visual.comments"))
    return ShownPolicy(tuple(map(_show_statement, _filled_statements(read))))


def _is_json(document: str) -> bool:
    try:
        json.loads(document)
    except (ValueError, RecursionError):
        return False
    return True


def _filled_statements(document: Document) -> Iterator[Statement]:
    """Yield the statements without the empty one that the editor begins with."""
    return (each for each in document.statements if not _is_empty(each))


def _is_empty(statement: Statement) -> bool:
    action, resource = statement.action, statement.resource
    nothing = not action.values and not action.negated
    return nothing and (resource is None or not resource.values) and not statement.conditions


def _show_statement(statement: Statement) -> ShownStatement:
    known = catalogue.load()
    named: dict[str, dict[str, Action]] = {}
    others = []
    for pattern in () if statement.action.negated else statement.action.values:
        prefix = pattern.partition(":")[0].lower()
        actions = known.expand(pattern) if known.service_name(prefix) else ()
        if not actions:
            others.append(pattern)
        named.setdefault(prefix, {}).update((each.name, each) for each in actions)
    resource = statement.resource
    return ShownStatement(
        number=statement.index + 1,
        sid=statement.sid or "",
        effect=statement.effect,
        services=tuple(_shown_service(prefix, of.values()) for prefix, of in named.items() if of),
        others=tuple(others),
        resources=() if resource is None or resource.negated else resource.values,
        conditions=tuple(
            (str(each.operator), each.key, ", ".join(each.values)) for each in statement.conditions
        ),
        left=tuple(_unedited_elements(statement)),
    )


def _shown_service(prefix: str, actions: Iterable[Action]) -> ShownService:
    known = catalogue.load()
    of_level: dict[AccessLevel, list[str]] = {}
    for each in actions:
        of_level.setdefault(each.level, []).append(each.name)
    return ShownService(
        prefix,
        known.service_name(prefix) or prefix,
        tuple(
            ShownLevel(
                policy.LEVELS[level],
                tuple(sorted(of_level[level])),
                sum(each.level is level for each in known.actions(prefix)),
            )
            for level in policy.LEVELS
            if level in of_level
        ),
    )


def _unedited_elements(statement: Statement) -> Iterator[str]:
    """Yield the elements that are shown as they are and not edited here."""
    if statement.action.negated:
        yield f"NotAction: {', '.join(statement.action.values)}"
    if statement.resource is not None and statement.resource.negated:
        yield f"NotResource: {', '.join(statement.resource.values)}"
    if statement.principal is not None:
        yield "NotPrincipal" if statement.principal.negated else "Principal"
    for each in statement.empty:
        yield f"Condition: {each.operator}"


def actions_by_level(prefix: str) -> Mapping[Message, tuple[str, ...]]:
    """Return the names of a service's actions by access level; empty if there is no such one."""
    actions = catalogue.load().actions(prefix)
    return {
        word: names
        for level, word in policy.LEVELS.items()
        if (names := tuple(each.name for each in actions if each.level is level))
    }


def new_statement(
    prefix: str, names: Iterable[str], resources: Iterable[str], *, denies: bool, mfa: bool
) -> dict[str, Any]:
    """Return a statement as the console's visual editor writes it, still without a Sid.

    Args:
        prefix: the service's.
        names: of its actions; all of them are written `*`.
        resources: ARNs; none: all resources.
        denies: whether it is a Deny.
        mfa: whether the request condition "MFA required" is set.
    """
    chosen = sorted(set(names))
    whole = len(chosen) == len(catalogue.load().actions(prefix))
    actions = [f"{prefix}:*"] if whole else [f"{prefix}:{each}" for each in chosen]
    return {
        "Effect": "Deny" if denies else "Allow",
        "Action": _scalar(actions),
        "Resource": _scalar(list(resources) or ["*"]),
        **({"Condition": _MFA_REQUIRED} if mfa else {}),
    }


def with_statement(document: str, statement: Mapping[str, Any]) -> str:
    """Return a text with one statement more, at its end; the empty one of the beginning is gone."""
    read, statements = _load_json(document)
    filled = {each.index for each in _filled_statements(policy.parse(document, source="policy"))}
    kept = [each for index, each in enumerate(statements) if index in filled]
    used = {each.get("Sid") for each in kept}
    sid = next(name for number in range(len(kept) + 1) if (name := f"{_SID}{number}") not in used)
    return _dump_json({**read, "Statement": [*kept, {"Sid": sid, **statement}]})


def without_statement(document: str, number: int) -> str:
    """Return a text without a statement, by its number; an empty one takes the last one's place."""
    read, statements = _load_json(document)
    kept = [each for index, each in enumerate(statements, 1) if index != number]
    return _dump_json({**read, "Statement": kept or [_EMPTY]})


def _load_json(document: str) -> tuple[dict[str, Any], list[Any]]:
    """Return a policy's JSON and its statements, of which a single one needs no list."""
    read: dict[str, Any] = json.loads(document)
    found = read.get("Statement", [])
    return read, found if isinstance(found, list) else [found]


def _dump_json(read: Mapping[str, Any]) -> str:
    return json.dumps(read, indent=4, ensure_ascii=False)


def _scalar(values: list[str]) -> str | list[str]:
    return values[0] if len(values) == 1 else values
