"""Access Analyzer's policy checks that need no account: versions, variables, actions, lists.

The names are AWS's own. Source: IAM User Guide, "Access Analyzer policy check reference". What IAM
accepts beyond its documented grammar was recorded from AWS (tests/data/aws-recorded).
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from sekisho.audit.finding import Finding, FindingId, found, place_in
from sekisho.audit.lint.conditions import condition_checks
from sekisho.audit.lint.model import Attachment
from sekisho.audit.lint.refused_by_iam import VENDOR
from sekisho.audit.lint.spelling import Speller
from sekisho.errors import quoted
from sekisho.messages import Message
from sekisho.policy import Document, Effect, PolicyKind, Statement, Version, to_json

_ARN_PARTS = 6
_ACCOUNT_DIGITS = 12
_WITH_ID = frozenset({PolicyKind.TRUST, PolicyKind.RESOURCE})
_MOST_PATTERNS = 600
"""The most action patterns that are looked up; IAM accepts no policy with more."""


def analyzer_checks(
    document: Document, attachment: Attachment, speller: Speller
) -> Iterator[Finding]:
    """Yield the findings that Access Analyzer would report about a document."""
    yield from _version(document, attachment)
    if document.id is not None and attachment.kind not in _WITH_ID:
        written = f'`"Id": "{quoted(document.id)[1:-1]}"`'
        yield found(FindingId.UNEXPECTED_ID, place_in(document, None, path="Id"), written)
    seen: dict[str, int] = {}
    for statement in document.statements:
        yield from _actions(document, statement, speller)
        yield from _elements(document, statement)
        yield from _lists(document, statement)
        yield from condition_checks(document, statement, speller)
        said = _without_sid(statement)
        if (first := seen.setdefault(said, statement.index)) != statement.index:
            fact = Message("the same as statement {first}").filled(first=first + 1)
            yield found(FindingId.REDUNDANT_STATEMENT, place_in(document, statement), fact)


def _without_sid(statement: Statement) -> str:
    """Return a text of a statement without its Sid, to compare statements."""
    return repr(to_json(Document((replace(statement, sid=None),))))


_MOST_STEMS = 60
_SHOWN = 5


def _version(document: Document, attachment: Attachment) -> Iterator[Finding]:
    if document.version is Version.V2012:
        return
    if document.version is None and not attachment.managed:
        yield found(
            FindingId.MISSING_VERSION,
            place_in(document, None),
            Message("no `Version`"),
        )
    for statement in document.statements:
        for path, value in _values(statement):
            if "${" in value:
                shown = quoted(value)
                fact = Message("{path}: {shown} is literal text, not a variable").filled(
                    path=path, shown=shown
                )
                yield found(
                    FindingId.VARIABLE_IN_VERSION, place_in(document, statement, path=path), fact
                )
                return  # one is enough: the fix is one line at the top


def _values(statement: Statement) -> Iterator[tuple[str, str]]:
    for value in statement.resource.values if statement.resource else ():
        yield "Resource", value
    for condition in statement.conditions:
        for value in condition.values:
            yield f"Condition.{condition.operator}.{quoted(condition.key)[1:-1]}", value


def _actions(document: Document, statement: Statement, speller: Speller) -> Iterator[Finding]:
    name = "NotAction" if statement.action.negated else "Action"
    position = statement.action.position
    for value in dict.fromkeys(statement.action.values[:_MOST_PATTERNS]):
        prefix = value.partition(":")[0]
        if set(value) <= set("*:"):
            continue
        if set("*?") & set(prefix):
            yield found(
                FindingId.WILDCARD_IN_SERVICE,
                place_in(document, statement, path=name, position=position),
                quoted(value),
            )
        elif not VENDOR.fullmatch(prefix):
            continue  # IAM itself refuses it
        elif not speller.is_service(prefix):
            near = speller.near_service(prefix)
            yield found(
                FindingId.INVALID_SERVICE,
                place_in(document, statement, path=name, position=position),
                quoted(value),
                _write(near),
            )
        elif not speller.is_action(value):
            yield found(
                FindingId.INVALID_ACTION,
                place_in(document, statement, path=name, position=position),
                quoted(value),
                _write(speller.near_action(value)),
            )


def _write(near: str) -> Message | None:
    return Message("Write `{near}`.").filled(near=near) if near else None


def _elements(document: Document, statement: Statement) -> Iterator[Finding]:
    yield from _misplaced_variables(document, statement)
    yield from _arns(document, statement)
    yield from _empty_conditions(document, statement)
    if statement.sid == "":
        yield found(FindingId.EMPTY_SID, place_in(document, statement, path="Sid"), '`"Sid": ""`')
    principal = statement.principal
    if principal and principal.negated and statement.effect is Effect.ALLOW:
        kinds = ", ".join(key.value for key, _ in principal.entries)
        fact = Message("`NotPrincipal` with {kinds}").filled(kinds=kinds)
        yield found(FindingId.ALLOW_NOT_PRINCIPAL, place_in(document, statement), fact)
    if _passes_roles(statement) and statement.resource and statement.resource.negated:
        shown = ", ".join(quoted(each) for each in statement.resource.values[:_SHOWN])
        place = place_in(document, statement, path="NotResource")
        yield found(FindingId.PASS_ROLE_NOT_RESOURCE, place, shown)
    elif _passes_roles(statement) and statement.resource and "*" in statement.resource.values:
        fact = Message("`iam:PassRole` on `*`")
        yield found(FindingId.PASS_ROLE_STAR, place_in(document, statement, path="Resource"), fact)


def _empty_conditions(document: Document, statement: Statement) -> Iterator[Finding]:
    for empty in statement.empty:
        fact, path = Message("`Condition` is empty"), "Condition"
        if empty.operator:
            operator = quoted(empty.operator)
            fact = Message("no condition key under {operator}").filled(operator=operator)
            path = f"Condition.{operator[1:-1]}"
        place = place_in(document, statement, path=path, position=empty.position)
        yield found(FindingId.EMPTY_OBJECT_CONDITION, place, fact)


def _misplaced_variables(document: Document, statement: Statement) -> Iterator[Finding]:
    """Yield variables in actions, and in the first five parts of ARNs."""
    elements = [("Action", statement.action, [(each, each) for each in statement.action.values])]
    if statement.resource is not None and document.version is Version.V2012:
        heads = [
            (value, ":".join(value.split(":", _ARN_PARTS - 1)[: _ARN_PARTS - 1]))
            for value in statement.resource.values
        ]
        elements.append(("Resource", statement.resource, heads))
    for name, element, values in elements:
        for value, part in values:
            if "${" in part:
                yield found(
                    FindingId.VARIABLE_IN_ELEMENT,
                    place_in(
                        document,
                        statement,
                        path=f"Not{name}" if element.negated else name,
                        position=element.position,
                    ),
                    quoted(value),
                )


def _arns(document: Document, statement: Statement) -> Iterator[Finding]:
    """Yield malformed ARNs, by Access Analyzer's rules."""
    resource = statement.resource
    for value in resource.values if resource else ():
        for name in _misshapen(value.split(":", _ARN_PARTS - 1)):
            place = place_in(
                document,
                statement,
                path="NotResource" if resource and resource.negated else "Resource",
                position=resource.position if resource else None,
            )
            yield found(name, place, quoted(value))


def _misshapen(parts: list[str]) -> Iterator[FindingId]:
    if parts[0] != "arn":
        return
    account = parts[4] if len(parts) == _ARN_PARTS else ""
    if account.isascii() and account.isdigit() and len(account) != _ACCOUNT_DIGITS:
        yield FindingId.INVALID_ARN_ACCOUNT
    if len(parts) < _ARN_PARTS and "*" not in parts[-1]:
        yield FindingId.MISSING_ARN_FIELD
    service = parts[2] if len(parts) > 2 else ""  # noqa: PLR2004 - arn:partition:service
    if service != service.lower() and "${" not in service:
        yield FindingId.ARN_SERVICE_CASE


def _passes_roles(statement: Statement) -> bool:
    if statement.effect is Effect.DENY or statement.action.negated or statement.conditions:
        return False
    return "iam:passrole" in {value.lower() for value in statement.action.values}


def _lists(document: Document, statement: Statement) -> Iterator[Finding]:
    action, resource = statement.action, statement.resource
    name = "NotAction" if action.negated else "Action"
    for value in _redundant([each.lower() for each in action.values]):
        yield found(
            FindingId.REDUNDANT_ACTION,
            place_in(document, statement, path=name, position=action.position),
            value,
        )
    if resource is not None:
        name = "NotResource" if resource.negated else "Resource"
        for value in _redundant(list(resource.values)):
            yield found(
                FindingId.REDUNDANT_RESOURCE,
                place_in(document, statement, path=name, position=resource.position),
                value,
            )


def _redundant(values: list[str]) -> Iterator[Message]:
    """Yield values that occur twice, or that a pattern with `*` at its end makes redundant."""
    for value, times in Counter(values).items():
        if times > 1:
            shown = quoted(value)
            yield Message("{shown} appears {times} times").filled(shown=shown, times=times)
    stems = {
        value[:-1] for value in values if value.endswith("*") and not set("*?") & set(value[:-1])
    }
    lengths = sorted({len(stem) for stem in stems})[:_MOST_STEMS]
    for value in dict.fromkeys(values[:_MOST_PATTERNS]):
        wider = next(
            (value[:n] for n in lengths if n < len(value.rstrip("*")) and value[:n] in stems), None
        )
        if wider is not None:
            one, other = quoted(value), quoted(f"{wider}*")
            yield Message("{one} in addition to {other}").filled(one=one, other=other)
