"""Faces that load what is behind them when it is used first: a command pays for what it uses."""

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


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
