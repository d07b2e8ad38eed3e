"""Reading tensors unseen by the user's own modes: a FLOP counter must not count our sums."""
# ruff: noqa: SLF001 - switching modes off for a moment is only possible through torch._C

from __future__ import annotations

import sys
from collections.abc import Callable
from types import TracebackType
from typing import Any

import torch

AUTOCAST = ("cpu", "cuda", "mps", "xpu")


class aside:  # noqa: N801 - it is used as `with aside():`
    """Within it no gradients are recorded, and no mode or subclass of the user's is told.

    Autocast is off too. Entering and leaving take about two microseconds.
    """

    __slots__ = ("_autocast", "_dispatch", "_function", "_grad")

    def __enter__(self) -> None:
        # Functions first: a mode of the user's would be told of the switches that follow.
        self._function = torch._C.DisableTorchFunction()
        self._function.__enter__()
        self._dispatch = torch._C._DisableTorchDispatch()
        self._dispatch.__enter__()
        self._grad = torch.is_grad_enabled()
        torch._C._set_grad_enabled(False)
        self._autocast: list[str] = []
        if torch._C._is_any_autocast_enabled():
            self._autocast = [kind for kind in AUTOCAST if torch.is_autocast_enabled(kind)]
            for kind in self._autocast:
                torch.set_autocast_enabled(kind, False)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for device in self._autocast:
            torch.set_autocast_enabled(device, True)
        torch._C._set_grad_enabled(self._grad)
        self._dispatch.__exit__(kind, error, trace)
        self._function.__exit__(kind, error, trace)


function_modes = torch._C._len_torch_function_stack
dispatch_modes = torch._C._len_torch_dispatch_stack


class unseen:  # noqa: N801 - it is used as `with unseen():`
    """Within it no mode or subclass of the program's is told what is read; nothing else changes."""

    __slots__ = ("_dispatch", "_function")

    def __enter__(self) -> None:
        self._function = torch._C.DisableTorchFunction()
        self._function.__enter__()
        self._dispatch = torch._C._DisableTorchDispatch()
        self._dispatch.__enter__()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._dispatch.__exit__(kind, error, trace)
        self._function.__exit__(kind, error, trace)


def quietly(function: Callable[..., None], *args: Any) -> None:
    """Call a function unseen: for hooks of ours, where `function_modes() or dispatch_modes()`."""
    with unseen():
        function(*args)


transformed = torch._C._functorch.peek_interpreter_stack
"""None outside `torch.func`: inside of vmap and grad a tensor stands for many, without values."""


_tracing = torch._C._get_tracing_state
_cuda = torch.cuda
# Not in a build for the CPU. The attribute is read, which costs less than `is_initialized()`.
_CAPTURES = hasattr(torch._C, "_cuda_isCurrentStreamCapturing") and hasattr(_cuda, "_initialized")

in_fx: Callable[[], bool] = getattr(
    torch.fx._symbolic_trace, "is_fx_symbolic_tracing", lambda: False
)
"""Whether torch.fx traces: modules are called then with what only stands for tensors."""
_KERAS = "keras.src.backend.common.stateless_scope"
SHAPES = "Keras, which asks for shapes only"
_FAKE = torch._C._TorchDispatchModeKey.FAKE


def not_now() -> str:
    """Where nothing can be read, or even reading would leave a trace in a graph being recorded.

    "" everywhere else.
    """
    if _tracing() is not None:
        return "torch.jit.trace"
    if transformed() is not None:
        return "torch.func"
    if dispatch_modes() and torch._C._get_dispatch_mode(_FAKE) is not None:
        return "a mode of fake tensors"
    if _KERAS in sys.modules and sys.modules[_KERAS].in_stateless_scope():
        return SHAPES
    if _CAPTURES and _cuda._initialized and torch.cuda.is_current_stream_capturing():
        return "a capture of a CUDA graph"
    return ""
