"""Measure the house: its size, its walls, its names, and what a reader crosses.

    python tools/house.py               # every figure
    python tools/house.py --details     # and what it counts: pairs, names, options, tests
    python tools/house.py --write       # lower the limits in docs/architecture.md to the figures

`tests/docs/test_budgets.py` holds each figure to its limit: it may only fall.
"""

import argparse
import ast
import json
import os
import re
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "sekisho"
TESTS = ROOT / "tests"
GOLDEN = TESTS / "golden"
PAGE = ROOT / "docs" / "architecture.md"
FEATURES = (
    "campaign",
    "evidence",
    "localaws",
    "notices",
    "replay",
    "session",
    "tour",
    "watch",
    "web",
)
"""Packages that the core does not need; not all are there."""
ALONE = "check_proof"
"""The module that shares nothing with the others, not even names, by contract."""
SHARED = 4
"""An option that so many commands have is none of a command's own."""


@dataclass(frozen=True, slots=True)
class Trip:
    """A command whose way through the code is measured.

    Attributes:
        command: its arguments; files are those of `tests/golden`.
        exit: its exit code: a trip that ends early measures nothing.
        crossed: whether what it crosses has a limit, too, and not only what it imports.
    """

    command: tuple[str, ...]
    exit: int
    crossed: bool = True


_COMPANY = "outputs/company/judged/collect.en.company.json"
"""The example company, as it was collected at the time at which the golden tests run."""

TRIPS: Mapping[str, Trip] = {
    "policy lint": Trip(("policy", "lint", "inputs/policies/force-mfa.json"), 0, crossed=False),
    "impact": Trip(
        ("impact", "inputs/logs/company.json", "--policy", "inputs/policies/force-mfa.json"),
        4,
        crossed=False,
    ),
    "prove": Trip(("prove", "policy", "inputs/policies/force-mfa.json"), 0),
    "audit": Trip(("audit", "--snapshot", _COMPANY), 3),
    "plan": Trip(
        (
            *("plan", "inputs/goals/first.yaml", "--mfa", "--snapshot", _COMPANY),
            *("--caller", "arn:aws:iam::111122223333:user/yuki.tanaka"),
        ),
        2,
    ),
}
_FOLLOWER = """
import cProfile, json, sys
import runner
runner._stop("2026-11-24T09:00:00+00:00")
from sekisho.cli.main import main
source, exit, *arguments = sys.argv[1:]
sys.argv = ["sekisho", *arguments]
profile = cProfile.Profile(subcalls=True, builtins=False)
try:
    profile.runcall(main)
except SystemExit as ended:
    assert str(ended.code) == exit, ended.code
calls = {entry.code: [call.code for call in entry.calls or ()] for entry in profile.getstats()}
reached, ahead = set(), [main.__code__]
while ahead:
    code = ahead.pop()
    # what the import of a module runs is no part of the trip
    if code not in reached and code.co_name != "<module>":
        reached.add(code)
        ahead += calls.get(code, ())
crossed = {
    (code.co_filename, code.co_firstlineno)
    for code in reached
    # no body of a class, and what has no name belongs to the function around it
    if code.co_filename.startswith(source) and code.co_flags & 1 and code.co_name[0] != "<"
}
imported = {name for name in sys.modules if name.split(".")[0] not in sys.stdlib_module_names}
figures = {
    "functions crossed": len(crossed),
    "modules crossed": len({file for file, _ in crossed}),
    "modules imported": len(imported - {"__main__", "runner"}),
}
print(json.dumps(figures), file=sys.stderr)
"""
"""Runs a command and counts the functions of sekisho that it calls, but for those of imports.

Beside, it counts the modules that are imported, but for Python's own.
"""


def trip(name: str) -> dict[str, int]:
    """Return how many functions and modules a command crosses, and how many modules it imports.

    Raises:
        RuntimeError: if it does not end as expected.
    """
    way = TRIPS[name]
    done = subprocess.run(
        [sys.executable, "-c", _FOLLOWER, str(SOURCE), str(way.exit), *way.command],
        cwd=GOLDEN,
        env={
            **os.environ,
            "PYTHONPATH": f"{SOURCE.parent}{os.pathsep}{GOLDEN}",
            "LANG": "C",
            "COLUMNS": "80",
            # the order of a set decides which way a search takes
            "PYTHONHASHSEED": "0",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{name}: {done.stderr}")
    figures: dict[str, int] = json.loads(done.stderr.splitlines()[-1])
    return {kind: figures[kind] for kind in figures if way.crossed or "imported" in kind}


@cache
def trees() -> dict[Path, ast.Module]:
    """Return what is parsed of every file of sekisho."""
    files = sorted(SOURCE.rglob("*.py"))
    return {path: ast.parse(path.read_text(encoding="utf-8")) for path in files}


@cache
def modules() -> dict[str, ast.Module]:
    """Return the modules of sekisho by their dotted names, without `sekisho` itself."""
    return {
        ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__"): tree
        for path, tree in trees().items()
        if path.parent != SOURCE or path.stem not in ("__init__", "__main__")
    }


def _path(module: str) -> Path:
    stem = SOURCE.joinpath(*module.split("."))
    return stem / "__init__.py" if stem.is_dir() else stem.with_suffix(".py")


def lines(*, core: bool = False) -> tuple[int, int]:
    """Return the lines and the number of the modules, of all or of the core alone."""
    files = [
        path
        for path in SOURCE.rglob("*.py")
        if not (core and path.relative_to(SOURCE).parts[0] in FEATURES)
    ]
    return sum(len(path.read_text(encoding="utf-8").splitlines()) for path in files), len(files)


def imports(tree: ast.Module) -> Iterator[str]:
    """Yield the modules of sekisho that are imported anywhere in one, for types alone as well."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sekisho"):
            module = (node.module or "").removeprefix("sekisho").removeprefix(".")
            for each in node.names:
                inner = f"{module}.{each.name}".strip(".")
                yield inner if inner in modules() else module
        elif isinstance(node, ast.Import):
            yield from (
                each.name.removeprefix("sekisho.")
                for each in node.names
                if each.name.startswith("sekisho.")
            )


def _part(module: str, package: str) -> str:
    """Return the sub-package that has a module, or the package for one that is at its root."""
    inner = module.removeprefix(f"{package}.").partition(".")[0]
    part = f"{package}.{inner}"
    return part if SOURCE.joinpath(*part.split(".")).is_dir() else package


def mutual_imports() -> list[tuple[str, str]]:
    """Return the pairs of sub-packages of one package, and of its root, that import each other.

    What a package's face imports does not count: it gives away what is behind it.
    """
    arrows = set()
    for module, tree in modules().items():
        for imported in imports(tree):
            for package in _common(module, imported):
                if module != package:
                    arrows.add((_part(module, package), _part(imported, package)))
    return sorted((a, b) for a, b in arrows if a < b and (b, a) in arrows)


def _common(one: str, other: str) -> Iterator[str]:
    """Yield the packages that have both modules."""
    parts = one.split(".")
    for depth in range(1, len(parts) + 1):
        package = ".".join(parts[:depth])
        inside = other == package or other.startswith(f"{package}.")
        if inside and SOURCE.joinpath(*parts[:depth]).is_dir():
            yield package


def several_homes() -> dict[str, list[str]]:
    """Return the public class names that several modules have, each with its modules."""
    homes = defaultdict(list)
    for module, tree in modules().items():
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes[node.name].append(module)
    found = {name: [home for home in places if home != ALONE] for name, places in homes.items()}
    return {name: places for name, places in sorted(found.items()) if len(places) > 1}


def options() -> dict[str, list[str]]:
    """Return the options of each command, as `src/sekisho/cli/completion.json` lists them."""
    root = json.loads((SOURCE / "cli" / "completion.json").read_text(encoding="utf-8"))
    return {
        name: [each["option"][-1] for each in entry["parameters"] if "option" in each]
        for name, entry in _commands(root, ())
    }


def _commands(entry: dict[str, Any], path: tuple[str, ...]) -> Iterator[tuple[str, dict[str, Any]]]:
    if "commands" not in entry:
        yield " ".join(path), entry
    for name, inner in entry.get("commands", {}).items():
        yield from _commands(inner, (*path, name))


def own_options() -> dict[str, list[str]]:
    """Return the options of each command that only few commands have."""
    spread = Counter(each for listed in options().values() for each in listed)
    return {
        name: [each for each in listed if spread[each] < SHARED]
        for name, listed in options().items()
    }


def tests_below_a_face() -> tuple[list[str], int]:
    """Return the test files that import what is behind a face, and the number of all."""
    files = sorted(TESTS.rglob("test_*.py"))
    below = [
        path.relative_to(TESTS).as_posix()
        for path in files
        if any(map(_is_below, imports(_imports_alone(path.read_text(encoding="utf-8")))))
    ]
    return below, len(files)


def _imports_alone(text: str) -> ast.Module:
    """Return what a file imports of sekisho; to parse the whole would take ten times as long."""
    found = re.findall(
        r"^ *((?:from|import) sekisho\b(?:[^(\n]*\([^)]*\)|.*))$", text, re.MULTILINE
    )
    return ast.parse("\n".join(found))


@cache
def _is_below(module: str) -> bool:
    """Tell what is no face, given away by none, and not the way into the command line."""
    face, _, name = module.rpartition(".")
    if not face or module == "cli.main" or _path(module).stem == "__init__":
        return False
    return f'"{name}"' not in _path(face).read_text(encoding="utf-8")


@cache
def figures() -> dict[str, int]:
    """Return every figure by its name; each may only fall."""
    (all_lines, all_modules), (core_lines, core_modules) = lines(), lines(core=True)
    trips = {name: trip(name) for name in TRIPS}
    below, tests = tests_below_a_face()
    return {
        "lines": all_lines,
        "modules": all_modules,
        "lines of the core": core_lines,
        "modules of the core": core_modules,
        **{
            f"{kind} by `{name}`": figure
            for name, counted in trips.items()
            for kind, figure in counted.items()
        },
        "sub-packages that import each other (pairs)": len(mutual_imports()),
        "public class names with several homes": len(several_homes()),
        "options of the command with the most": max(map(len, options().values())),
        "options of its own of the command with the most": max(map(len, own_options().values())),
        "test files that import below a face (per cent)": round(100 * len(below) / tests),
    }


def details() -> Iterator[str]:
    """Yield what the figures count, line by line."""
    for one, other in mutual_imports():
        yield f"import each other: {one}, {other}"
    for name, homes in several_homes().items():
        yield f"several homes: {name}: {', '.join(homes)}"
    own = own_options()
    for name, listed in sorted(options().items(), key=lambda each: -len(each[1])):
        yield f"options: {name}: {len(listed)}, {len(own[name])} of its own"
    below = Counter(path.partition("/")[0] for path in tests_below_a_face()[0])
    for folder, count in below.most_common():
        yield f"test files below a face: {folder}: {count}"


_HEAD = "| measured | at most |\n| --- | --: |\n"
_TABLE = re.compile(rf"(?<={re.escape(_HEAD)}).*?(?=\n\n|\n\Z)", re.DOTALL)


def limits() -> dict[str, int]:
    """Return the upper limit of each figure, as the table of docs/architecture.md has it."""
    found = _TABLE.search(PAGE.read_text(encoding="utf-8"))
    rows = [row.strip("| ").split(" | ") for row in found[0].splitlines()] if found else []
    return {name: int(figure.replace(",", "")) for name, figure in rows}


def _rounded(name: str, figure: int) -> int:
    """Round up what a docstring more, or a function on the way, may change."""
    step = (
        500 if name.startswith("lines") else 10 if name.startswith(("modules", "functions")) else 1
    )
    return -(-figure // step) * step


def lower_limits() -> None:
    """Write today's figures, rounded up, as the limits, but none that is higher than it was."""
    before = limits()
    lowered = {
        name: min(_rounded(name, figure), before.get(name, figure))
        for name, figure in figures().items()
    }
    rows = "\n".join(f"| {name} | {figure:,} |" for name, figure in lowered.items())
    page = _TABLE.sub(lambda _: rows, PAGE.read_text(encoding="utf-8"))
    PAGE.write_text(page, encoding="utf-8", newline="\n")


def _main(arguments: Iterable[str]) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--details", action="store_true", help="print what the figures count")
    parser.add_argument("--write", action="store_true", help="lower the limits to the figures")
    asked = parser.parse_args([*arguments])
    for name, figure in figures().items():
        print(f"{figure:>9,}  {name}")
    if asked.details:
        print(*details(), sep="\n")
    if asked.write:
        lower_limits()


if __name__ == "__main__":
    _main(sys.argv[1:])
