"""Reading tensors unseen by the user's own modes: a FLOP counter must not count our sums."""
# ruff: noqa: SLF001 - switching modes off for a moment is only possible through torch._C

from __future__ import annotations

from types import TracebackType

import torch

AUTOCAST = ("cpu", "cuda", "mps", "xpu")


class aside:  # noqa: N801 - it is used as `with aside():`
    """Within it no gradients are recorded, and no mode or subclass of the user's is told.

    Autocast is off too. Entering and leaving take about two microseconds.
    """

    __slots__ = ("_autocast", "_dispatch", "_function", "_grad")

    def __enter__(self) -> None:
        self._grad = torch.is_grad_enabled()
        torch._C._set_grad_enabled(False)
        self._function = torch._C.DisableTorchFunction()
        self._function.__enter__()
        self._dispatch = torch._C._DisableTorchDispatch()
        self._dispatch.__enter__()
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
        self._dispatch.__exit__(kind, error, trace)
        self._function.__exit__(kind, error, trace)
        torch._C._set_grad_enabled(self._grad)


def not_now() -> bool:
    """Whether even reading would leave a trace: a graph is being recorded from what is computed."""
    if torch._C._get_tracing_state() is not None:
        return True
    return torch.cuda.is_initialized() and torch.cuda.is_current_stream_capturing()
