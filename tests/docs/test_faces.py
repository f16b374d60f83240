"""Packages import from each other's faces only: a package's `__init__`, or a sub-package's."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src"
MODULES = sorted({*(SOURCE / "sekisho").rglob("*.py")} - {SOURCE / "sekisho" / "__main__.py"})
"""All but `python -m sekisho`, which is the command line."""


def imported(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the line and the module of every import of sekisho's own."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sekisho."):
            yield node.lineno, str(node.module)
        elif isinstance(node, ast.Import):
            yield from (
                (node.lineno, each.name) for each in node.names if each.name.startswith("sekisho.")
            )


def is_face(module: str) -> bool:
    """Tell whether a module is the face of a package, or stands alone beside the packages."""
    alone = module.count(".") == 1
    return alone or SOURCE.joinpath(*module.split("."), "__init__.py").is_file()


def behind_a_face(path: Path) -> Iterator[str]:
    """Yield the imports of a module from behind another package's face."""
    package = path.relative_to(SOURCE).parts[1]
    for line, module in imported(path):
        if module.split(".")[1] != package and not is_face(module):
            yield f"{path.relative_to(SOURCE)}:{line} {module}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_other_packages_are_imported_from_their_faces(path: Path) -> None:
    assert not list(behind_a_face(path))


def test_what_is_behind_a_face_is_found() -> None:
    """The check above can fail."""
    assert is_face("sekisho.engine.compiled")
    assert is_face("sekisho.errors")
    assert not is_face("sekisho.engine.authorize")
