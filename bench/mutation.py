"""Mutation testing of the engine: every small change of its meaning must make some test fail.

    python bench/mutation.py [MODULE…] [--out FILE]

Each mutant runs in a process of its own, forked before anything of sekisho was imported: first the
corpora, then the tests of the engine, up to the first failure. What survives both is printed. No
file is changed: the mutated module is handed to the importer.
"""

import argparse
import ast
import contextlib
import copy
import importlib.abc
import importlib.util
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
MODULES = [
    "operators",
    "conditions",
    "algebra",
    "layers",
    "authorize",
    "readings",
    "statements",
    "principals",
    "actions",
    "resources",
    "variables",
    "arns",
    "glob",
]
FILES = [
    "test_operators",
    "test_glob",
    "test_arns",
    "test_resources",
    "test_variables",
    "test_authorize",
    "test_laws",
    "test_algebra_laws",
]
SECONDS = 120

COMPARISONS: dict[type[ast.cmpop], list[type[ast.cmpop]]] = {
    ast.Eq: [ast.NotEq],
    ast.NotEq: [ast.Eq],
    ast.Lt: [ast.LtE],
    ast.LtE: [ast.Lt],
    ast.Gt: [ast.GtE],
    ast.GtE: [ast.Gt],
    ast.In: [ast.NotIn],
    ast.NotIn: [ast.In],
    ast.Is: [ast.IsNot],
    ast.IsNot: [ast.Is],
}
OPERATIONS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
}
CALLS = {"any": "all", "all": "any", "max": "min", "min": "max"}
ENUMS = {
    "Named": ["NOT", "ACCOUNT", "ROLE", "ITSELF"],
    "PolicyKind": ["IDENTITY", "BOUNDARY", "SESSION", "TRUST", "RESOURCE", "SCP", "RCP"],
    "CallerKind": ["ROOT", "USER", "ROLE", "ROLE_SESSION", "FEDERATED_USER", "OUTSIDER"],
    "Effect": ["ALLOW", "DENY"],
    "Quantifier": ["NONE", "FOR_ALL_VALUES", "FOR_ANY_VALUE"],
}


def replacements(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what may stand in the place of `node`."""
    if type(node) in REPLACED:
        yield from REPLACED[type(node)](node)


def _of_compare(node: ast.Compare) -> Iterator[ast.AST]:
    for place, operator in enumerate(node.ops):
        for other in COMPARISONS.get(type(operator), []):
            changed = copy.deepcopy(node)
            changed.ops[place] = other()
            yield changed


def _of_bool_op(node: ast.BoolOp) -> Iterator[ast.AST]:
    yield ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
    for place in range(len(node.values)):
        left = node.values[:place] + node.values[place + 1 :]
        yield left[0] if len(left) == 1 else ast.BoolOp(node.op, left)


def _of_unary_op(node: ast.UnaryOp) -> Iterator[ast.AST]:
    if isinstance(node.op, ast.Not):
        yield node.operand


def _of_bin_op(node: ast.BinOp) -> Iterator[ast.AST]:
    if type(node.op) in OPERATIONS:
        yield ast.BinOp(node.left, OPERATIONS[type(node.op)](), node.right)


def _of_constant(node: ast.Constant) -> Iterator[ast.AST]:
    match node.value:
        case bool() as value:
            yield ast.Constant(not value)
        case int() as value:
            yield ast.Constant(value + 1)
        case str() as value:
            yield ast.Constant(f"{value}x")


def _of_name(node: ast.Name) -> Iterator[ast.AST]:
    if node.id in CALLS:
        yield ast.Name(CALLS[node.id], ast.Load())


def _of_attribute(node: ast.Attribute) -> Iterator[ast.AST]:
    members = ENUMS.get(node.value.id, []) if isinstance(node.value, ast.Name) else []
    if node.attr in members:
        other = members[(members.index(node.attr) + 1) % len(members)]
        yield ast.Attribute(node.value, other, ast.Load())


def _of_elements(node: ast.Tuple | ast.Set) -> Iterator[ast.AST]:
    if isinstance(getattr(node, "ctx", None), ast.Store) or len(node.elts) == 1:
        return
    for place in range(len(node.elts)):
        changed = copy.deepcopy(node)
        del changed.elts[place]
        yield changed


REPLACED: dict[type[ast.AST], Callable[..., Iterator[ast.AST]]] = {
    ast.Compare: _of_compare,
    ast.BoolOp: _of_bool_op,
    ast.UnaryOp: _of_unary_op,
    ast.BinOp: _of_bin_op,
    ast.IfExp: lambda node: iter((node.body, node.orelse)),
    ast.Constant: _of_constant,
    ast.Name: _of_name,
    ast.Attribute: _of_attribute,
    ast.Tuple: _of_elements,
    ast.Set: _of_elements,
}


def _named(node: ast.expr, *names: str) -> bool:
    return isinstance(node, ast.Name) and node.id in names


MEANINGLESS: dict[type[ast.AST], Callable[..., list[ast.AST | None]]] = {
    ast.Import: lambda node: [node],
    ast.ImportFrom: lambda node: [node],
    ast.JoinedStr: lambda node: [node],
    ast.Expr: lambda node: [node] if isinstance(node.value, ast.Constant) else [],
    ast.Assign: lambda node: [node] if _named(node.targets[0], "__all__", "Comparison") else [],
    ast.AnnAssign: lambda node: [node.annotation],
    ast.arg: lambda node: [node.annotation],
    ast.FunctionDef: lambda node: [node.returns, *node.decorator_list],
    ast.ClassDef: lambda node: [*node.decorator_list],
    ast.Subscript: lambda node: [node] if _named(node.value, "tuple", "Callable") else [],
    ast.Call: lambda node: (
        [node] if _named(node.func, "Fault", "FaultyRequest", "TypeVar", "TypeError") else []
    ),
}
"""What means nothing to a decision: texts, annotations, imports, messages."""


def skipped(tree: ast.Module) -> set[int]:
    """Return the nodes that are not mutated."""
    return {
        id(inner)
        for node in ast.walk(tree)
        if type(node) in MEANINGLESS
        for part in MEANINGLESS[type(node)](node)
        if part is not None
        for inner in ast.walk(part)
    }


def mutants(source: str) -> Iterator[tuple[int, str, str]]:
    """Yield (line, what was changed, the mutated source)."""
    tree = ast.parse(source)
    left_out = skipped(tree)
    for node in list(ast.walk(tree)):
        for name, value in list(ast.iter_fields(node)):
            places = list(enumerate(value)) if isinstance(value, list) else [(None, value)]
            for place, child in places:
                if not isinstance(child, ast.expr) or id(child) in left_out:
                    continue
                for other in replacements(child):
                    put(node, name, place, other)
                    with contextlib.suppress(ValueError):
                        yield (
                            child.lineno,
                            f"{ast.unparse(child)}  →  {ast.unparse(other)}",
                            ast.unparse(ast.fix_missing_locations(tree)),
                        )
                    put(node, name, place, child)


def put(node: ast.AST, name: str, place: int | None, value: ast.AST) -> None:
    """Set one field of a node, or one element of a field that is a list."""
    if place is None:
        setattr(node, name, value)
    else:
        getattr(node, name)[place] = value


class Mutated(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports one module from a mutated source."""

    def __init__(self, name: str, source: str) -> None:
        self.name = name
        self.source = source

    def find_spec(self, fullname, path=None, target=None):  # noqa: ARG002, D102 - importlib's protocol
        return importlib.util.spec_from_loader(fullname, self) if fullname == self.name else None

    def exec_module(self, module):  # noqa: D102 - importlib's protocol
        exec(compile(self.source, self.name, "exec"), module.__dict__)  # noqa: S102 - our own source, mutated


def survives(name: str, source: str) -> bool:
    """Tell whether no test notices the mutant; runs in a process of its own."""
    child = os.fork()
    if child == 0:
        signal.alarm(SECONDS)
        failed = 1
        try:
            sys.meta_path.insert(0, Mutated(name, source))
            failed = noticed()
        except BaseException:
            failed = 1
        finally:
            os._exit(failed)
    return os.waitpid(child, 0)[1] == 0


def noticed() -> int:
    """Run the corpora, then the tests; return 0 if all pass."""
    import pytest  # noqa: PLC0415 - imported before the fork

    sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115 - for the life of the process
    from engine import test_corpus  # noqa: PLC0415 - after the mutant is in place

    for case in test_corpus.CONDITIONS:
        test_corpus.test_condition(case)
    for case in test_corpus.MATCHING:
        test_corpus.test_element(case)
    for file, case in test_corpus.EVALUATION:
        test_corpus.test_evaluation(file, case)
    tests = [str(ROOT / "tests" / "engine" / f"{file}.py") for file in FILES]
    options = ["-x", "-q", "--assert=plain", "-p", "no:cacheprovider", "--hypothesis-seed=0"]
    return int(pytest.main([*options, *tests]))


def main() -> None:
    """Mutate, count, print the survivors."""
    parser = argparse.ArgumentParser(description="Mutation testing of the engine.")
    parser.add_argument("modules", nargs="*", default=MODULES)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    # in the place of this script's folder, whose `engine` is another
    sys.path[0] = str(ROOT / "tests")
    import hypothesis.strategies  # noqa: F401, PLC0415 - loaded once, before the forks
    import pytest  # noqa: F401, PLC0415 - loaded once, before the forks

    report = {}
    for module in given.modules:
        source = (ROOT / "src" / "sekisho" / "engine" / f"{module}.py").read_text("utf-8")
        if not survives(f"sekisho.engine.{module}", source):
            sys.exit(f"{module}: the tests fail without any mutation")
        found, left, began = 0, [], time.monotonic()
        for line, change, mutated in mutants(source):
            found += 1
            if survives(f"sekisho.engine.{module}", mutated):
                left.append(f"{line}: {change}")
                print(f"  {module}.py:{line}  {change}", flush=True)
        seconds = round(time.monotonic() - began)
        report[module] = {"mutants": found, "survivors": left, "seconds": seconds}
        print(f"{module}: {found - len(left)} of {found} killed, {seconds} s", flush=True)
        if given.out:
            given.out.write_text(json.dumps(report, indent=1, ensure_ascii=False), "utf-8")


if __name__ == "__main__":
    main()
