"""Reading decoded JSON or YAML by shape: every fault is noted with its path, and reading goes on.

A value that is missing or of the wrong type reads as the empty value of its type once its fault is
noted, so that one pass finds all faults. No message shows a value: it may be a secret.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field, replace
from datetime import UTC, date, datetime
from typing import TypeVar

from sekisho.errors import Code, Fault, did_you_mean, quoted
from sekisho.lazy import dataclass
from sekisho.messages import Message

ABSENT = object()
"""What a missing member reads as; its fault, if it is one, was noted when it was found missing."""

T = TypeVar("T")
S = TypeVar("S", bound=str)

_DAYS = re.compile(r"([1-9]\d{0,3}) days?")

_TYPES: dict[type, Message] = {
    dict: Message("an object"),
    list: Message("a list"),
    str: Message("a string"),
    bool: Message("true or false"),
    int: Message("a whole number"),
    float: Message("a number"),
    type(None): Message("null"),
}


@dataclass(frozen=True, slots=True)
class Shape:
    """A value, where it stands, and the list that its faults go to.

    Attributes:
        places: line and column by path, where the text's reader noted them.
        keys: the same of the keys in objects, by the path of their values.
        code: the code of its faults.
        open: whether the file is somebody else's, whose objects may have keys that are not known.
    """

    raw: object = field(repr=False)
    path: str
    faults: list[Fault] = field(repr=False)
    places: Mapping[str, tuple[int, int]] = field(default_factory=dict, repr=False)
    keys: Mapping[str, tuple[int, int]] = field(default_factory=dict, repr=False)
    code: Code = Code.ACCOUNT_BAD_SHAPE
    open: bool = False

    def fault(self, message: Message, code: Code | None = None, fix: Message | None = None) -> None:
        """Note a fault at this place."""
        line, column = self.places.get(self.path, (0, 0))
        self.faults.append(Fault(code or self.code, message, self.path, line, column, fix))

    @property
    def absent(self) -> bool:
        """Whether there is no value here, or only a null."""
        return self.raw is ABSENT or self.raw is None

    def members(self, required: Iterable[str], optional: Iterable[str] = ()) -> dict[str, "Shape"]:
        """Return the object's members under these names, absent ones too.

        Others are faults unless it is `open`, and so is a required one that is null.
        """
        required, optional = tuple(required), tuple(optional)
        raw = self._value_of_type(dict)
        if raw is not None:
            for name in required:
                if name not in raw:
                    self.fault(Message("`{name}` is missing").filled(name=name))
                elif raw[name] is None and not self.open:
                    self._at(name, None).fault(Message("is empty"))
            for name in raw:
                if not self.open and name not in required and name not in optional:
                    self._unknown_key(name, (*required, *optional))
        found = raw or {}
        return {name: self._at(name, found.get(name, ABSENT)) for name in (*required, *optional)}

    def _unknown_key(self, name: str, known: tuple[str, ...]) -> None:
        """Note a fault of this object where its key is, with the key that is most like it."""
        place = self.keys.get(self._at(name, None).path, self.places.get(self.path, (0, 0)))
        message = Message("the key {name} is not allowed here").filled(name=quoted(name))
        there_are = Message("allowed keys: {names}")
        fix = did_you_mean(name, known, there_are.filled(names=", ".join(map(quoted, known))))
        self.faults.append(Fault(self.code, message, self.path, *place, fix))

    def entries(self) -> Iterator[tuple[str, "Shape"]]:
        """Return the members of an object whose keys are free."""
        return (
            (name, self._at(name, value))
            for name, value in (self._value_of_type(dict) or {}).items()
        )

    def items(self) -> tuple["Shape", ...]:
        """Return the elements of a list; none if it is absent."""
        raw = self._value_of_type(list) or ()
        return tuple(
            replace(self, raw=value, path=f"{self.path}[{index}]")
            for index, value in enumerate(raw)
        )

    def text(self) -> str:
        """Return a string; "" if it is absent."""
        value = self._value_of_type(str) or ""
        if any("\ud800" <= character <= "\udfff" for character in value):
            self.fault(Message("has half a character: a lone surrogate"))
            return ""
        return value

    def texts(self) -> tuple[str, ...]:
        """Return one string or a list of them; none if it is absent."""
        if isinstance(self.raw, str):
            return (self.text(),)
        return tuple(each.text() for each in self.items())

    def matching(self, form: re.Pattern[str], what: Message) -> str:
        """Return a string of this form, which `what` names; "" if it is absent."""
        text = self.text()
        if not self.absent and not form.fullmatch(text):
            self.fault(Message("{text} is not {what}").filled(text=quoted(text), what=what))
        return text

    def choice(self, values: Iterable[S]) -> S | None:
        """Return the one of `values` that is named; None if it is absent or another."""
        known, text = {str(value): value for value in values}, self.text()
        if text and text not in known:
            names = ", ".join(f"`{name}`" for name in known)
            self.fault(Message("must be one of {names}").filled(names=names))
        return known.get(text)

    def expect(self, schema: str) -> None:
        """Note a fault if this is not the name of the form that is read here."""
        if not self.absent and self.text() != schema:
            message = Message("must be `{schema}`").filled(schema=schema)
            self.fault(message, fix=Message("this version of sekisho reads no other form"))

    def flag(self, default: bool = False) -> bool:
        """Return a truth value; `default` if it is absent."""
        value = self._value_of_type(bool)
        return default if value is None else value

    def number(self, least: int, most: int, default: int = 0) -> int:
        """Return a whole number from `least` to `most`; `default` if it is absent."""
        value = self._value_of_type(int)
        if value is None:
            return default
        if not least <= value <= most:
            self.fault(Message("must be from {least} to {most}").filled(least=least, most=most))
            return default
        return value

    def time(self) -> datetime | None:
        """Return a time as AWS prints it (ISO 8601); without a zone it is UTC."""
        text = self.text()
        if not text:
            return None
        try:
            when = datetime.fromisoformat(text)
        except ValueError:
            self.fault(Message("is not a time in ISO 8601, like `2026-11-24T09:00:00+00:00`"))
            return None
        return when if when.tzinfo else when.replace(tzinfo=UTC)

    def day(self) -> date | None:
        """Return a day, as `2027-03-31`."""
        if not (text := self.text()):
            return None
        try:
            return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).date()
        except ValueError:
            self.fault(Message("is not a day, like `2027-03-31`"))
            return None

    def days(self) -> int | None:
        """Return a number of days, like `7 days`; None if it is absent or no such number."""
        text = self.text()
        found = _DAYS.fullmatch(text)
        if text and found is None:
            self.fault(Message("is not a number of days, like `7 days`"))
        return int(found[1]) if found else None

    def _at(self, name: str, value: object) -> "Shape":
        shown = quoted(name)[1:-1]
        return replace(self, raw=value, path=f"{self.path}.{shown}" if self.path else shown)

    def _value_of_type(self, kind: type[T]) -> T | None:
        """Return the value if it is of this type; otherwise note the fault and return None."""
        if self.absent:
            return None
        # bool is an int to Python, and is none in JSON
        if isinstance(self.raw, kind) and (kind is bool or not isinstance(self.raw, bool)):
            return self.raw
        self.fault(
            Message("must be {wanted}, not {found}").filled(
                wanted=_TYPES[kind], found=_TYPES[type(self.raw)]
            )
        )
        return None
