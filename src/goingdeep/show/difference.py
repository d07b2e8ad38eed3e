"""How one way of doing a step differs from another, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from goingdeep.record.reading import Seen
from goingdeep.record.seen import Op
from goingdeep.record.stretch import Stretch
from goingdeep.show.alike import same_ways
from goingdeep.show.numbers import counted, number, ranges, times
from goingdeep.show.order import Section, arranged, following
from goingdeep.show.repeats import Item
from goingdeep.show.words import Words

MOST_OPS = 200
MOST_SAID = 3
MOST_OTHERS = 4
MOST_COMPARED = 64
MOST_STEPS = 6
SAME = "the same"


@dataclass(frozen=True)
class Others:
    """The steps that were not done as drawn.

    texts: what is different in them. alike: how many of them are no different to a reader.
    """

    texts: list[str]
    alike: int = 0


def other_ways(found: Seen, words: Words, section: Section) -> Others:
    """The ways in which an optimizer's other steps differ from those drawn, most frequent first."""
    same = same_ways(found)
    stretches: dict[int, list[Stretch]] = {}
    for stretch in found.stretches:
        if stretch.optimizer == section.optimizers[0]:
            stretches.setdefault(same.get(stretch.anatomy, stretch.anatomy), []).append(stretch)
    ways: dict[str, list[Stretch]] = {}
    alike = 0
    keys = sorted(section.others, key=lambda key: -section.others[key])
    for key in keys[:MOST_COMPARED]:
        own = stretches.get(key, [])
        text = difference(found, words, section, key, own)
        if text == SAME:
            alike += section.others[key]
        else:
            ways.setdefault(text, []).extend(own)
    texts = [f"{which_steps(own)}: {text}" for text, own in list(ways.items())[:MOST_OTHERS] if own]
    left = len(ways) - len(texts) + len(keys[MOST_COMPARED:])
    if left > 0:
        texts.append(f"and {counted(left, 'other way')} of doing a step")
    return Others(texts, alike)


def difference(
    found: Seen, words: Words, section: Section, anatomy: int, own: Sequence[Stretch]
) -> str:
    """What is different in another anatomy: "the same without clear".

    own: the steps that were done so. What a step leaves to the end of the loop is recorded with the
    step after it, so the very first step has no such beginning: that is no difference. Nor is what
    the last step by hand lacks, whose beginning was recorded with the one before.
    """
    known = found.anatomies.get(anatomy)
    if known is None:
        return "not recorded"
    alone = sum(s.count for s in own) == 1
    is_first, is_last = alone and own[0].first == 1, alone and own[0].last == found.steps
    one, other = section.items, arranged(found, known)[0]
    if section.given is not None:
        one = section.own
        if [item.op for item in other[: len(section.given)]] == [i.op for i in section.given]:
            other = other[len(section.given) :]
    elif section.early and is_last:
        one = one[section.early :]
    elif section.moved and not is_first:
        n = following(found, other, other)
        other = other[n:] + other[:n]
    elif is_first:
        one = section.own
    one, other = one[:MOST_OPS], other[:MOST_OPS]
    less: list[str] = []
    more: list[str] = []
    changed: list[str] = []
    keys = [[(item.op.op, item.op.site) for item in items] for items in (one, other)]
    matcher = SequenceMatcher(None, keys[0], keys[1], autojunk=False)
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag == "equal":
            changed += _changes(words, one[a:b], other[c:d])
        else:
            less += [item.op.op for item in one[a:b]]
            more += [f"{item.op.op} ({words.of(item.op)})" for item in other[c:d]]
    parts = [f"{word} {_few(what)}" for word, what in (("without", less), ("with", more)) if what]
    text = " ".join([SAME, " and ".join(parts)]).strip()
    return f"{text}; {_few(changed, '; ')}" if changed else text


def which_steps(stretches: Sequence[Stretch]) -> str:
    """The steps that were done in one way: "step 1", "steps 1 to 5", "312 steps from step 9 on"."""
    total, first = sum(s.count for s in stretches), min(s.first for s in stretches)
    if len(stretches) == 1 and stretches[0].whole and total > 2:
        return f"steps {number(first)} to {number(stretches[0].last)}"
    known = [s for s in stretches if s.whole or s.count == 2]
    if total <= MOST_STEPS and len(known) == len(stretches):
        steps = sorted({step for s in stretches for step in _steps(s)})
        return f"{'step' if total == 1 else 'steps'} {ranges(steps)}"
    return f"{counted(total, 'step')} from step {number(first)} on"


def _steps(stretch: Stretch) -> Sequence[int]:
    """The steps of a stretch of two, or of one in which nothing came between."""
    if stretch.count == 2:
        return stretch.first, stretch.last
    return range(stretch.first, stretch.last + 1)


def _changes(words: Words, one: Sequence[Item], other: Sequence[Item]) -> list[str]:
    found = []
    block = -1
    for before, after in zip(one, other, strict=True):
        if before.times != after.times and after.block != block:
            alone = sum(item.block == after.block for item in other) == 1
            what = f"{after.op.op} " if alone else ""
            found.append(f"{what}{times(after.times)} instead of {times(before.times)}")
        block = after.block
        if _not_known_yet(before.op, after.op):
            continue
        was, now = words.parts(before.op), words.parts(after.op)
        new, gone = [p for p in now if p not in was], [p for p in was if p not in now]
        if new:
            found.append(f"{after.op.op}: {', '.join(new)}")
        elif gone:
            found.append(f"{after.op.op}: not {', '.join(gone)}")
    return found


def _not_known_yet(one: Op, other: Op) -> bool:
    """Whether one of them only has no number for a module that had not run by then."""
    both = [(key, one.facts.get(key), other.facts.get(key)) for key in {**one.facts, **other.facts}]
    return all(a == b or (key in {"model", "number"} and -1 in (a, b)) for key, a, b in both)


def _few(what: Sequence[str], between: str = ", ") -> str:
    """The first of them; equal ones once."""
    different = list(dict.fromkeys(what))
    left = len(different) - MOST_SAID
    return between.join(different[:MOST_SAID]) + (f" and {left} more" if left > 0 else "")
