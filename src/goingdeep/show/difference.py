"""How one way of doing a step differs from another, in words."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher

from goingdeep.record.reading import Seen, Stretch
from goingdeep.show.numbers import counted, number
from goingdeep.show.order import Item, Section, following, items_of
from goingdeep.show.words import Words

MOST_OPS = 200
MOST_SAID = 3
SAME = "the same"


def other_ways(found: Seen, words: Words, section: Section, most: int) -> list[str]:
    """The ways in which an optimizer's other steps differ from those drawn, most frequent first."""
    optimizer = section.optimizers[0]
    texts = []
    for key in sorted(section.others, key=lambda key: -section.others[key]):
        own = [s for s in found.stretches if (s.optimizer, s.anatomy) == (optimizer, key)]
        # What a step leaves to the end of the loop is recorded with the step after it. So the first
        # step has no such beginning: that is no difference.
        is_first = own[0] == found.stretches[0] and sum(s.count for s in own) == 1
        text = difference(found, words, section, key, is_first=is_first)
        texts.append(f"{which_steps(own)}: {text}")
    if len(texts) <= most:
        return texts
    return [*texts[:most], f"and {counted(len(texts) - most, 'other way')} of doing a step"]


def difference(
    found: Seen, words: Words, section: Section, anatomy: int, *, is_first: bool = False
) -> str:
    """What is different in another anatomy: "the same without clear"."""
    known = found.anatomies.get(anatomy)
    if known is None:
        return "not recorded"
    other, one = items_of(known), section.items
    if section.given is not None:
        one = section.own
        if [item.op for item in other[: len(section.given)]] == [i.op for i in section.given]:
            other = other[len(section.given) :]
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
    return f"{text}; {_few(changed)}" if changed else text


def which_steps(stretches: Sequence[Stretch]) -> str:
    """The steps that were done in one way: "step 1", "steps 1 to 5", "312 steps from step 9"."""
    total, first = sum(s.count for s in stretches), min(s.first for s in stretches)
    if total == 1:
        return f"step {number(first)}"
    if len(stretches) == 1 and stretches[0].whole:
        return f"steps {number(first)} to {number(stretches[0].last)}"
    return f"{counted(total, 'step')} from step {number(first)} on"


def _changes(words: Words, one: Sequence[Item], other: Sequence[Item]) -> list[str]:
    found = []
    block = -1
    for before, after in zip(one, other, strict=True):
        if before.times != after.times and after.block != block:
            found.append(f"{number(after.times)} times instead of {number(before.times)}")
        block = after.block
        was, now = words.of(before.op), words.of(after.op)
        if was != now:
            found.append(f"{after.op.op}: {now}")
    return found


def _few(what: Sequence[str]) -> str:
    """The first of them; equal ones once."""
    different = list(dict.fromkeys(what))
    left = len(different) - MOST_SAID
    return ", ".join(different[:MOST_SAID]) + (f" and {left} more" if left > 0 else "")
