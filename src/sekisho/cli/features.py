"""The features: packages that have commands of their own, and that the core does without.

Nothing of the core imports one by name. Where a command can do more with a feature, it asks here.
"""

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from sekisho.errors import Code, SekishoError
from sekisho.messages import Message

NEEDS: Mapping[str, tuple[str, ...]] = {
    "campaign": (),
    "localaws": (),
    "notices": (),
    "replay": (),
    "session": (),
    "tour": ("localaws", "replay"),
    "web": ("localaws", "replay"),
}
"""Each feature, and the other features that it cannot do without."""

_NOT_THERE = Message("this installation of sekisho lacks its package `{feature}`")
_INSTALL = Message("install all of sekisho")


@cache
def is_there(package: str) -> bool:
    """Tell whether a package of sekisho is installed, with those that it needs; imports none."""
    spec = find_spec(f"sekisho.{package}")
    # a folder without a face is what is left of a package that was deleted
    return (
        spec is not None and spec.origin is not None and all(map(is_there, NEEDS.get(package, ())))
    )


def of_feature(module: str, name: str) -> Any:
    """Return a function that a feature offers to commands of other packages, imported now.

    Args:
        module: as it is called in `sekisho`.
        name: of a function or the like in it.

    Raises:
        SekishoError: `extra.missing`, if the feature is not there.
    """
    feature = module.partition(".")[0]
    if not is_there(feature):
        raise SekishoError(
            _NOT_THERE.filled(feature=feature), code=Code.EXTRA_MISSING, fix=_INSTALL
        )
    return getattr(import_module(f"sekisho.{module}"), name)
