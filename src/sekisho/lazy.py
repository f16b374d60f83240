"""What is loaded or compiled when it is used first: a command pays for what it uses.

Faces load what is behind them, and dataclasses compile their methods.
"""

import dataclasses
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import FrozenInstanceError
from importlib import import_module
from inspect import get_annotations
from typing import TYPE_CHECKING, Any, ClassVar, get_origin

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
        own decorator writes it, for a class with the same fields; a plain `__init__` is written
        here, as Python compiles two methods more with one that is frozen. Every other class, and
        one that writes such a method itself, is left to Python.
        """
        if cls is None:
            return lambda cls: dataclass(cls, **options)
        if options != {"frozen": True, "slots": True} or _is_special(cls):
            return dataclasses.dataclass(cls, **options)
        # Python would write a missing docstring of the signature, which needs the methods
        cls.__doc__ = cls.__doc__ or cls.__name__
        inherited = {slot for base in cls.__mro__[1:-1] for slot in vars(base).get("__slots__", ())}
        own = _own_fields(cls)
        left = {*own, "__dict__", "__weakref__"}
        body = {name: value for name, value in vars(cls).items() if name not in left}
        body |= {name: _Later(cls) for name in (*_SHAPE, *_WRITTEN) if name not in body}
        body |= {"__setattr__": _refuse_to_set, "__delattr__": _refuse_to_delete}
        body |= {"__getstate__": _state_of, "__setstate__": _restore}
        body["__slots__"] = tuple(name for name in own if name not in inherited)
        made = type(cls)(cls.__name__, cls.__bases__, body)
        made.__qualname__ = cls.__qualname__
        return made


_SHAPE = (
    *("__dataclass_fields__", "__dataclass_params__", "__match_args__"),
    *(("__replace__",) if sys.version_info >= (3, 13) else ()),
)
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


def _own_fields(cls: Any) -> dict[str, Any]:
    """Return the types of the fields that a class itself declares."""
    kinds = get_annotations(cls)
    return {name: kind for name, kind in kinds.items() if ClassVar not in (kind, get_origin(kind))}


class _Later:
    """What Python gives a dataclass, made when it is used first, in this one's place."""

    __slots__ = ("made", "name", "plain")

    def __init__(self, plain: Any) -> None:
        self.plain = plain

    def __set_name__(self, made: Any, name: str) -> None:
        self.made, self.name = made, name

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        if self.name in _SHAPE:
            self._give_shape()
        elif self.name == "__init__" and all(map(_is_plain, dataclasses.fields(self.made))):
            self.made.__init__ = _plain_init(self.made)
        else:
            fields = {each.name: each for each in dataclasses.fields(self.made)}
            types = {name: each.type for name, each in fields.items()}
            written = self._pythons(types, fields, _WRITTEN[self.name])
            setattr(self.made, self.name, vars(written)[self.name])
        return getattr(self.made if instance is None else instance, self.name)

    def _give_shape(self) -> None:
        """Find the fields, those of the bases first."""
        own = _own_fields(self.plain)
        bases = (each for each in reversed(self.plain.__mro__[1:]) if _is_made(each))
        fields = {each.name: each for base in bases for each in dataclasses.fields(base)}
        types = {name: each.type for name, each in fields.items()} | own
        given = fields | {name: vars(self.plain)[name] for name in own if name in vars(self.plain)}
        shape = self._pythons(types, given, {"init": False, "repr": False, "eq": False})
        params = shape.__dataclass_params__
        params.init = params.repr = params.eq = params.frozen = True
        for name in _SHAPE:
            setattr(self.made, name, vars(shape)[name])

    def _pythons(
        self, types: Mapping[str, Any], values: Mapping[str, Any], options: Mapping[str, bool]
    ) -> Any:
        """Return Python's own dataclass with these fields and no base."""
        body: dict[str, Any] = {**values, "__annotations__": types}
        for name in ("__doc__", "__module__", "__qualname__", "__post_init__"):
            if hasattr(self.plain, name):
                body[name] = getattr(self.plain, name)
        return dataclasses.dataclass(slots=True, **options)(type("", (), body))


def _is_plain(field: "dataclasses.Field[Any]") -> bool:
    return field.init and not field.kw_only and field.default_factory is dataclasses.MISSING


def _plain_init(cls: Any) -> Any:
    """Return an `__init__` that takes each field and sets it."""
    fields = dataclasses.fields(cls)
    given = {f"_{each.name}": each.default for each in fields}
    parameters = (
        each.name if each.default is dataclasses.MISSING else f"{each.name}=_{each.name}"
        for each in fields
    )
    lines = [f"_set(self, {each.name!r}, {each.name})" for each in fields]
    lines += ["self.__post_init__()"] if hasattr(cls, "__post_init__") else []
    text = f"def __init__({', '.join(('self', *parameters))}):\n  {'; '.join(lines) or 'pass'}"
    scope = {"_set": object.__setattr__, **given}
    exec(text, scope)  # noqa: S102 - names of fields are identifiers
    written: Any = scope["__init__"]
    written.__qualname__ = f"{cls.__qualname__}.__init__"
    written.__annotations__ = {**{each.name: each.type for each in fields}, "return": None}
    return written


def _refuse_to_set(_: object, name: str, __: object) -> None:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(_: object, name: str) -> None:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _state_of(self: Any) -> list[Any]:
    return [getattr(self, each.name) for each in dataclasses.fields(self)]


def _restore(self: Any, state: Iterable[Any]) -> None:
    for each, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, each.name, value)
