"""What is loaded or compiled when it is used first: a command pays for what it uses.

Faces load what is behind them, and dataclasses compile their methods.
"""

import dataclasses
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import FrozenInstanceError
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
        """Return what `dataclasses.dataclass` returns, whose methods are written on first use.

        To define a dataclass, Python compiles six methods: a third of what `sekisho audit` took,
        while half of the classes of a command are never instantiated and few are ever compared. So
        a class that is frozen and has slots begins without them. When one is used first, it is
        written as Python would, and nothing else with it. Every other class, one that writes such a
        method itself, and one with a field that is not given in its place, is left to Python.
        """
        if cls is None:
            return lambda cls: dataclass(cls, **options)
        if options != {"frozen": True, "slots": True} or _is_special(cls):
            return dataclasses.dataclass(cls, **options)
        shown = vars(cls).get("__repr__")
        # Python would write a missing docstring of the signature, which needs the methods
        cls.__doc__ = cls.__doc__ or cls.__name__
        # for Python the class is not frozen yet, and may not be derived from one that is
        bases = [each.__dataclass_params__ for each in cls.__mro__ if _is_made(each)]
        for base in bases:
            base.frozen = False
        made = dataclasses.dataclass(init=False, repr=False, eq=False, slots=True)(cls)
        for base in bases:
            base.frozen = True
        given = made.__dataclass_params__
        given.init = given.repr = given.eq = given.frozen = True
        for name in _METHODS:
            setattr(made, name, _Later(made, name))
        if shown:
            made.__repr__ = shown
        made.__setattr__, made.__delattr__ = _refuse_to_set, _refuse_to_delete
        made.__getstate__, made.__setstate__ = _state_of, _restore
        return made


def _is_made(cls: Any) -> bool:
    return "__dataclass_params__" in vars(cls)


def _is_special(cls: Any) -> bool:
    own = {"__init__", "__eq__", "__hash__", "__setattr__", "__delattr__"}
    bases = [each for each in cls.__mro__ if _is_made(each)]
    fields = [each for each in vars(cls).values() if isinstance(each, dataclasses.Field)]
    fields += (each for base in bases for each in dataclasses.fields(base))
    return (
        not own.isdisjoint(vars(cls))
        or not all(each.__dataclass_params__.frozen for each in bases)
        or any(each.kw_only is True or not each.init for each in fields)
    )


class _Later:
    """A method of a dataclass that is written when it is used first, in this one's place."""

    __slots__ = ("cls", "name")

    def __init__(self, cls: Any, name: str) -> None:
        self.cls, self.name = cls, name

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        method = _METHODS[self.name](self.cls)
        method.__name__, method.__qualname__ = self.name, f"{self.cls.__qualname__}.{self.name}"
        method.__module__ = self.cls.__module__
        setattr(self.cls, self.name, method)
        return method.__get__(instance, owner)


class _Factory:
    """What a parameter is by default whose value is made anew."""

    def __repr__(self) -> str:
        return "<factory>"


def _init_of(cls: Any) -> Any:
    factory, fields, lines = _Factory(), dataclasses.fields(cls), []
    names, parameters = {"SET": object.__setattr__, "FACTORY": factory}, ["self"]
    for each in fields:
        name = value = parameter = each.name
        if each.default is not dataclasses.MISSING:
            names[f"DEFAULT_{name}"], parameter = each.default, f"{name}=DEFAULT_{name}"
        elif each.default_factory is not dataclasses.MISSING:
            names[f"MAKE_{name}"], parameter = each.default_factory, f"{name}=FACTORY"
            value = f"MAKE_{name}() if {name} is FACTORY else {name}"
        parameters.append(parameter)
        lines.append(f" SET(self, {name!r}, {value})")
    if hasattr(cls, "__post_init__"):
        lines.append(" self.__post_init__()")
    method = _compiled("__init__", ", ".join(parameters), [*lines, " return"], names)
    method.__annotations__ = {**{each.name: each.type for each in fields}, "return": None}
    return method


def _compiled(name: str, parameters: str, lines: Iterable[str], names: dict[str, Any]) -> Any:
    source = "\n".join([f"def {name}({parameters}):", *lines])
    exec(source, names)  # noqa: S102 - as Python's decorator does, of names alone
    return names[name]


def _eq_of(cls: Any) -> Any:
    fields = [each.name for each in dataclasses.fields(cls) if each.compare]
    own, others = ("".join(f"{whose}.{name}," for name in fields) for whose in ("self", "other"))
    test = f" if other.__class__ is self.__class__: return ({own}) == ({others})"
    return _compiled("__eq__", "self, other", [test, " return NotImplemented"], {})


def _hash_of(cls: Any) -> Any:
    fields = dataclasses.fields(cls)
    hashed = [each for each in fields if (each.compare if each.hash is None else each.hash)]
    own = "".join(f"self.{each.name}," for each in hashed)
    return _compiled("__hash__", "self", [f" return hash(({own}))"], {})


def _repr_of(cls: Any) -> Any:
    names = [each.name for each in dataclasses.fields(cls) if each.repr]

    def shown(self: Any) -> str:
        values = ", ".join(f"{name}={getattr(self, name)!r}" for name in names)
        return f"{self.__class__.__qualname__}({values})"

    return recursive_repr()(shown)


_METHODS: Mapping[str, Callable[[Any], Any]] = {
    "__init__": _init_of,
    "__eq__": _eq_of,
    "__hash__": _hash_of,
    "__repr__": _repr_of,
}
"""What writes each method, such that it does what that of Python's decorator does."""


def _refuse_to_set(_: object, name: str, __: object) -> None:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(_: object, name: str) -> None:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _state_of(self: Any) -> list[Any]:
    return [getattr(self, each.name) for each in dataclasses.fields(self)]


def _restore(self: Any, state: Iterable[Any]) -> None:
    for each, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, each.name, value)
