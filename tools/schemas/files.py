"""The JSON Schemas of what people write, with the texts that editors show; all schemas as text."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

from tools.schemas.accounts import accounts
from tools.schemas.answers import answers
from tools.schemas.notation import (
    DAY,
    FLAG,
    TEXT,
    TEXTS,
    Schema,
    an_object,
    by_name,
    described,
    listed,
    maybe,
    named,
    one_of,
    whole,
)

from sekisho.audit.exceptions import SCHEMA, ExceptionKind
from sekisho.policy import LONGEST_MFA_AGE, SHORTEST_MFA_AGE, Choices, Preset
from sekisho.rollout.goal.acceptance import DECISIONS, PROBLEMS, UNACCEPTABLE
from sekisho.rollout.goal.model import (
    DormantAction,
    EnforceWhen,
    KeyAge,
    Requirement,
    Untold,
)

_WIDTH = 100

_SAID: Schema = {"type": "string", "pattern": r"\S"}
_DAYS: Schema = {"type": "string", "pattern": "^[1-9][0-9]{0,3} days?$"}
_NAME: Schema = {"type": "string", "pattern": "^[A-Za-z0-9_+=,.@-]+$", "maxLength": 128}
_PATH: Schema = {"type": "string", "pattern": "^/([!-~]+/)?$", "maxLength": 512}
_TAGS = by_name(TEXT)


def _may_be_empty(members: Mapping[str, Schema]) -> dict[str, Schema]:
    """Return members that may be absent or, as a key in YAML without a value is, null."""
    return {f"{key}?": maybe(each) for key, each in members.items()}


def exceptions() -> Schema:
    """Return the schema of an exceptions file."""
    entry = an_object(
        {
            "user": described(_SAID, "The user's name, spelled as in IAM."),
            "kind": described(
                one_of(ExceptionKind),
                "`break-glass`, `machine`, or `exception` for anything else.",
            ),
            "why": described(_SAID, "Why MFA is not enforced for the user."),
            "owner": described(_SAID, "Who is responsible for the user."),
            "approvedBy": described(_SAID, "Who approved the exception."),
            "expires": described(DAY, "The last day on which it is valid, in UTC."),
            "ticket": described(_SAID, "Where the approval is recorded. Quote a number."),
            "force?": described(
                maybe(_SAID),
                "Only for a user with a console password: why the exception is granted anyway.",
            ),
        }
    )
    members = {"schema": {"const": SCHEMA}, "exceptions": listed(entry)}
    return whole("Users for whom MFA is not enforced", an_object(members))


def goal() -> Schema:
    """Return the schema of a goal file."""
    who = named("who", listed(_selector(), minItems=1))
    device = "The kind of device that everybody is to come to."
    members = {
        "policy": described(named("policyGoal", _policy()), "The policy that enforces MFA."),
        "group": described(
            {"anyOf": [_NAME, an_object({"name": _NAME, **_may_be_empty({"path": _PATH})})]},
            "The group that gets the policy; without it, users get it directly.",
        ),
        "timezone": described(TEXT, "Where days begin, like `Asia/Tokyo`; UTC by default."),
        "when": described(
            one_of(("at-once", "after-password-change")),
            "When MFA is enforced for somebody with a temporary password.",
        ),
        "enrolment": described(
            an_object(_may_be_empty(_naming())),
            "The policy for those who can enrol and are not enforced yet.",
        ),
        "afterEnrolment": described(
            an_object(
                {
                    "policy": {"$ref": "#/$defs/policyGoal"},
                    **_may_be_empty({"group": _NAME}),
                }
            ),
            "A stricter policy for those who have a device.",
        ),
        "require": described(one_of(Requirement), device),
        "replaces": described(TEXTS, "Policies that are detached where the new one is in place."),
        "who": described(who, "One wave that starts at once."),
        "waves": described(listed(_wave(who)), "Who is enforced from which day on."),
        "except": described(listed(_selector()), "Users who are left out, whatever selects them."),
        "breakGlass": described(TEXTS, "Emergency users: no plan changes them."),
        "accept": described(
            listed(_acceptance()), "Problems of a plan that are accepted, and why."
        ),
        "dormant": described(
            an_object({"after": _DAYS, **_may_be_empty({"do": one_of(DormantAction)})}),
            "People who have not signed in for so long, and what happens to them.",
        ),
        "keys": described(_keys(), "Access keys that grow old, and what happens to them."),
        "untold": described(
            one_of(Untold), "Whether somebody waits whose notice was not delivered."
        ),
    }
    both = {"not": {"required": ["who", "waves"]}}
    return whole("A goal of sekisho", {**an_object(_may_be_empty(members)), **both})


def _naming() -> dict[str, Schema]:
    return {
        "name": _NAME,
        "path": _PATH,
        "description": {"type": "string", "maxLength": 1000},
        "tags": _TAGS,
    }


def _policy() -> Schema:
    flags: dict[str, Schema] = {}
    for field in fields(Choices):
        if field.name != "partition":
            flags |= dict.fromkeys((field.name, field.name.replace("_", "-")), FLAG)
    age = {"type": "integer", "minimum": SHORTEST_MFA_AGE, "maximum": LONGEST_MFA_AGE}
    flags |= {"mfa_age": age, "mfa-age": age}
    members = {
        **_naming(),
        "preset": one_of(Preset),
        "choices": described(an_object(_may_be_empty(flags)), "What differs from the preset."),
        "file": described(TEXT, "A file that holds the policy, in place of a preset."),
    }
    of_file = [{"required": ["file", each]} for each in ("preset", "choices")]
    return {**an_object(_may_be_empty(members)), "not": {"anyOf": of_file}}


def _selector() -> Schema:
    held = listed(one_of(("password", "key", "device")))
    members = {
        "user?": described(TEXT, "A user's name."),
        "group?": described(TEXT, "The members of a group."),
        "path?": described(TEXT, "The users whose path begins so."),
        "tag?": described(TEXT, "`KEY` or `KEY=VALUE`."),
        "name?": described(TEXT, "A pattern with `*` and `?`."),
        "with?": described(held, "The users who have all of these."),
        "without?": described(held, "The users who have none of these."),
        "all?": described({"const": True}, "Everybody."),
    }
    return named("selector", an_object(members, minProperties=1))


def _wave(who: Schema) -> Schema:
    members = {
        "who": described(who, "The users of the wave, unless an earlier one has them."),
        "enrolFrom?": described(DAY, "From when on they can enrol."),
        "from?": described(DAY, "From when on MFA is enforced."),
        **_may_be_empty(
            {
                "name": TEXT,
                "enforce": described(
                    one_of(EnforceWhen), "On the wave's day, or once they have enrolled."
                ),
                "grace": described(_DAYS, "What newcomers have at least, like `14 days`."),
                "except": listed(_selector()),
            }
        ),
    }
    needs = {"enrolFrom": ["from"], "grace": ["enrolFrom"]}
    return {**an_object(members), "dependentRequired": needs}


def _acceptance() -> Schema:
    acceptable = one_of(sorted(PROBLEMS - UNACCEPTABLE))
    members = {"id": acceptable, "why": _SAID, **_may_be_empty({"user": TEXT})}
    by_user = {"required": ["user"], "properties": {"user": {"type": "string", "minLength": 1}}}
    decided = {"properties": {"id": one_of(sorted(DECISIONS))}, "required": ["id"]}
    return {**an_object(members), "if": decided, "then": by_user}


def _keys() -> Schema:
    days = {"warn": _DAYS, "disable?": _DAYS, "delete?": _DAYS}
    members = {**_may_be_empty({"by": one_of(KeyAge)}), **days}
    return {**an_object(members), "dependentRequired": {"delete": ["disable"]}}


def schemas() -> dict[str, str]:
    """Return the text of each schema, by the name of its file."""
    made = {"goal": goal(), "exceptions": exceptions(), **accounts(), **answers()}
    return {f"{name}.json": f"{_text(each)}\n" for name, each in made.items()}


def _text(value: Any, indent: str = "", before: int = 0) -> str:
    """Return JSON that has what is short on one line."""
    line = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict | list) or before + len(indent) + len(line) <= _WIDTH:
        return line
    deeper = f"{indent}  "
    parts = [f"{deeper}{each}" for each in _parts(value, deeper)]
    begin, end = "{}" if isinstance(value, dict) else "[]"
    return "\n".join([begin, ",\n".join(parts), f"{indent}{end}"])


def _parts(value: Any, indent: str) -> Iterator[str]:
    if isinstance(value, list):
        yield from (_text(each, indent) for each in value)
        return
    for key, each in value.items():
        name = f"{json.dumps(key)}: "
        yield f"{name}{_text(each, indent, len(name))}"
