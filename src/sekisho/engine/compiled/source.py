"""Source text of a function, and the constants that it is closed over.

No text of a policy ever becomes source: it enters as a constant, under a name that is made here.
Functions of one shape differ in their constants only, so their code is compiled once. The constants
are the globals of their function, which has its own copy of the code: CPython makes code faster by
what it met, and copies what a function is closed over at every call.
"""

import functools
import re
import sys
from collections.abc import Callable
from types import CodeType, FunctionType
from typing import Any

__all__ = ["Source"]


_NAME = re.compile(r"\bk(\d+)\b")


class Source:
    """The constants of a function that is being written."""

    def __init__(self) -> None:
        self._names: dict[object, str] = {}
        self._constants: list[object] = []

    def constant(self, value: object) -> str:
        """Return the name under which the function knows `value`."""
        # equal strings are one constant; anything else is one by identity
        value = sys.intern(value) if isinstance(value, str) else value
        key: object = value if isinstance(value, str) else id(value)
        if key not in self._names:
            self._names[key] = f"k{len(self._constants)}"
            self._constants.append(value)
        return self._names[key]

    def included(self, other: "Source", written: str) -> str:
        """Return what was written with the constants of `other`, with the names of these."""
        return _NAME.sub(lambda name: self.constant(other._constants[int(name[1])]), written)

    def function(self, body: str, environment: dict[str, object]) -> Callable[..., Any]:
        """Return the function of `request` whose indented `body` was written.

        Beside its constants the body knows what is in `environment`, by name, and itself as `plan`.
        """
        constants = zip(self._names.values(), self._constants, strict=True)
        known: dict[str, Any] = {**environment, **dict(constants)}
        code = _compiled(f"def plan(request):\n{body}")
        known["plan"] = function = FunctionType(code.replace(), known)
        return function


@functools.lru_cache(maxsize=4096)
def _compiled(text: str) -> CodeType:
    """Return the code of the one function that `text` defines."""
    module = compile(text, "<compiled policies>", "exec")
    return next(one for one in module.co_consts if isinstance(one, CodeType))
