"""The order in which operations are drawn: that of the user's source, where it can be known.

An anatomy goes from the end of one step to the end of the next, so a `zero_grad` that the loop has
in its last line comes first in it. It is drawn last: an operation directly after a step, in the
same function and on a later line, belongs to the step before it. Where this cannot be known (a
framework's loop, several files) the order is the one recorded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from goingdeep.record.reading import Seen
from goingdeep.record.seen import Anatomy, Fact, Op

GOES_WITH_ITS_STEP = frozenset({"clear", "update"})
"""What belongs to the optimizer before it, where several take turns."""


@dataclass(frozen=True)
class Item:
    """One operation to draw. block: items of equal number repeat together, `times` times."""

    op: Op
    block: int = 0
    times: int = 1


@dataclass(frozen=True)
class Section:
    """The steps of some optimizers that are done alike, drawn once.

    optimizers: numbers, the first one's operations are drawn. steps: how many this optimizer did;
    in_this_way: how many of them as drawn. others: {anatomy: steps} of the ways not drawn.
    moved: how many of the last operations were recorded at the beginning of the next step, of this
    optimizer or of another one. given: what stood at the beginning here and belongs to the step of
    another optimizer; None where optimizers do not take turns.
    """

    optimizers: tuple[int, ...]
    anatomy: int
    items: tuple[Item, ...]
    steps: int
    in_this_way: int
    others: dict[int, int]
    moved: int = 0
    given: tuple[Item, ...] | None = None

    @property
    def own(self) -> tuple[Item, ...]:
        """The operations between this step and the one before it that are drawn here."""
        return self.items[: len(self.items) - self.moved]


def sections(found: Seen) -> list[Section]:
    """What to draw: for each optimizer the most frequent way of its steps, in order of first sight.

    Optimizers that do the same at the same lines (one for each layer, say) share a section.
    """
    drawn: list[Section] = []
    for optimizer in dict.fromkeys(s.optimizer for s in found.stretches):
        counts = found.counts(optimizer)
        most = max(counts, key=counts.__getitem__)
        anatomy = found.anatomies.get(most)
        items = items_of(anatomy) if anatomy else ()
        others = {key: n for key, n in counts.items() if key != most}
        drawn.append(Section((optimizer,), most, items, sum(counts.values()), counts[most], others))
    moved = _move_across(found, drawn) if _take_turns(found) else _move_within(found, drawn)
    return _joined([_with_first(found, section) for section in moved])


def _with_first(found: Seen, section: Section) -> Section:
    """Count the very first step with the others, where it only lacks what follows a step."""
    first = found.stretches[0]
    anatomy = found.anatomies.get(first.anatomy)
    if first.optimizer != section.optimizers[0] or section.others.get(first.anatomy) != 1:
        return section
    if anatomy is None or [i.op for i in items_of(anatomy)] != [i.op for i in section.own]:
        return section
    others = {key: n for key, n in section.others.items() if key != first.anatomy}
    return replace(section, in_this_way=section.in_this_way + 1, others=others)


def items_of(anatomy: Anatomy) -> tuple[Item, ...]:
    """The operations of an anatomy, each once, with blocks that repeat.

    The first of several repetitions often differs by what was in `.grad` before its backward, and
    the last one may go on with the step: they are drawn together with the others.
    """
    parts: list[tuple[list[Op], int]] = []
    for block in anatomy.blocks:
        ops, times = list(block.ops), max(1, block.times)
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


# ------------------------------------------------------------------------------ source order


def _take_turns(found: Seen) -> bool:
    """Whether steps of several optimizers lie between each other, as in a GAN."""
    return len({s.optimizer for s in found.stretches}) > 1 and any(
        not s.whole for s in found.stretches
    )


def _move_within(found: Seen, drawn: list[Section]) -> list[Section]:
    """For each optimizer on its own: what follows its step goes to the end."""
    moved = []
    for section in drawn:
        n = following(found, section.items, section.items)
        moved.append(replace(section, items=section.items[n:] + section.items[:n], moved=n))
    return moved


def _move_across(found: Seen, drawn: list[Section]) -> list[Section]:
    """For optimizers that take turns: what follows a step goes to the end of its section."""
    given = []
    for i, section in enumerate(drawn):
        before = drawn[i - 1]
        n = following(found, before.items, section.items)
        if i:  # the next section's own clear may stand there too, on a later line as well
            own = [
                item.op.op in GOES_WITH_ITS_STEP and _belongs(item.op, before.optimizers[0])
                for item in section.items[:n]
            ]
            n = own.index(False) if False in own else n
        given.append(section.items[:n])
    moved = []
    for i, section in enumerate(drawn):
        taken = given[(i + 1) % len(drawn)]
        items = section.items[len(given[i]) :] + taken
        moved.append(replace(section, items=items, moved=len(taken), given=given[i]))
    return moved


def _belongs(op: Op, optimizer: int) -> bool:
    return op.op != "clear" or (
        op.facts.get("by") == "optimizer" and op.facts.get("number") == optimizer
    )


def following(found: Seen, before: Sequence[Item], items: Sequence[Item]) -> int:
    """How many operations at the start of `items` stand after the last step of `before`."""
    step = next((item for item in reversed(before) if item.op.op == "step"), None)
    at = found.site(step.op.site) if step else None
    if at is None or at.via_file:
        return 0
    line = at.line
    for n, item in enumerate(items):
        site = found.site(item.op.site)
        if (
            site is None
            or item.times != 1
            or item.op.op in {"batch", "step"}
            or (site.file, site.function, site.via_file) != (at.file, at.function, "")
            or site.line <= line
        ):
            return n
        line = max(line, site.line)
    return 0


def _joined(drawn: list[Section]) -> list[Section]:
    """Sections that differ in the number of the optimizer only, as one."""
    found: dict[object, Section] = {}
    for section in drawn:
        shape = tuple((item.op.op, item.op.site, item.times) for item in section.items)
        key: object = shape or section.optimizers
        if key in found:
            first = found[key]
            found[key] = replace(first, optimizers=first.optimizers + section.optimizers)
        else:
            found[key] = section
    return list(found.values())
