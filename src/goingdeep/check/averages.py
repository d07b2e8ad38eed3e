"""How a loop averages its losses, read in the source: the sum of means, divided by samples.

    total += loss_fn(model(x), y).item()    each a mean over its batch
    total /= len(loader.dataset)            as if it had been a sum

Python's own numbers are not recorded, so the record alone cannot tell. What it does tell is that the
loss at this line was a mean, of how many batches, and of how many samples.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

Function = ast.FunctionDef | ast.AsyncFunctionDef

STILL_THE_MEAN = {"item", "detach", "cpu", "float", "double", "sum", "mean", "numpy", "tolist"}
"""Methods after which a loss of one number is that number."""

COUNTS = {"dataset", "sampler"}
"""`len(loader.dataset)` and `len(loader.sampler)` are numbers of samples; `len(loader)` is none."""


def division(tree: ast.Module, line: int) -> int | None:
    """Where the sum of a loss's values is divided by a number of samples; None where it is not.

    Args:
        line: that calls the loss.
    """
    nodes = list(_nodes(_around(tree, line)))
    sums = _sums(nodes, line)
    samples = _samples(nodes)
    for node in nodes:
        if isinstance(node, ast.AugAssign | ast.BinOp):
            total, by = _divided(node)
            if total in sums and by is not None and _is_samples(by, samples):
                return node.lineno
    return None


def _around(tree: ast.Module, line: int) -> ast.AST:
    """The innermost function that holds a line, or the whole file."""
    holding = [
        node
        for node in ast.walk(tree)
        if isinstance(node, Function) and node.lineno <= line <= (node.end_lineno or line)
    ]
    return holding[-1] if holding else tree


def _nodes(function: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(function):
        if not isinstance(child, Function | ast.ClassDef | ast.Lambda):
            yield child
            yield from _nodes(child)


def _sums(nodes: list[ast.AST], line: int) -> set[str]:
    """The variables to which the loss of that line is added as it is."""
    assigned: dict[str, list[ast.expr]] = {}
    for node in nodes:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    assigned.setdefault(target.id, []).append(node.value)
    losses = {
        name
        for name, values in assigned.items()
        if len(values) == 1 and _is_call_at(_bare(values[0]), line)
    }
    found, changed = set(), set()
    for node in nodes:
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            if isinstance(node.op, ast.Mult):
                changed.add(node.target.id)
            value = _bare(node.value)
            named = isinstance(value, ast.Name) and value.id in losses
            if isinstance(node.op, ast.Add) and (named or _is_call_at(value, line)):
                found.add(node.target.id)
    return found - changed


def _bare(value: ast.expr) -> ast.expr:
    """An expression without the calls around it that leave a single number what it is."""
    while True:
        if isinstance(value, ast.Call):
            function = value.func
            if isinstance(function, ast.Attribute) and function.attr in STILL_THE_MEAN:
                value = function.value
                continue
            if isinstance(function, ast.Name) and function.id == "float" and len(value.args) == 1:
                value = value.args[0]
                continue
        elif isinstance(value, ast.Attribute) and value.attr == "data":
            value = value.value
            continue
        return value


def _is_call_at(value: ast.expr, line: int) -> bool:
    return isinstance(value, ast.Call) and value.lineno <= line <= (value.end_lineno or line)


def _samples(nodes: list[ast.AST]) -> set[str]:
    """The variables that hold a number of samples."""
    found: set[str] = set()
    other: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            value = node.value
            zero = isinstance(value, ast.Constant) and value.value == 0
            if not zero:  # what is counted begins there
                (found if _is_samples(value, set()) else other).add(node.targets[0].id)
        elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            counts = isinstance(node.op, ast.Add) and _is_batch(node.value)
            (found if counts else other).add(node.target.id)
    return found - other


def _is_samples(value: ast.expr, names: set[str]) -> bool:
    if isinstance(value, ast.Name):
        return value.id in names
    called = value.func if isinstance(value, ast.Call) else None
    if not (isinstance(value, ast.Call) and isinstance(called, ast.Name) and value.args):
        return False
    inner = value.args[0]
    return called.id == "len" and isinstance(inner, ast.Attribute) and inner.attr in COUNTS


def _is_batch(value: ast.expr) -> bool:
    """`x.size(0)`, `x.shape[0]`, `len(x)`: the samples of a batch."""
    if isinstance(value, ast.Call):
        function = value.func
        if isinstance(function, ast.Name):
            return function.id == "len"
        first = value.args[0] if len(value.args) == 1 else None
        zero = isinstance(first, ast.Constant) and first.value == 0
        return isinstance(function, ast.Attribute) and function.attr == "size" and zero
    if isinstance(value, ast.Subscript) and isinstance(value.value, ast.Attribute):
        index = value.slice
        zero = isinstance(index, ast.Constant) and index.value == 0
        return value.value.attr == "shape" and zero
    return False


def _divided(node: ast.AugAssign | ast.BinOp) -> tuple[str, ast.expr | None]:
    """What a division divides, where that is a variable, and by what."""
    if not isinstance(node.op, ast.Div):
        return "", None
    divided, by = (
        (node.target, node.value) if isinstance(node, ast.AugAssign) else (node.left, node.right)
    )
    return (divided.id, by) if isinstance(divided, ast.Name) else ("", None)
