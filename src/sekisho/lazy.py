"""What is loaded or compiled when it is used first: a command pays for what it uses.

Faces load what is behind them, and dataclasses compile their methods.
"""

import dataclasses
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import FrozenInstanceError
from importlib import import_module
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
        a class that is frozen and has slots begins without them. When one is used first, Python's
        own decorator writes it, for a class with the same fields. Every other class, and one that
        writes such a method itself, is left to Python.
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
        for name in ("__init__", "__eq__", "__hash__", "__repr__"):
            setattr(made, name, _Later(made, name))
        if shown:
            made.__repr__ = shown
        made.__setattr__, made.__delattr__ = _refuse_to_set, _refuse_to_delete
        made.__getstate__, made.__setstate__ = _state_of, _restore
        return made


_WRITTEN = {
    "__init__": {"init": True, "repr": False, "eq": False, "frozen": True},
    "__eq__": {"init": False, "repr": False, "eq": True},
    "__hash__": {"init": False, "repr": False, "eq": False, "unsafe_hash": True},
    "__repr__": {"init": False, "repr": True, "eq": False},
}
"""The options with which Python's decorator writes one method only."""


def _is_made(cls: Any) -> bool:
    return "__dataclass_params__" in vars(cls)


def _is_special(cls: Any) -> bool:
    own = {"__init__", "__eq__", "__hash__", "__setattr__", "__delattr__"}
    bases = (each.__dataclass_params__ for each in cls.__mro__ if _is_made(each))
    return not own.isdisjoint(vars(cls)) or not all(each.frozen for each in bases)


class _Later:
    """A method of a dataclass that Python writes when it is used first, in this one's place."""

    __slots__ = ("cls", "name")

    def __init__(self, cls: Any, name: str) -> None:
        self.cls, self.name = cls, name

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        method = vars(_class_with(self.name, self.cls))[self.name]
        setattr(self.cls, self.name, method)
        return method.__get__(instance, owner)


def _class_with(method: str, cls: Any) -> type:
    """Return a class with the fields of `cls` and the method of a dataclass."""
    fields = dataclasses.fields(cls)
    body: dict[str, Any] = {each.name: each for each in fields}
    body["__annotations__"] = {each.name: each.type for each in fields}
    for name in ("__doc__", "__module__", "__qualname__", "__post_init__"):
        if hasattr(cls, name):
            body[name] = getattr(cls, name)
    made: type = dataclasses.dataclass(slots=True, **_WRITTEN[method])(type("", (), body))
    return made


def _refuse_to_set(_: object, name: str, __: object) -> None:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(_: object, name: str) -> None:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _state_of(self: Any) -> list[Any]:
    return [getattr(self, each.name) for each in dataclasses.fields(self)]


def _restore(self: Any, state: Iterable[Any]) -> None:
    for each, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, each.name, value)
