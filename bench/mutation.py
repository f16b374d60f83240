"""Mutation testing: every small change of what the code means must make some test fail.

    python bench/mutation.py PACKAGE [MODULE…] [--sample N --seed S] [--map FILE] [--out FILE]

`mutation.toml` says which modules and which tests belong to a package. The tests run once as they
are, to record the statements that each of them executes and how long it takes (`--map` reads the
record from a file if it is there, and writes it otherwise). Each mutant then runs in a process of
its own, forked before anything of the package was imported: the tests that execute the changed
statement, file by file, until one fails. What survives is printed. No file is changed: the mutated
module is handed to the importer.
"""

import argparse
import ast
import importlib.abc
import importlib.util
import json
import os
import random
import signal
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

from mutants import enums_of, mutants

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "sekisho"
BUDGET = 20
"""Seconds that the tests of one mutant may take; of more tests each file has its turn."""
SLOWER = 10
"""A mutant whose tests take so many times as long, and a minute, is endless: it is noticed."""
OPTIONS = ["-x", "-q", "--assert=plain", "-p", "no:cacheprovider", "--hypothesis-seed=0"]
# what is collected too late in a short run is no failure of a test
OPTIONS += ["-p", "no:unraisableexception"]


class Importer(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports modules of sekisho from changed sources."""

    def __init__(self, code_of: Callable[[str], Any | None]) -> None:
        self._code_of = code_of

    def find_spec(self, fullname, path=None, target=None):  # noqa: ARG002, D102 - importlib's protocol
        if self._code_of(fullname) is None:
            return None
        # with the place of its file: a module may read others beside it
        file = SOURCE.parent / f"{fullname.replace('.', '/')}.py"
        return importlib.util.spec_from_file_location(fullname, file, loader=self)

    def exec_module(self, module: ModuleType) -> None:  # noqa: D102 - importlib's protocol
        exec(self._code_of(module.__name__), module.__dict__)  # noqa: S102 - our own source, changed


@dataclass(frozen=True)
class Package:
    """A package of sekisho.

    Attributes:
        name: below `sekisho`.
        modules: those that are mutated.
        tests: the files of those that must notice.
        below: what is imported once, before the forks: it does not import this package.
    """

    name: str
    modules: tuple[str, ...]
    tests: tuple[str, ...]
    below: tuple[str, ...]

    @classmethod
    def read(cls, name: str) -> "Package":
        """Return a package as `mutation.toml` has it; a pattern that finds nothing is a fault."""
        told = tomllib.loads((Path(__file__).parent / "mutation.toml").read_text("utf-8"))[name]
        home, tests = SOURCE / name, ROOT / "tests"
        found = [list(_found(home, f"{each}.py")) for each in told["modules"]]
        paths = [path.relative_to(home) for paths in found for path in paths]
        modules = tuple(path.with_suffix("").as_posix() for path in paths)
        files = [str(path) for each in told["tests"] for path in _found(tests, each)]
        return cls(name, modules, tuple(files), tuple(told["below"]))

    def path(self, module: str) -> Path:
        """Return the file of a module."""
        return SOURCE / self.name / f"{module}.py"

    def full(self, module: str) -> str:
        """Return the name by which a module is imported."""
        return f"sekisho.{self.name}.{module.replace('/', '.')}"


def _found(folder: Path, pattern: str) -> Iterator[Path]:
    found = [path for path in sorted(folder.glob(pattern)) if path.name != "__init__.py"]
    if not found:
        sys.exit(f"mutation.toml: {pattern} finds nothing in {folder}")
    return iter(found)


# ------------------------------------------------------- which test reaches which statement


def statements(tree: ast.AST) -> Iterator[tuple[list[ast.stmt], int]]:
    """Yield each statement in a function, as the list that it stands in and its place there."""
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            for inner in ast.walk(function):
                for name in ("body", "orelse", "finalbody"):
                    block = getattr(inner, name, None)
                    if isinstance(block, list) and not isinstance(inner, ast.ClassDef):
                        yield from ((block, place) for place in range(len(block)))


def line_of_statement(source: str, line: int) -> int:
    """Return where the innermost statement in a function that has this line begins, or 0."""
    found = [
        (block[place].lineno, block[place].end_lineno or 0)
        for block, place in statements(ast.parse(source))
    ]
    return max((first for first, last in found if first <= line <= last), default=0)


def recording(source: str, module: str) -> Any:
    """Return a module's code that notes each statement before it is executed."""
    tree = ast.parse(source)
    blocks = {id(block): block for block, _ in statements(tree)}
    for block in blocks.values():
        noted: list[ast.stmt] = []
        for place, statement in enumerate(block):
            constant = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
            if place or not constant:
                note = f"__import__('builtins').REACHED.add(({module!r}, {statement.lineno}))"
                noted += ast.parse(note).body
            noted.append(statement)
        block[:] = noted
    return compile(ast.fix_missing_locations(tree), module, "exec")


class Recorder:
    """A plugin of pytest that keeps what each test reaches, and what the fixtures of a file do."""

    def __init__(self) -> None:
        self.tests: dict[str, list[str]] = {}
        self.files: dict[str, set[str]] = {}
        self.seconds: dict[str, float] = {}

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Take what was reached in one phase of a test."""
        import builtins  # noqa: PLC0415 - where the instrumented modules find it too

        reached: set[tuple[str, int]] = builtins.REACHED  # type: ignore[attr-defined]  # set below
        lines = {f"{module}:{line}" for module, line in reached}
        reached.clear()
        file = report.nodeid.partition("::")[0]
        if report.when == "call":
            self.tests[report.nodeid] = sorted(lines)
        else:
            self.files.setdefault(file, set()).update(lines)
        self.seconds[report.nodeid] = self.seconds.get(report.nodeid, 0.0) + report.duration

    def told(self) -> dict[str, Any]:
        """Return all of it as JSON."""
        files = {file: sorted(lines) for file, lines in self.files.items()}
        return {"tests": self.tests, "files": files, "seconds": self.seconds}


def record_of(package: Package, path: Path | None) -> dict[str, Any]:
    """Return what the tests reach, from the file if it is there."""
    if path is not None and path.exists():
        return dict(json.loads(path.read_text("utf-8")))
    with tempfile.TemporaryDirectory() as folder:
        file = path or Path(folder) / "map.json"
        if in_a_process(lambda: record(package, file)):
            sys.exit("the tests fail without any mutation")
        return dict(json.loads(file.read_text("utf-8")))


def record(package: Package, path: Path) -> int:
    """Run the tests as they are, and write what they reach to `path`; return 0 if they pass."""
    import builtins  # noqa: PLC0415 - where the instrumented modules find it too

    import pytest  # noqa: PLC0415 - imported before the fork

    builtins.REACHED = set()  # type: ignore[attr-defined]  # seen by every module
    home = SOURCE / package.name
    code = {}
    for file in home.rglob("*.py"):
        if file.name != "__init__.py":
            module = file.relative_to(home).with_suffix("").as_posix()
            code[package.full(module)] = recording(file.read_text("utf-8"), module)
    sys.meta_path.insert(0, Importer(code.get))
    recorder = Recorder()
    failed = int(pytest.main([*OPTIONS, "--tb=short", *package.tests], plugins=[recorder]))
    if not failed:
        path.write_text(json.dumps(recorder.told()), "utf-8")
    return failed


class Reached:
    """Which tests reach a statement, and what they cost."""

    def __init__(self, package: Package, told: dict[str, Any], budget: float) -> None:
        self._budget = budget
        self._seconds = told["seconds"]
        self._tests = {test: {*lines} for test, lines in told["tests"].items()}
        self._files = {file: {*lines} for file, lines in told["files"].items()}
        self._importers = _importers(package)

    def by(self, module: str, source: str, line: int) -> tuple[list[str], bool]:
        """Return the tests that reach a line, and whether some of them are too many.

        What is executed at import is reached by whatever reaches the module, or one that imports
        from it.
        """
        first = line_of_statement(source, line)
        if first:
            wanted = {f"{module}:{first}"}
            found = [test for test in self._tests if self._reaches(test, wanted)]
        else:
            names = (module, *self._importers.get(module, ()))
            found = [test for test in self._tests if self._reaches_any(test, names)]
        left, within = self._budget, []
        for test in self._turn_by_turn(found):
            if self._seconds[test] <= left or not within:
                left -= self._seconds[test]
                within.append(test)
        return within, len(within) < len(found)

    def _turn_by_turn(self, tests: Iterable[str]) -> list[str]:
        """Return tests in an order in which each file has its turn, the quickest test first."""
        turns: dict[str, int] = {}
        ranked = []
        for test in sorted(tests, key=lambda test: self._seconds[test]):
            file = test.partition("::")[0]
            turns[file] = turns.get(file, 0) + 1
            ranked.append((turns[file], self._seconds[test], test))
        return [test for _, _, test in sorted(ranked)]

    def _lines(self, test: str) -> set[str]:
        return self._tests[test] | self._files.get(test.partition("::")[0], set())

    def _reaches(self, test: str, wanted: set[str]) -> bool:
        return not wanted.isdisjoint(self._lines(test))

    def _reaches_any(self, test: str, modules: Iterable[str]) -> bool:
        begins = tuple(f"{module}:" for module in modules)
        return any(line.startswith(begins) for line in self._lines(test))

    def cost(self, tests: Iterable[str]) -> float:
        """Return how long tests take, in seconds."""
        return sum(self._seconds[test] for test in tests)


def _importers(package: Package) -> dict[str, set[str]]:
    """Return the modules of a package that import from each of them."""
    home, found = SOURCE / package.name, dict[str, set[str]]()
    names = {package.full(module): module for module in package.modules}
    for path in home.rglob("*.py"):
        module = path.relative_to(home).with_suffix("").as_posix()
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module in names:
                found.setdefault(names[node.module], set()).add(module)
    return found


# ----------------------------------------------------------------------------- the mutants


class Chosen:
    """A plugin of pytest that runs the chosen tests only."""

    def __init__(self, tests: Iterable[str]) -> None:
        self._tests = {*tests}
        self.failed = ""

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        """Leave out all other tests."""
        items[:] = [item for item in items if item.nodeid in self._tests]

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Keep the test that fails."""
        if report.failed:
            self.failed = report.nodeid


def in_a_process(job: Callable[[], int], seconds: int = 0) -> int:
    """Return the exit code of a job in a process of its own; one that is endless is stopped."""
    child = os.fork()
    if child == 0:
        signal.alarm(seconds)
        code = 1
        try:
            code = job()
        except BaseException as error:  # whatever a mutant does, it was noticed
            print(f"{type(error).__name__}: {error}", file=sys.stderr)
        finally:
            sys.stdout.flush()
            os._exit(code)
    return os.waitpid(child, 0)[1]


def ordered(tests: Iterable[str], reached: Reached, killers: list[str]) -> list[str]:
    """Return the files of tests: those that noticed a mutant of late first, then the quickest."""
    of_file: dict[str, list[str]] = {}
    for test in tests:
        of_file.setdefault(test.partition("::")[0], []).append(test)

    def rank(file: str) -> tuple[int, float]:
        late = killers.index(file) if file in killers else len(killers)
        return late, reached.cost(of_file[file])

    return sorted(of_file, key=rank)


def noticed(name: str, source: str, tests: list[str], files: list[str], within: float) -> str:
    """Return the file of the test that notices the mutant, "?" if it is none, "" if none does."""
    reading, writing = os.pipe()

    def run() -> int:
        import pytest  # noqa: PLC0415 - imported before the fork

        sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115 - for the life of the process
        code = {name: compile(source, name, "exec")}
        sys.meta_path.insert(0, Importer(code.get))
        chosen = Chosen(tests)
        paths = [str(ROOT / file) for file in files]
        failed = int(pytest.main([*OPTIONS, *paths], plugins=[chosen]))
        os.write(writing, chosen.failed.partition("::")[0].encode())
        return failed

    survives = in_a_process(run, round(within)) == 0
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as told:
        return "" if survives else told.read() or "?"


@dataclass
class Run:
    """One run over the modules of a package."""

    package: Package
    reached: Reached
    sample: int
    seed: int

    def module(self, module: str) -> dict[str, Any]:
        """Mutate one module; return what was found."""
        source = self.package.path(module).read_text("utf-8")
        found = list(mutants(source, enums_of(SOURCE)))
        chosen = range(len(found))
        if self.sample and self.sample < len(found):
            drawn = random.Random(f"{self.seed} {module}")  # noqa: S311 - no secret
            chosen = sorted(drawn.sample(chosen, self.sample))
        survivors, killers, began = [], list[str](), time.monotonic()
        self._check(module, source, found[chosen[0]][0])
        for number in chosen:
            line, change, mutated = found[number]
            tests, more = self.reached.by(module, source, line)
            if tests and not self._survives(module, mutated, tests, killers):
                continue
            note = "" if tests else "  (no test executes it)"
            note = "  (some tests were left out)" if more else note
            survivors.append(f"{line}: {change}{note}")
            print(f"  {module}.py:{line}  {change}{note}", flush=True)
        seconds = round(time.monotonic() - began)
        ran = len(chosen)
        print(f"{module}: {ran - len(survivors)} of {ran} killed, of {len(found)}, {seconds} s")
        sys.stdout.flush()
        return {"mutants": len(found), "ran": ran, "survivors": survivors, "seconds": seconds}

    def _check(self, module: str, source: str, line: int) -> None:
        """Refuse to go on where the tests of a line fail without any mutation."""
        tests, _ = self.reached.by(module, source, line)
        if tests and not self._survives(module, source, tests, []):
            sys.exit(f"{module}: the tests fail without any mutation")

    def _survives(self, module: str, mutated: str, tests: list[str], killers: list[str]) -> bool:
        files = ordered(tests, self.reached, killers)
        within = 60 + SLOWER * self.reached.cost(tests)
        file = noticed(self.package.full(module), mutated, tests, files, within)
        if file:
            killers[:] = [file, *(each for each in killers if each != file)]
        return not file


def preload(package: Package) -> None:
    """Import once, before the forks, what tests need and no mutant of the package changes."""
    others = ("hypothesis.strategies", "pytest", "boto3", "moto", "moto.iam.models", "click")
    for name in (*others, *package.below):
        importlib.import_module(name)
    own = f"sekisho.{package.name}"
    if any(name == own or name.startswith(f"{own}.") for name in sys.modules):
        sys.exit(f"mutation.toml: what is below {own} imports it")


def main() -> None:
    """Mutate, count, print the survivors."""
    parser = argparse.ArgumentParser(description="Mutation testing.")
    parser.add_argument("package")
    parser.add_argument("modules", nargs="*")
    parser.add_argument("--sample", type=int, default=0, help="mutants of each module, at random")
    parser.add_argument("--seed", type=int, default=0, help="of the sample")
    parser.add_argument("--budget", type=float, default=BUDGET, help="seconds for a mutant's tests")
    parser.add_argument("--tests", nargs="+", help="files of tests: only these of the package's")
    parser.add_argument("--map", type=Path, help="which test reaches what: read, or written")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    package = Package.read(given.package)
    if given.tests:
        only = tuple(test for test in package.tests if Path(test).stem in given.tests)
        package = replace(package, tests=only)
    unknown = sorted({*given.modules} - {*package.modules})
    if unknown:
        parser.error(f"{package.name} has no {', '.join(unknown)}; it has: {package.modules}")
    # in the place of this script's folder, whose `engine` is another
    sys.path[:1] = [str(ROOT / "tests"), str(ROOT / "src")]
    os.chdir(ROOT)
    preload(package)
    reached = Reached(package, record_of(package, given.map), given.budget)
    run = Run(package, reached, given.sample, given.seed)
    report = {}
    for module in given.modules or package.modules:
        report[module] = run.module(module)
        if given.out:
            given.out.write_text(json.dumps(report, indent=1, ensure_ascii=False), "utf-8")


if __name__ == "__main__":
    main()
