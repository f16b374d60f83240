"""Reading YAML that people write by hand: plain values only, each with its line and column.

`no` and `on` are texts here, and so is a date: YAML 1.1's other readings of them surprise. A key
that is there twice is a fault, and so are anchors, aliases and tags, which hide what is meant.
JSON is YAML: it is read too.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from sekisho.documents.json_text import text_of_file
from sekisho.documents.shape import Shape
from sekisho.errors import Code, Fault, FaultyInput, quoted
from sekisho.messages import Message, verbatim

_SECTIONS = {
    "null": re.compile(r"~|null|"),
    "bool": re.compile(r"true|false"),
    "int": re.compile(r"-?(0|[1-9][0-9]{0,17})"),
    "float": re.compile(r"-?(0|[1-9][0-9]*)\.[0-9]+"),
}
_DEEPEST = 64

_Place = tuple[int, int]


def read_yaml(path: str | Path) -> Shape:
    """Return what a YAML file holds.

    Raises:
        FaultyInput: if it cannot be read, is not YAML, or uses what is not taken here.
    """
    return yaml_shape(text_of_file(path), str(path))


def yaml_shape(text: str, name: str) -> Shape:
    """Return what a YAML text holds; `name` is what errors call it.

    Raises:
        FaultyInput: as `read_yaml`.
    """
    reader = _Reader(name, yaml.parse(text, Loader=yaml.SafeLoader))
    try:
        raw = reader.document()
    except yaml.MarkedYAMLError as error:
        raise FaultyInput(name, [*reader.faults, _not_yaml(error)]) from None
    except yaml.YAMLError:
        fault = Fault(Code.FILE_NOT_YAML, Message("has a character that YAML does not allow"))
        raise FaultyInput(name, [*reader.faults, fault]) from None
    if reader.faults:
        raise FaultyInput(name, reader.faults)
    return Shape(raw, "", [], reader.places, reader.keys, Code.FILE_BAD_SHAPE)


def _not_yaml(error: yaml.MarkedYAMLError) -> Fault:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
    problem = error.problem or error.context
    reason = verbatim(problem.replace("\n", " ")) if problem else Message("no reason given")
    message = Message("is not YAML: {reason}").filled(reason=reason)
    return Fault(Code.FILE_NOT_YAML, message, "", line, column)


@dataclass(slots=True)
class _Reader:
    """Builds plain values from the parser's events; its depth is bounded by `_DEEPEST`."""

    name: str
    events: Iterator[yaml.Event]
    faults: list[Fault] = field(default_factory=list)
    places: dict[str, _Place] = field(default_factory=dict)
    keys: dict[str, _Place] = field(default_factory=dict)

    def document(self) -> object:
        """Return the value of the only document; None for an empty file."""
        value: object = None
        documents = 0
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self._fault(event, Message("has a second document after `---`"))
                    break
            elif isinstance(event, yaml.NodeEvent):
                value = self._value(event, "", 0)
        return value

    def _value(self, event: yaml.Event, path: str, depth: int) -> object:
        self.places[path] = _place_of(event)
        if depth == _DEEPEST:
            self._fault(event, Message("is nested more than {most} deep").filled(most=_DEEPEST))
            raise FaultyInput(self.name, self.faults)
        if getattr(event, "anchor", None) is not None:
            self._fault(event, Message("anchors and aliases are not accepted: write the value out"))
        if getattr(event, "tag", None) not in (None, "!"):
            self._fault(event, Message("tags like `!!str` are not accepted"))
        if isinstance(event, yaml.SequenceStartEvent):
            return self._items(path, depth)
        if isinstance(event, yaml.MappingStartEvent):
            return self._members(path, depth)
        return _plain(event) if isinstance(event, yaml.ScalarEvent) else None

    def _items(self, path: str, depth: int) -> list[object]:
        items: list[object] = []
        for event in self.events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            items.append(self._value(event, f"{path}[{len(items)}]", depth + 1))
        return items

    def _members(self, path: str, depth: int) -> dict[str, object]:
        members: dict[str, object] = {}
        for event in self.events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            key = event.value if isinstance(event, yaml.ScalarEvent) else None
            if key is None:
                self._fault(event, Message("a key must be a plain text"))
                self._value(event, path, depth + 1)
                key = ""
            elif key in members:
                self._fault(event, Message("the key {key} appears twice").filled(key=quoted(key)))
            shown = quoted(key)[1:-1]
            place = f"{path}.{shown}" if path else shown
            self.keys[place] = _place_of(event)
            members[key] = self._value(next(self.events, event), place, depth + 1)
        return members

    def _fault(self, event: yaml.Event, message: Message) -> None:
        self.faults.append(Fault(Code.FILE_NOT_YAML, message, "", *_place_of(event)))


def _place_of(event: yaml.Event) -> _Place:
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1) if mark else (0, 0)


def _plain(event: yaml.ScalarEvent) -> object:
    """Return a scalar's value: a text unless it is bare and reads as something else."""
    if event.style is not None:
        return event.value
    kind = next((kind for kind, form in _SECTIONS.items() if form.fullmatch(event.value)), "")
    match kind:
        case "null":
            return None
        case "bool":
            return event.value == "true"
        case "int":
            return int(event.value)
        case "float":
            return float(event.value)
        case _:
            return event.value
