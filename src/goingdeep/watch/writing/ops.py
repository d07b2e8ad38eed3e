"""Operations as the lane collects them, and as the record holds them.

While a step goes on an operation is a tuple: its name, the site, and facts in the order of `FIELDS`.
Two steps that did the same have equal tuples, so telling them apart costs one dictionary access.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from goingdeep.record.seen import Block, Op

FIELDS: dict[str, tuple[str, ...]] = {
    "batch": ("loader",),
    "forward": (
        "model", "module", "training", "grad", "inference", "autocast", "sensitive", "batch_of",
    ),
    "loss": ("loss",),
    "backward": ("grads", "leaf", "came_from", "retain", "create"),
    "grad": ("create",),
    "clip": ("how", "limit", "grads"),
    "scale": ("enabled",),
    "unscale": ("enabled",),
    "step-scaled": ("enabled", "skipped"),
    "update": ("enabled",),
    "step": ("optimizer", "grads", "changed", "closure"),
    "clear": ("by", "number", "to"),
    "schedule": ("scheduler",),
    "mode": ("model", "module", "training"),
    "load": ("what", "number"),
    "save": ("what",),
}  # fmt: skip

# Operations of an evaluation, which are not part of the step after it.
PASSING = frozenset({"batch", "forward", "loss", "grad"})

Signature = tuple[Any, ...]
MAX_PERIOD = 64
MAX_BLOCK_OPS = 512


def as_op(operation: Signature) -> Op:
    """The operation as the record holds it; facts that are unknown or plain are left out."""
    names = FIELDS[operation[0]]
    facts = {
        name: value
        for name, value in zip(names, operation[2:], strict=True)
        if value is not None and value != ""
    }
    return Op(operation[0], operation[1], facts)


def of_this_step(operations: Sequence[Signature]) -> list[Signature]:
    """What belongs to the step that ends: an evaluation since the last step is left out.

    The step begins with the batch that the forward before its first backward was given. Where there
    is no loader it begins with the first forward that recorded a graph.
    """
    first = next((i for i, op in enumerate(operations) if op[0] == "backward"), None)
    if first is None:
        return list(operations)
    graphs = [i for i in range(first) if operations[i][0] == "forward" and operations[i][5]]
    last = graphs[-1] if graphs else first
    # Without a forward (a compiled step, a model that is no module) any loader's batch may be it.
    fed = not graphs or operations[last][9] is not None
    start = next((i for i in range(last, -1, -1) if fed and operations[i][0] == "batch"), None)
    if start is not None:
        # zip(one, other): both batches are the step's. Some loops fetch all of a step's first.
        while start > 0 and operations[start - 1][0] == "batch":
            loader = operations[start - 1][2]
            if loader == operations[start][2] and _forwards(operations[start:], loader) <= 0:
                break
            start -= 1
    elif graphs:
        start = graphs[0]
    else:
        start = first
        while start > 0 and operations[start - 1][0] != "forward":
            start -= 1
    return [op for op in operations[:start] if op[0] not in PASSING] + list(operations[start:])


def _forwards(operations: Sequence[Signature], loader: int) -> int:
    """How many more forwards than batches of a loader there are."""
    took = sum(op[0] == "forward" and op[9] == loader for op in operations)
    return int(took - sum(op[0] == "batch" and op[2] == loader for op in operations))


def fold(operations: Sequence[Signature]) -> tuple[tuple[Block, ...], int]:
    """Operations as blocks that repeat, and how many were left out beyond the bound.

    >>> [(len(block.ops), block.times) for block in fold([("loss", 1, 0), ("scale", 2, True)] * 3)[0]]
    [(2, 3)]
    """
    blocks: list[Block] = []
    single: list[Signature] = []
    at = kept = 0
    total = len(operations)
    while at < total and kept < MAX_BLOCK_OPS:
        period, times = _repeats(operations, at)
        if times > 1:
            if single:
                blocks.append(Block(tuple(map(as_op, single))))
                single = []
            blocks.append(Block(tuple(map(as_op, operations[at : at + period])), times))
            at += period * times
            kept += period
        else:
            single.append(operations[at])
            at += 1
            kept += 1
    if single:
        blocks.append(Block(tuple(map(as_op, single))))
    return tuple(blocks), total - at


def _repeats(operations: Sequence[Signature], at: int) -> tuple[int, int]:
    """The shortest period that repeats from here, and how often."""
    for period in range(1, min(MAX_PERIOD, (len(operations) - at) // 2) + 1):
        pattern = operations[at : at + period]
        times = 1
        while operations[at + times * period : at + (times + 1) * period] == pattern:
            times += 1
        if times > 1:
            return period, times
    return 1, 1
