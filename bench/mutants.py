"""The mutants of a module: one small thing that means something is changed in each."""

import ast
import contextlib
import copy
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

Enums = Mapping[str, list[list[str]]]
"""The members of the enums of each name, in their order."""

COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
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


def mutants(source: str, enums: Enums) -> Iterator[tuple[int, str, str]]:
    """Yield (line, what was changed, the mutated source)."""
    tree = ast.parse(source)
    left_out = skipped(tree)
    for node in list(ast.walk(tree)):
        for name, value in list(ast.iter_fields(node)):
            places = list(enumerate(value)) if isinstance(value, list) else [(None, value)]
            for place, child in places:
                if not isinstance(child, ast.expr) or id(child) in left_out:
                    continue
                for other in replacements(child, enums):
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


def replacements(node: ast.AST, enums: Enums) -> Iterator[ast.AST]:
    """Yield what may stand in the place of `node`."""
    if isinstance(node, ast.Attribute):
        yield from _of_attribute(node, enums)
    elif type(node) in REPLACED:
        yield from REPLACED[type(node)](node)


def _of_compare(node: ast.Compare) -> Iterator[ast.AST]:
    for place, operator in enumerate(node.ops):
        changed = copy.deepcopy(node)
        changed.ops[place] = COMPARISONS[type(operator)]()
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


def _of_attribute(node: ast.Attribute, enums: Enums) -> Iterator[ast.AST]:
    for members in enums.get(node.value.id, []) if isinstance(node.value, ast.Name) else []:
        if node.attr in members and len(members) > 1:
            other = members[(members.index(node.attr) + 1) % len(members)]
            yield ast.Attribute(node.value, other, ast.Load())
            return


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
    ast.Tuple: _of_elements,
    ast.Set: _of_elements,
}

MESSAGES = ("Fault", "FaultyRequest", "Message", "TypeError", "TypeVar", "verbatim")


def _named(node: ast.expr, *names: str) -> bool:
    return isinstance(node, ast.Name) and node.id in names


MEANINGLESS: dict[type[ast.AST], Callable[..., list[ast.AST | None]]] = {
    ast.Import: lambda node: [node],
    ast.ImportFrom: lambda node: [node],
    ast.JoinedStr: lambda node: [node],
    ast.Raise: lambda node: [node],
    ast.Expr: lambda node: [node] if isinstance(node.value, ast.Constant) else [],
    ast.Assign: lambda node: [node] if _named(node.targets[0], "__all__", "Comparison") else [],
    ast.AnnAssign: lambda node: [node.annotation],
    ast.arg: lambda node: [node.annotation],
    ast.FunctionDef: lambda node: [node.returns, *node.decorator_list],
    ast.ClassDef: lambda node: [*node.decorator_list],
    ast.Subscript: lambda node: [node] if _named(node.value, "tuple", "Callable") else [],
    ast.Call: lambda node: [node] if _named(node.func, *MESSAGES) else [],
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


def enums_of(folder: Path) -> Enums:
    """Return the enums that the modules in a folder define."""
    found: dict[str, list[list[str]]] = {}
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef) and any(
                isinstance(base, ast.Name) and base.id.endswith(("Enum", "Flag"))
                for base in node.bases
            ):
                members = [
                    target.id
                    for each in node.body
                    if isinstance(each, ast.Assign)
                    for target in each.targets
                    if isinstance(target, ast.Name)
                ]
                found.setdefault(node.name, []).append(members)
    return found
