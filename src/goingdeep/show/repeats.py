"""Operations that repeat within a step, each drawn once: gradient accumulation, inner loops."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from goingdeep.record.seen import Anatomy, Fact, Op

MAX_PERIOD = 64


@dataclass(frozen=True)
class Item:
    """One operation to draw. block: items of equal number repeat together, `times` times."""

    op: Op
    block: int = 0
    times: int = 1


def items_of(anatomy: Anatomy) -> tuple[Item, ...]:
    """The operations of an anatomy, each once, with blocks that repeat.

    The first of several repetitions often differs by what was in `.grad` before its backward, and
    the last one may go on with the step: they are drawn together with the others.
    """
    parts: list[tuple[list[Op], int]] = []
    for folded, times in _folded(anatomy):
        ops = folded
        if parts and ops:
            before, repeated = parts[-1]
            n = min(len(ops), len(before))
            if [_key(op) for op in before[-n:]] == [_key(op) for op in ops[:n]] and (
                len(ops) == len(before)
                or (times > 1 and repeated == 1 and n == len(ops))
                or (repeated > 1 and times == 1 and n == len(before))
            ):
                head, tail = before[:-n], before[-n:]
                both = [_both(one, other) for one, other in zip(tail, ops[:n], strict=True)]
                parts[-1:] = [(head, 1)] * bool(head) + [(both, repeated + times)]
                ops = ops[n:]
        if ops:
            parts.append((ops, times))
    return tuple(Item(op, i, times) for i, (ops, times) in enumerate(parts) for op in ops)


def _folded(anatomy: Anatomy) -> Iterator[tuple[list[Op], int]]:
    """Operations with how often they repeat, also where only their `.grad` is not the same."""
    for block in anatomy.blocks:
        ops, keys, at = list(block.ops), [_key(op) for op in block.ops], 0
        if block.times > 1:
            yield ops, block.times
            continue
        single: list[Op] = []
        while at < len(ops):
            period, times = _repeats(keys, at)
            if times == 1:
                single.append(ops[at])
                at += 1
                continue
            if single:
                yield single, 1
                single = []
            yield (
                [_both(ops[at + i], ops[at + period * (times - 1) + i]) for i in range(period)],
                times,
            )
            at += period * times
        if single:
            yield single, 1


def _repeats(keys: Sequence[object], at: int) -> tuple[int, int]:
    """The shortest period that repeats from here, and how often."""
    for period in range(1, min(MAX_PERIOD, (len(keys) - at) // 2) + 1):
        pattern, times = keys[at : at + period], 1
        while keys[at + times * period : at + (times + 1) * period] == pattern:
            times += 1
        if times > 1:
            return period, times
    return 1, 1


def _key(op: Op) -> tuple[str, int, tuple[tuple[str, Fact], ...]]:
    """What makes two operations the same, whatever was in `.grad`."""
    return (
        op.op,
        op.site,
        tuple(sorted((k, v) for k, v in op.facts.items() if k not in {"grads", "then"})),
    )


def _both(one: Op, other: Op) -> Op:
    """The first and a later repetition of an operation as one; "then" is the later `.grad`."""
    before, later = one.facts.get("grads"), other.facts.get("then", other.facts.get("grads"))
    return one if before == later else Op(one.op, one.site, {**one.facts, "then": later})
