"""Dataclasses that compile their methods late behave as those of Python."""

import copy
import dataclasses
import inspect
import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError, field
from dataclasses import dataclass as pythons
from typing import Any, ClassVar, Generic, TypeVar, get_type_hints

import pytest

from sekisho.lazy import dataclass as ours

T = TypeVar("T")


def _classes(dataclass: Any) -> dict[str, Any]:
    """Return classes of every form that the tree has, made by one of the decorators."""

    @dataclass(frozen=True, slots=True)
    class Plain:
        """Fields, defaults, and one that is made anew."""

        name: str
        size: "int" = 3
        parts: list[str] = field(default_factory=list)
        KIND: ClassVar[str] = "plain"

    @dataclass(frozen=True, slots=True)
    class Told:
        """Fields that are not compared, not shown, not given."""

        name: str
        secret: str = field(repr=False)
        place: int = field(default=0, compare=False)
        seen: dict[str, int] = field(default_factory=dict, init=False, hash=False)
        made: int = field(default=7, init=False)
        double: str = field(init=False)
        late: bool = field(default=False, kw_only=True)

        def __post_init__(self) -> None:
            object.__setattr__(self, "double", self.name * 2)

    @dataclass(frozen=True, slots=True)
    class Empty:
        def __repr__(self) -> str:
            return "nothing"

    @dataclass(frozen=True, slots=True)
    class Derived(Plain):
        """A class derived from one of them."""

        more: int = 1

    @dataclass(frozen=True, slots=True)
    class Of(Generic[T]):
        """A generic one."""

        value: T

    @dataclass(frozen=True, slots=True)
    class Alike:
        """A class with a comparison of its own."""

        value: int

        def __eq__(self, other: object) -> bool:
            return True

        __hash__ = object.__hash__

    return {each.__name__: each for each in (Plain, Told, Empty, Derived, Of, Alike)}


ARGUMENTS: tuple[tuple[str, tuple[Any, ...], dict[str, Any]], ...] = (
    ("Plain", ("a",), {}),
    ("Plain", ("a", 4), {"parts": ["x"]}),
    ("Plain", (), {}),
    ("Plain", ("a",), {"unknown": 1}),
    ("Told", ("a", "b", 1), {"late": True}),
    ("Told", ("a", "b", 1, True), {}),
    ("Empty", (), {}),
    ("Derived", ("a", 4, ["x"], 5), {}),
    ("Of", (("a",),), {}),
    ("Alike", (1,), {}),
)


def _behaviour(cls: Any, arguments: tuple[Any, ...], by_name: dict[str, Any]) -> list[Any]:
    """Return all that can be seen of a class and of two instances with equal values."""

    def of(question: Callable[[], Any]) -> Any:
        try:
            return question()
        except (TypeError, AttributeError, FrozenInstanceError) as error:
            return type(error), str(error)

    one, other = (of(lambda: cls(*arguments, **by_name)) for _ in range(2))
    names = [each.name for each in dataclasses.fields(cls)]
    values = {name: of(lambda name=name: getattr(one, name)) for name in names}
    return [
        values,
        repr(one),
        of(lambda: one == other),
        of(lambda: one == 1),
        of(lambda: hash(one) == hash(other)),
        # of no field, Python's own refusal has a fault with slots
        *(of(lambda name=name: setattr(one, name, 1)) for name in values),
        *(of(lambda name=name: delattr(one, name)) for name in values),
        of(lambda: copy.deepcopy(one) == one),
        of(lambda: repr(copy.copy(one))),
        of(lambda: repr(dataclasses.replace(one, **({"name": "z"} if "name" in values else {})))),
        of(lambda: dataclasses.asdict(one)),
        str(inspect.signature(cls)),
        get_type_hints(cls.__init__, localns={"T": T}),
        cls.__init__.__qualname__,
        cls.__match_args__,
        cls.__slots__,
        [(each.name, each.type, each.kw_only) for each in dataclasses.fields(cls)],
        str(cls.__dataclass_params__) if cls.__name__ != "Empty" else "",
        "__dict__" in dir(one),
    ]


@pytest.mark.parametrize(("name", "arguments", "by_name"), ARGUMENTS)
def test_they_behave_as_those_of_python(
    name: str, arguments: tuple[Any, ...], by_name: dict[str, Any]
) -> None:
    same = _behaviour(_classes(pythons)[name], arguments, by_name)
    assert _behaviour(_classes(ours)[name], arguments, by_name) == same


@ours(frozen=True, slots=True)
class Kept:
    """One that `pickle` finds."""

    name: str
    parts: tuple[int, ...] = ()


def test_one_is_pickled_and_used_as_a_pattern() -> None:
    kept = pickle.loads(pickle.dumps(Kept("a", (1, 2))))  # noqa: S301 - made here
    match kept:
        case Kept(name, (1, second)):
            assert (name, second) == ("a", 2)
        case _:
            pytest.fail("not matched")
    assert {kept: 1}[Kept("a", (1, 2))] == 1


def test_it_is_compiled_when_it_is_used() -> None:
    cls = _classes(ours)["Plain"]
    assert not inspect.isfunction(vars(cls)["__init__"])
    cls("a")
    assert inspect.isfunction(vars(cls)["__init__"])
    assert not inspect.isfunction(vars(cls)["__eq__"])
