"""Classic mutants of one Python source: one small change each, made in the syntax tree."""

import ast
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass

COMPARISONS = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
ARITHMETIC = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}


@dataclass(frozen=True)
class Mutant:
    """One changed module: where, what was changed, and the code that runs instead."""

    line: int
    change: str
    tree: ast.Module


def mutants(source: str) -> Iterator[Mutant]:
    """Make every mutant of `source`, in reading order; annotations, docstrings and messages stay as they are."""
    tree = ast.parse(source)
    for number, node in enumerate(_sites(tree)):
        for variant, (before, after) in enumerate(_changes(node)):
            copy = deepcopy(tree)
            site = next(found for place, found in enumerate(_sites(copy)) if place == number)
            _apply(copy, site, _changes(site)[variant][1])
            yield Mutant(node.lineno, f"{ast.unparse(before)}  ->  {ast.unparse(after)}", copy)


def _sites(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node that may change: no annotation, no f-string's format."""
    for name, field in ast.iter_fields(tree):
        if name in {"annotation", "returns", "format_spec", "type_params"}:
            continue
        for child in field if isinstance(field, list) else [field]:
            if isinstance(child, ast.AST):
                yield child
                yield from _sites(child)


def _changes(node: ast.AST) -> list[tuple[ast.AST, ast.AST]]:
    """What may become of one node: pairs of before and after."""
    return [(node, after) for after in (_operators(node) or _values(node))]


def _operators(node: ast.AST) -> list[ast.AST]:
    match node:
        case ast.Compare(ops=ops):
            one_off = [[*ops[:n], COMPARISONS[type(op)](), *ops[n + 1 :]] for n, op in enumerate(ops)]
            return [_with(node, ops=changed) for changed in one_off]
        case ast.BinOp(op=op) | ast.AugAssign(op=op) if type(op) in ARITHMETIC:
            is_text = isinstance(node, ast.AugAssign) and isinstance(node.value, ast.JoinedStr)
            return [] if is_text else [_with(node, op=ARITHMETIC[type(op)]())]
        case ast.BoolOp(op=op):
            return [_with(node, op=ast.And() if isinstance(op, ast.Or) else ast.Or())]
        case ast.UnaryOp(op=ast.Not() | ast.USub(), operand=operand):
            return [operand]
    return []


def _values(node: ast.AST) -> list[ast.AST]:
    match node:
        case ast.Constant(value=bool(value)):
            return [_with(node, value=not value)]
        case ast.Constant(value=int(value) | float(value)):
            return [_with(node, value=value + 1), _with(node, value=value - 1)]
        case ast.Return(value=value) if value is not None and getattr(value, "value", ...) is not None:
            return [_with(node, value=ast.Constant(None))]
        case ast.Break() | ast.Continue():
            return [ast.Pass()]
    return []


def _with(node: ast.AST, **fields: object) -> ast.AST:
    return type(node)(**{**dict(ast.iter_fields(node)), **fields})


def _apply(tree: ast.AST, site: ast.AST, after: ast.AST) -> None:
    for parent in ast.walk(tree):
        for name, field in ast.iter_fields(parent):
            if field is site:
                setattr(parent, name, after)
            elif isinstance(field, list) and any(child is site for child in field):
                field[next(i for i, child in enumerate(field) if child is site)] = after
    ast.fix_missing_locations(tree)
