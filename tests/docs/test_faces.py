"""Packages import from each other's faces only: a package's `__init__`, or a sub-package's."""

import ast
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from tools import house

SOURCE = Path(__file__).parents[2] / "src"
MODULES = sorted({*(SOURCE / "sekisho").rglob("*.py")} - {SOURCE / "sekisho" / "__main__.py"})
"""All but `python -m sekisho`, which is the command line."""


def imported(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield the line and the module of every import of sekisho's own.

    A module that a face gives away by its name counts as the face.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sekisho."):
            module = str(node.module)
            yield node.lineno, module
            for each in node.names:
                inner = SOURCE.joinpath(*module.split("."), f"{each.name}.py")
                if inner.is_file() and f'"{each.name}"' not in exported(inner.parent):
                    yield node.lineno, f"{module}.{each.name}"
        elif isinstance(node, ast.Import):
            yield from (
                (node.lineno, each.name) for each in node.names if each.name.startswith("sekisho.")
            )


def exported(package: Path) -> str:
    """Return what a face says that it exports."""
    return (package / "__init__.py").read_text(encoding="utf-8").partition("__all__")[2]


def is_face(module: str) -> bool:
    """Tell whether a module is the face of a package, or stands alone beside the packages."""
    alone = module.count(".") == 1
    return alone or SOURCE.joinpath(*module.split("."), "__init__.py").is_file()


def behind_a_face(tree: ast.Module, package: str) -> Iterator[str]:
    """Yield the imports of a package's module from behind another package's face.

    `cli` has no face: features make their commands of its modules.
    """
    for line, module in imported(tree):
        if module.split(".")[1] not in (package, "cli") and not is_face(module):
            yield f"line {line}: {module}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_other_packages_are_imported_from_their_faces(path: Path) -> None:
    package = path.relative_to(SOURCE).parts[1]
    assert not list(behind_a_face(house.trees()[path], package))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("from sekisho.engine.compiled import Compiler", []),
        ("from sekisho.errors import Code", []),
        ("from sekisho.engine.matching import arns", []),
        ("from sekisho.audit.finding import Finding", []),
        ("from sekisho.engine.authorize import decide", ["line 1: sekisho.engine.authorize"]),
        ("import sekisho.engine.authorize", ["line 1: sekisho.engine.authorize"]),
        ("from sekisho.rollout import lifecycle", ["line 1: sekisho.rollout.lifecycle"]),
    ],
)
def test_what_is_behind_a_face_is_found(text: str, found: list[str]) -> None:
    assert list(behind_a_face(ast.parse(text), "audit")) == found


LAZY = [path for path in MODULES if " = lazily(" in path.read_text(encoding="utf-8")]


def names_behind(path: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Return the names that a face shows type checkers, and those that it loads, by module."""
    shown, loaded = {}, {}
    face = ".".join(path.parent.relative_to(SOURCE).parts)
    for node in ast.walk(house.trees()[path]):
        if isinstance(node, ast.If):
            for each in (one for one in node.body if isinstance(one, ast.ImportFrom)):
                module = str(each.module).removeprefix(f"{face}.")
                shown |= {one.name: module for one in each.names}
        elif isinstance(node, ast.Dict):
            behind = ast.literal_eval(node)
            loaded |= {name: module for module, names in behind.items() for name in names.split()}
    return shown, loaded


@pytest.mark.parametrize("path", LAZY, ids=lambda path: str(path.parent.relative_to(SOURCE)))
def test_a_lazy_face_loads_what_it_shows(path: Path) -> None:
    shown, loaded = names_behind(path)
    assert loaded
    assert loaded == shown
    # a module takes the place of what is called like it
    assert not {*loaded} & {each.stem for each in path.parent.glob("*.py")}
    package = import_module(".".join(path.parent.relative_to(SOURCE).parts))
    assert {*loaded} <= {*package.__all__}
    for name, module in loaded.items():
        behind = import_module(f"{package.__name__}.{module}")
        assert getattr(package, name) is getattr(behind, name)


def test_a_name_that_no_face_has_is_an_attribute_error() -> None:
    assert LAZY
    with pytest.raises(AttributeError, match="has no attribute `no_such_name`"):
        getattr(import_module("sekisho.engine.exchange"), "no_such_name")  # noqa: B009 - mypy would see it
