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
from goingdeep.record.seen import Anatomy, Op
from goingdeep.show.alike import same_ways
from goingdeep.show.repeats import Item, items_of

GOES_WITH_ITS_STEP = frozenset({"clear", "update"})
"""What belongs to the optimizer before it, where several take turns."""


AROUND = frozenset({"step-scaled", "update"})
"""What calls the step itself, on the same line."""


@dataclass(frozen=True)
class Section:
    """The steps of some optimizers that are done alike, drawn once.

    optimizers: numbers, the first one's operations are drawn. steps: how many this optimizer did;
    in_this_way: how many of them as drawn. others: {anatomy: steps} of the ways not drawn, each the
    first of those that are alike.
    early: how many of the first operations were recorded with the step before, because a step by
    hand is noticed late. moved: how many of the last operations were recorded with the step after,
    of this optimizer or of another one. given: what stood at the beginning here and belongs to the
    step of another optimizer; None where optimizers do not take turns.
    """

    optimizers: tuple[int, ...]
    anatomy: int
    items: tuple[Item, ...]
    steps: int
    in_this_way: int
    others: dict[int, int]
    early: int = 0
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
    same = same_ways(found)
    for optimizer in dict.fromkeys(s.optimizer for s in found.stretches):
        counts: dict[int, int] = {}
        for anatomy_, steps in found.counts(optimizer).items():
            key = same.get(anatomy_, anatomy_)
            counts[key] = counts.get(key, 0) + steps
        most = max(counts, key=counts.__getitem__)
        anatomy = found.anatomies.get(most)
        items, early = arranged(found, anatomy) if anatomy else ((), 0)
        others = {key: n for key, n in counts.items() if key != most}
        total = sum(counts.values())
        drawn.append(Section((optimizer,), most, items, total, counts[most], others, early))
    moved = _move_across(found, drawn) if _take_turns(found) else _move_within(found, drawn)
    return _joined(moved)


def arranged(found: Seen, anatomy: Anatomy) -> tuple[tuple[Item, ...], int]:
    """The operations of an anatomy, and how many of the first ones were recorded after the others.

    A step by hand is noticed at the next batch, forward or backward only: a clear before that is
    recorded as if it came before the step, and belongs to the beginning of the loop.
    """
    items = items_of(anatomy)
    optimizer = found.optimizers.get(anatomy.optimizer)
    if optimizer is None or not optimizer.by_hand or not items or items[-1].op.op != "step":
        return items, 0
    last = max(
        (i for i, item in enumerate(items) if item.op.op in {"backward", "clip"}), default=-1
    )
    late = items[last + 1 : -1]
    body = (*items[: last + 1], items[-1])
    places = [(item.op.op, item.op.site) for item in late]
    if not late or last < 0 or [(i.op.op, i.op.site) for i in body[: len(late)]] == places:
        return body, 0
    return late + body, len(late)


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
    if at is None:
        return 0
    line = at.line
    for n, item in enumerate(items):
        site = found.site(item.op.site)
        if (
            site is None
            or item.times != 1
            or item.op.op in {"batch", "step"}
            or (site.file, site.function) != (at.file, at.function)
            or site.line < line
            or (site.line == line and item.op.op not in AROUND)
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
