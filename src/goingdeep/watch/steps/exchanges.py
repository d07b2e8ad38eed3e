"""What the processes of a distributed job give each other by functions that the program calls.

DistributedDataParallel averages gradients below Python, which nothing here sees. What is seen are
averages by hand, of weights (local SGD) or of gradients, and the small sums of metrics.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from torch import Tensor

from goingdeep.record.seen import Exchange
from goingdeep.watch.patches import Row

if TYPE_CHECKING:
    from goingdeep.watch.watcher import Watcher

FUNCTIONS = (
    "all_reduce", "all_reduce_coalesced", "all_gather", "all_gather_coalesced",
    "all_gather_into_tensor", "all_to_all", "all_to_all_single", "broadcast", "gather", "reduce",
    "reduce_scatter", "reduce_scatter_tensor", "scatter", "send", "isend", "recv", "irecv",
)  # fmt: skip

MOST_LINES = 64
MORE = 2
"""A line is written again when it gives so many times as much."""


class Exchanges:
    """The lines that exchange tensors, each with the most that it gave at once."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, int, bool], int] = {}

    def note(self, watcher: Watcher, function: str, values: int) -> None:
        """A function was called."""
        recorder = watcher.recorder
        site = recorder.sites.here(3)
        line = function, site, recorder.steps > 0
        before = self._known.get(line)
        if before is None and len(self._known) >= MOST_LINES:
            return
        if before is None or values >= MORE * max(before, 1):
            self._known[line] = values
            recorder.event(Exchange, function=function, site=site, values=values)


def _values(given: tuple[Any, ...]) -> int:
    """The numbers in what a function was given: of a tensor, or of all tensors of a list."""
    return max((_count(one) for one in given), default=0)


def _count(given: Any) -> int:
    if isinstance(given, Tensor):
        return given.numel()
    if isinstance(given, list | tuple):
        return sum(_count(one) for one in given)
    return 0


def _called(function: str, watcher: Watcher, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    watcher.exchanges.note(watcher, function, _values((*args, *kwargs.values())))


ROWS: tuple[Row, ...] = tuple(
    Row(where, name, functools.partial(_called, name), needs="torch.distributed.distributed_c10d")
    for where in ("torch.distributed", "torch.distributed.distributed_c10d")
    for name in FUNCTIONS
)
