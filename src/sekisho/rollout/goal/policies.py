"""The policies and the group of a goal file: what they are called, and the policies' texts."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, replace
from pathlib import Path

from sekisho.documents import Shape
from sekisho.errors import Code, Fault, FaultyInput, reason_of
from sekisho.lazy import dataclass
from sekisho.messages import Message, verbatim
from sekisho.policy import (
    DESCRIPTION,
    LONGEST_MFA_AGE,
    SHORTEST_MFA_AGE,
    Choices,
    Document,
    Preset,
    choices_of,
    force_mfa,
    names,
    parse,
)
from sekisho.rollout.goal.model import GroupGoal, PolicyGoal

NAMED = ("name", "path", "description", "tags")
"""What a goal may say of every policy."""

_POLICY = (*NAMED, "preset", "choices", "file")


@dataclass(frozen=True, slots=True)
class PolicyPlace:
    """Where the policies of a goal are: the folder of their files, and the partition of AWS."""

    folder: Path
    partition: str


def read_policy(shape: Shape, name: str, place: PolicyPlace) -> PolicyGoal:
    """Return a policy that a goal describes, which is called `name` if it says nothing else."""
    got = shape.members((), _POLICY)
    return named_policy(got, name, _document(got, place), DESCRIPTION)


def named_policy(
    got: Mapping[str, Shape], name: str, document: Document, description: str
) -> PolicyGoal:
    """Return a policy of this text, with what a goal says of its name, path and tags."""
    goal = PolicyGoal(
        name=got["name"].text() or name,
        document=document,
        path=got["path"].text() or "/",
        description=description if got["description"].absent else got["description"].text(),
        tags={key: value.text() for key, value in got["tags"].entries()},
    )
    note_faults(names.policy_name(goal.name), got["name"])
    note_faults(names.policy_path(goal.path), got["path"])
    note_faults(names.description(goal.description), got["description"])
    note_faults(names.tags(goal.tags.items()), got["tags"])
    return goal


def _document(got: Mapping[str, Shape], place: PolicyPlace) -> Document:
    choices = _choices(got, place.partition)
    file = got["file"]
    if file.absent:
        return _quietly(got["choices"], lambda: force_mfa(choices))
    if not got["preset"].absent or not got["choices"].absent:
        file.fault(Message("a policy file goes with neither `preset` nor `choices`"))
    path = place.folder / file.text()
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        message = Message("`{file}` cannot be read: {reason}")
        file.fault(message.filled(file=file.text(), reason=reason_of(error)), Code.FILE_UNREADABLE)
        return force_mfa(Choices())
    return _quietly(file, lambda: parse(text, source=file.text()), file.text())


def _choices(got: Mapping[str, Shape], partition: str) -> Choices:
    preset = got["preset"].choice(Preset) or Preset.RECOMMENDED
    choices = replace(choices_of(preset), partition=partition)
    known = {field.name for field in fields(Choices)} - {"partition"}
    chosen: dict[str, object] = {}
    for name, value in got["choices"].entries():
        field = name.replace("-", "_")
        if field not in known:
            value.fault(
                Message("there is no choice `{name}`").filled(name=name), Code.POLICY_BAD_CHOICE
            )
        elif field == "mfa_age":
            least, most = SHORTEST_MFA_AGE, LONGEST_MFA_AGE
            chosen[field] = None if value.absent else value.number(least, most, default=least)
        else:
            chosen[field] = value.flag()
    return replace(choices, **chosen)  # type: ignore[arg-type]  # each field by its own reader


def _quietly(shape: Shape, made: Callable[[], Document], file: str = "") -> Document:
    """Return a document; what is wrong with it, or with its `file`, is a fault at `shape`."""
    try:
        return made()
    except FaultyInput as error:
        note_faults(error.faults, shape, file)
        return force_mfa(Choices())


def read_group(shape: Shape) -> GroupGoal | None:
    """Return the group that a goal names; None if it names none."""
    if shape.absent:
        return None
    if isinstance(shape.raw, str):
        note_faults(names.group_name(shape.raw), shape)
        return GroupGoal(shape.text())
    got = shape.members(("name",), ("path",))
    goal = GroupGoal(got["name"].text(), path=got["path"].text() or "/")
    if isinstance(got["name"].raw, str):
        note_faults(names.group_name(goal.name), got["name"])
    note_faults(names.path(goal.path), got["path"])
    return goal


def note_faults(faults: Iterable[Fault], shape: Shape, file: str = "") -> None:
    """Note what is wrong with something at its place in the goal, and in its `file` if it has one.

    What is missing, or of the wrong type, has its fault already.
    """
    for fault in faults if not shape.absent else ():
        message = fault.message
        if file:
            inner = replace(fault, fix=None).sentence
            message = verbatim("`{file}`: {inner}").filled(file=file, inner=inner)
        shape.fault(message, fault.code, fault.fix)
