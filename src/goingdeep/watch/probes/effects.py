"""Whether a forward can be run once more without anybody noticing: read off its code, not tried.

What hangs on the module is copied. What a function reaches otherwise (a global list, an open file,
a counter on the class) would be the program's own. Code of PyTorch and of installed packages is
trusted; of the user's own, everything that a forward leads to is looked through.
"""

from __future__ import annotations

import dis
import inspect
import logging
import types
from collections.abc import Iterator
from typing import Any

import torch
from torch import nn
from torch.nn.modules import module as nn_module

from goingdeep.watch.probes.trial import CannotAskError
from goingdeep.watch.reading.sites import USER, kind_of

MOST_FUNCTIONS = 400

_CALLS = frozenset({"print", "open", "input", "exec", "eval", "setattr", "delattr", "globals"})
_METHODS = frozenset(
    {"write", "writelines", "save", "savefig", "add_scalar", "add_scalars", "add_histogram",
     "add_image", "print", "send", "put", "backward", "step"}
)  # fmt: skip
_PLAIN = (
    bool, int, float, complex, str, bytes, type(None), type(...), type, range, slice,
    types.ModuleType, types.BuiltinFunctionType, torch.dtype, torch.device, torch.Size,
    logging.Logger,
)  # fmt: skip
_GLOBAL_HOOKS = (
    "_global_forward_hooks", "_global_forward_pre_hooks", "_global_buffer_registration_hooks",
)  # fmt: skip


def refuse_side_effects(root: nn.Module) -> None:
    """Look a forward through.

    Raises:
        CannotAskError: it may touch something outside of its module.
    """
    effect = side_effect(root)
    if effect:
        raise CannotAskError(f"its forward may touch more than itself: {effect}")


def side_effect(root: nn.Module) -> str:
    """What a forward of this module may touch outside of it; "" where nothing was found."""
    if any(getattr(nn_module, name, None) for name in _GLOBAL_HOOKS):
        return "there are hooks for the calls of all modules"
    seen: set[int] = set()
    for module in nn.Module.modules(root):
        kind = type(module)
        if id(kind) in seen and "forward" not in vars(module):
            continue
        seen.add(id(kind))
        for held in _on_the_class(kind):
            return f"{kind.__qualname__}.{held} belongs to the class"
        forward = vars(module).get("forward", kind.forward)
        forward = getattr(forward, "__func__", forward)
        reason = _look_through(forward, kind, seen)
        if reason:
            return reason
    return ""


def _on_the_class(kind: type) -> Iterator[str]:
    """Containers that all objects of a class of the user's share."""
    for base in kind.__mro__:
        if _of_user(vars(base).get("forward")):
            for name, value in vars(base).items():
                if isinstance(value, list | dict | set) and not name.startswith("__"):
                    yield name


def _of_user(function: Any) -> bool:
    code = getattr(function, "__code__", None)
    return isinstance(code, types.CodeType) and kind_of(code.co_filename) == USER


def _look_through(function: Any, kind: type, seen: set[int]) -> str:
    waiting = [function]
    while waiting:
        function = waiting.pop()
        if not isinstance(function, types.FunctionType) or id(function) in seen:
            continue
        seen.add(id(function))
        if not _of_user(function):
            continue
        if len(seen) > MOST_FUNCTIONS:
            return "its code is too long to be looked through"
        for cell in function.__closure__ or ():
            reason = _shared(cell, function.__qualname__)
            if reason:
                return reason
        for code in _codes(function.__code__):
            reason = _of_code(code, function, kind, waiting)
            if reason:
                return reason
    return ""


def _shared(cell: types.CellType, name: str) -> str:
    try:
        held = cell.cell_contents
    except ValueError:  # not filled yet
        return ""
    if isinstance(held, (*_PLAIN, types.FunctionType)):
        return ""
    return f"{name} holds on to an object outside of it"


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _codes(constant)


def _of_code(
    code: types.CodeType, function: types.FunctionType, kind: type, waiting: list[Any]
) -> str:
    before = ""
    classes = [base for base in kind.__mro__ if _of_user(vars(base).get("forward"))]
    for instruction in dis.get_instructions(code):
        what, name = instruction.opname, instruction.argval
        if what in ("STORE_GLOBAL", "DELETE_GLOBAL"):
            return f"{function.__qualname__} sets the global {name}"
        if what in ("STORE_ATTR", "DELETE_ATTR") and before == "LOAD_GLOBAL":
            return f"{function.__qualname__} sets {name} of a global object"
        if what == "STORE_ATTR" and any(name in vars(known) for known in classes):
            return f"{function.__qualname__} may set {name} of a class"
        if what in ("LOAD_GLOBAL", "LOAD_NAME"):
            if name in _CALLS:
                return f"{function.__qualname__} calls {name}"
            value = function.__globals__.get(name)
            if isinstance(value, types.FunctionType):
                waiting.append(value)
            elif isinstance(value, type):
                classes.append(value)
                waiting.extend(vars(value).values())
            elif not _constant(value):
                return f"{function.__qualname__} uses the global object {name}"
        elif what in ("LOAD_ATTR", "LOAD_METHOD", "LOAD_SUPER_ATTR"):
            if name in _METHODS:
                return f"{function.__qualname__} calls {name}"
            found = inspect.getattr_static(kind, name, None) if isinstance(name, str) else None
            if isinstance(found, property):
                waiting.append(found.fget)
            waiting.append(getattr(found, "__func__", found))
        if what != "EXTENDED_ARG":
            before = what
    return ""


def _constant(value: Any) -> bool:
    if isinstance(value, tuple | frozenset):
        return all(map(_constant, value))
    if isinstance(value, torch.Tensor | nn.Module | list | dict | set | bytearray):
        return False
    # The functions of `torch` itself are of many kinds.
    kind = type(value).__module__.partition(".")[0]
    return isinstance(value, _PLAIN) or kind in ("torch", "builtins", "functools")
