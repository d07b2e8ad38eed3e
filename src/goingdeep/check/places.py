"""From the line where a mistake was seen to the line where its fix goes, read in the source.

A record knows the line that called a loss function, not the line that made what it was given: to see
that, every operation would have to be intercepted. A person who is told "the output of a softmax was
given to cross_entropy" looks for the softmax in the file. This does the same, and moves the finding
only where the source leaves no choice: one such place in the function, or one in the whole file.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import Literal

import msgspec

from goingdeep.check.averages import division
from goingdeep.check.rule import Finding
from goingdeep.check.source import Source, short

Seek = Literal["softmax", "sigmoid", "requires-grad", "container", "kept-loss", "division"]
"""What stands at the line of the fix."""

SPELLED = {
    "softmax": {"softmax", "log_softmax", "Softmax", "LogSoftmax", "Softmax2d"},
    "sigmoid": {"sigmoid", "Sigmoid", "expit"},
}
"""How an operation is called, as a function, a method or a module."""

LEAF_MAKERS = {"Variable", "tensor", "as_tensor", "Tensor", "FloatTensor"}
LEAVES_THE_GRAPH = {"item", "detach", "float", "tolist", "numpy"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def moved(finding: Finding, source: Source) -> Finding:
    """The finding at the line that its rule seeks; as it was where the source does not tell."""
    if not finding.seek:
        return finding
    line = None
    tree = source.tree(finding.file) if not source.state(finding) else None
    if tree is not None:
        line = SEEKERS[finding.seek](_File(tree, finding.line, finding.seek))
    lines = source.lines(finding.file) or ()
    if line is None or line == finding.line or not 1 <= line <= len(lines):
        return finding
    seen_at = {"seen_at": f"{short(finding.file)}:{finding.line}"}
    return msgspec.structs.replace(
        finding, line=line, source=lines[line - 1].strip(), evidence=finding.evidence | seen_at
    )


class _File:
    """A parsed file, and the function around the line where something was seen."""

    def __init__(self, tree: ast.Module, line: int, kind: str) -> None:
        self.tree, self.line, self.kind = tree, line, kind
        around = [
            node
            for node in ast.walk(tree)
            if isinstance(node, Function | ast.ClassDef) and _holds(node, line)
        ]
        functions = [node for node in around if isinstance(node, Function)]
        classes = [node for node in around if isinstance(node, ast.ClassDef)]
        self.function: Function | ast.Module = functions[-1] if functions else tree
        self.class_ = classes[-1] if classes else None

    def near(self) -> Iterator[ast.AST]:
        """What stands in that function itself (or at the top of the file), functions in it aside."""
        return _own(self.function)


def _holds(node: Function | ast.ClassDef, line: int) -> bool:
    return node.lineno <= line <= (node.end_lineno or node.lineno)


def _own(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, Function | ast.ClassDef):
            yield child
            yield from _own(child)


def _called(node: ast.AST) -> str:
    """The last name of what a call calls: "softmax" of `F.softmax(x)`, "" for anything else."""
    if not isinstance(node, ast.Call):
        return ""
    return getattr(node.func, "attr", "") or getattr(node.func, "id", "")


def _on_self(node: ast.AST) -> str:
    """The name in `self.name`."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return node.attr if node.value.id in ("self", "s") else ""
    return ""


def _only(lines: list[int]) -> int | None:
    return lines[0] if len(set(lines)) == 1 else None


# What made the input of a loss ----------------------------------------------------------------


def _maker(file: _File) -> int | None:
    """The softmax or sigmoid: the last before the call in its function, else the file's only one."""
    spelled = SPELLED[file.kind]
    near = [line for line in _lines(file.near(), spelled) if line <= file.line]
    if near:
        return max(near)
    made = _modules(file.tree, spelled)
    # A module is used where its name is called; one in a Sequential only stands where it is made.
    uses, calls = [], []
    for node in ast.walk(file.tree):
        if isinstance(node, ast.Call):
            if _on_self(node.func) in made:
                uses.append(node.lineno)
            elif _on_self(node.func) or node.lineno in made.values():
                continue
            elif _called(node) in spelled or _as_argument(node, spelled):
                calls.append(node.lineno)
    if uses:
        return _only([*uses, *calls])
    unnamed = [*calls, *made.values()]
    return _only(unnamed) or _returned(file.tree, spelled)


def _lines(nodes: Iterator[ast.AST], spelled: set[str]) -> list[int]:
    """Lines of the calls among some nodes that are spelled so."""
    return [n.lineno for n in nodes if isinstance(n, ast.Call) and _called(n) in spelled]


def _modules(tree: ast.AST, spelled: set[str]) -> dict[str, int]:
    """Attributes that hold such a module: {name: line}."""
    return {
        _on_self(node.targets[0]): node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        and _on_self(node.targets[0])
        and _called(node.value) in spelled
    }


def _as_argument(node: ast.Call, spelled: set[str]) -> bool:
    """`activation="softmax"`."""
    return any(
        isinstance(word.value, ast.Constant) and word.value.value in spelled
        for word in node.keywords
        if word.arg and "activation" in word.arg
    )


def _returned(tree: ast.AST, spelled: set[str]) -> int | None:
    """The one call of its kind whose result a `forward` returns at once."""
    lines = []
    for function in ast.walk(tree):
        if isinstance(function, Function) and function.name == "forward":
            for node in _own(function):
                if isinstance(node, ast.Return) and node.value is not None:
                    lines += _lines(ast.walk(node.value), spelled)
    return _only(lines)


# A loss that was told to require a gradient -----------------------------------------------------


def _rewrapped(file: _File) -> int | None:
    near = [line for line in _told(file.near()) if line <= file.line]
    return max(near) if near else _only(list(_told(ast.walk(file.tree))))


def _told(nodes: Iterator[ast.AST]) -> Iterator[int]:
    for node in nodes:
        if isinstance(node, ast.Assign):
            target = node.targets[0]
            told = isinstance(target, ast.Attribute) and target.attr == "requires_grad"
            if told and _is_true(node.value):
                yield node.lineno
        elif isinstance(node, ast.Call):
            named = any(w.arg == "requires_grad" and _is_true(w.value) for w in node.keywords)
            if (named and _called(node) in LEAF_MAKERS) or (
                _called(node) == "requires_grad_" and all(_is_true(a) for a in node.args)
            ):
                yield node.lineno


def _is_true(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is True


# A list of modules ------------------------------------------------------------------------------


def _container(file: _File) -> int | None:
    """The attribute with a plain list or dictionary that the function around the call uses."""
    if file.class_ is None:
        return None
    used = {_on_self(node) for node in ast.walk(file.function)} - {""}
    lines = []
    for function in file.class_.body:
        if isinstance(function, Function):
            plain = {
                node.targets[0].id
                for node in _own(function)
                if isinstance(node, ast.Assign)
                and isinstance(node.targets[0], ast.Name)
                and _is_container(node.value)
            }
            lines += [
                node.lineno
                for node in _own(function)
                if isinstance(node, ast.Assign)
                and _on_self(node.targets[0]) in used
                and (
                    _is_container(node.value)
                    or (isinstance(node.value, ast.Name) and node.value.id in plain)
                )
            ]
    return _only(lines)


def _is_container(node: ast.AST) -> bool:
    literal = ast.List | ast.Dict | ast.Tuple | ast.ListComp | ast.DictComp
    return isinstance(node, literal) or _called(node) in {"list", "dict", "tuple"}


# A loss that is kept ----------------------------------------------------------------------------


def _kept(file: _File) -> int | None:
    """The one sum or list in the function around `loss.backward()` that takes the loss itself."""
    names = {
        node.func.value.id
        for node in file.near()
        if isinstance(node, ast.Call)
        and node.lineno == file.line
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "backward"
        and isinstance(node.func.value, ast.Name)
    }
    return _only(
        [
            value.lineno
            for node in file.near()
            for value in _taken(node)
            if any(_goes_in_whole(value, name) for name in names)
        ]
    )


def _taken(node: ast.AST) -> list[ast.expr]:
    if isinstance(node, ast.AugAssign):
        return [node.value]
    if _called(node) == "append" and isinstance(node, ast.Call):
        return list(node.args)
    return []


def _goes_in_whole(value: ast.expr, name: str) -> bool:
    """Whether an expression holds a variable as it is, not a number of it."""
    if _called(value) in LEAVES_THE_GRAPH:
        return False
    if isinstance(value, ast.Name):
        return value.id == name
    return any(
        _goes_in_whole(child, name)
        for child in ast.iter_child_nodes(value)
        if isinstance(child, ast.expr)
    )


SEEKERS: dict[str, Callable[[_File], int | None]] = {
    "softmax": _maker,
    "sigmoid": _maker,
    "requires-grad": _rewrapped,
    "container": _container,
    "kept-loss": _kept,
    "division": lambda file: division(file.tree, file.line),
}
