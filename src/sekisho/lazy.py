"""What is loaded or compiled when it is used first: a command pays for what it uses.

Faces load what is behind them, and dataclasses compile their methods.
"""

import dataclasses
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import MISSING, FrozenInstanceError
from importlib import import_module
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any

__all__ = ["dataclass", "lazily"]


def lazily(
    package: str, behind: Mapping[str, str], require: Callable[[], None] | None = None
) -> Callable[[str], Any]:
    """Return the `__getattr__` of a package's face, which loads a name when it is used first.

    No name may be that of a module of the package: the module would take its place. Type checkers
    are shown the imports under `TYPE_CHECKING`.

    Args:
        package: its `__name__`.
        behind: the modules of the package that are slow to load, and the names that each gives,
            with spaces between.
        require: is called before a module is loaded, and raises if it cannot be.
    """
    home = {name: module for module, names in behind.items() for name in names.split()}

    def load(name: str) -> Any:
        if name not in home:
            raise AttributeError(f"module `{package}` has no attribute `{name}`")
        if require is not None:
            require()
        value = getattr(import_module(f"{package}.{home[name]}"), name)
        # next time it is found without this function
        setattr(sys.modules[package], name, value)
        return value

    return load


if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(cls=None, /, **options):
        """Return what `dataclasses.dataclass` returns, ten times as fast for most classes.

        To define a dataclass, Python compiles six methods: a third of what `sekisho audit` took,
        while half of the classes of a command are never instantiated and few are ever compared. So
        a class that is frozen and has slots has its methods compiled when they are used first, and
        they do the same. Every other class, and one that is derived from a dataclass or writes such
        a method itself, is left to Python.
        """
        if cls is None:
            return lambda cls: dataclass(cls, **options)
        if options != {"frozen": True, "slots": True} or _is_special(cls):
            return dataclasses.dataclass(cls, **options)
        shown = vars(cls).get("__repr__", _shown)
        # Python would write a missing docstring of the signature, which needs the methods
        cls.__doc__ = cls.__doc__ or cls.__name__
        made = dataclasses.dataclass(init=False, repr=False, eq=False, slots=True)(cls)
        given = made.__dataclass_params__
        given.init = given.repr = given.eq = given.frozen = True
        made.__init__ = _Later(made, "__init__", _initializer)
        made.__eq__ = _Later(made, "__eq__", _comparison)
        made.__hash__ = _Later(made, "__hash__", _comparison)
        made.__repr__ = shown
        made.__setattr__, made.__delattr__ = _refuse_to_set, _refuse_to_delete
        made.__getstate__, made.__setstate__ = _state_of, _restore
        return made


_Methods = dict[str, Any]


def _is_special(cls: type) -> bool:
    own = {"__init__", "__eq__", "__hash__", "__setattr__", "__delattr__"}
    return not own.isdisjoint(vars(cls)) or any(map(dataclasses.is_dataclass, cls.__mro__))


class _Later:
    """A method of a dataclass that is compiled when it is used first, and takes this one's place.

    Attributes:
        cls: the class.
        name: of the method.
        compiled: returns it, and what is compiled with it.
    """

    __slots__ = ("cls", "compiled", "name")

    def __init__(self, cls: type, name: str, compiled: Callable[[type], _Methods]) -> None:
        self.cls, self.name, self.compiled = cls, name, compiled

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        for name, function in self.compiled(self.cls).items():
            function.__qualname__ = f"{self.cls.__qualname__}.{name}"
            function.__module__ = self.cls.__module__
            setattr(self.cls, name, function)
        return getattr(self.cls, self.name).__get__(instance, owner)


class _Factory:
    """What stands in a signature for a value that is made anew each time."""

    def __repr__(self) -> str:
        return "<factory>"


_FACTORY = _Factory()


def _initializer(cls: Any) -> _Methods:
    fields = dataclasses.fields(cls)
    body = [line for each in fields for line in _assignment(each)]
    if hasattr(cls, "__post_init__"):
        body.append(" self.__post_init__()")
    names: dict[str, Any] = {"FACTORY": _FACTORY}
    for each in fields:
        # a slot's own setter does not ask `__setattr__`, which refuses
        names[f"set_{each.name}"] = getattr(cls, each.name).__set__
        names[f"default_{each.name}"] = each.default
        names[f"make_{each.name}"] = each.default_factory
    head = f"def __init__({', '.join(_parameters(fields))}):"
    methods = _compiled([head, *(body or [" pass"])], names)
    types = {each.name: each.type for each in fields if each.init}
    methods["__init__"].__annotations__ = {**types, "return": None}
    return methods


def _assignment(field: dataclasses.Field[Any]) -> Iterator[str]:
    name = field.name
    value = name
    if field.default_factory is not MISSING:
        made = f"make_{name}()"
        value = f"{made} if {name} is FACTORY else {name}" if field.init else made
    elif not field.init:
        if field.default is MISSING:
            return
        value = f"default_{name}"
    yield f" set_{name}(self, {value})"


def _parameters(fields: tuple[dataclasses.Field[Any], ...]) -> Iterator[str]:
    yield "self"
    given = [each for each in fields if each.init]
    by_name = [each for each in given if each.kw_only]
    for each in [*(each for each in given if not each.kw_only), *by_name]:
        if by_name and each is by_name[0]:
            yield "*"
        if each.default is not MISSING:
            yield f"{each.name}=default_{each.name}"
        elif each.default_factory is not MISSING:
            yield f"{each.name}=FACTORY"
        else:
            yield each.name


def _comparison(cls: Any) -> _Methods:
    fields = dataclasses.fields(cls)
    compared = [each.name for each in fields if each.compare]
    hashed = [each.name for each in fields if (each.compare if each.hash is None else each.hash)]
    return _compiled(
        [
            "def __eq__(self, other):",
            " if other.__class__ is not self.__class__:",
            "  return NotImplemented",
            f" return {_values('self', compared)} == {_values('other', compared)}",
            "def __hash__(self):",
            f" return hash({_values('self', hashed)})",
        ],
        {},
    )


def _values(instance: str, names: Iterable[str]) -> str:
    return f"({''.join(f'{instance}.{name},' for name in names)})"


def _compiled(lines: Iterable[str], names: dict[str, Any]) -> _Methods:
    methods: _Methods = {}
    exec("\n".join(lines), names, methods)  # noqa: S102 - made of names of fields, as Python does
    return methods


@recursive_repr()
def _shown(self: Any) -> str:
    fields = (each.name for each in dataclasses.fields(self) if each.repr)
    values = ", ".join(f"{name}={getattr(self, name)!r}" for name in fields)
    return f"{type(self).__qualname__}({values})"


def _refuse_to_set(_: object, name: str, __: object) -> None:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(_: object, name: str) -> None:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _state_of(self: Any) -> list[Any]:
    return [getattr(self, each.name) for each in dataclasses.fields(self)]


def _restore(self: Any, state: Iterable[Any]) -> None:
    for each, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, each.name, value)
