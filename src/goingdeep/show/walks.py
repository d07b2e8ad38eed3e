"""Passes over loaders: what was walked over, how often, when, and what for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from goingdeep.record import seen
from goingdeep.record.reading import Seen
from goingdeep.record.seen import Op, Pass
from goingdeep.show.alike import same_loaders
from goingdeep.show.names import Names
from goingdeep.show.numbers import counted, number, ranges
from goingdeep.show.page import Page
from goingdeep.show.rows import draw, row_of
from goingdeep.show.words import Words

MOST_KINDS = 6
"""So many different kinds of passes are described; the others are counted."""


@dataclass(frozen=True)
class Walks:
    """All passes with one role over a loader, and over those made like it."""

    loader: int
    role: str
    passes: tuple[Pass, ...]


def kinds(found: Seen) -> list[Walks]:
    """The passes by loader and role, in order of first sight."""
    groups: dict[tuple[int, str], list[Pass]] = {}
    same = same_loaders(found)
    for walk in found.passes:
        groups.setdefault((same.get(walk.loader, walk.loader), walk.role), []).append(walk)
    return [Walks(loader, role, tuple(walks)) for (loader, role), walks in groups.items()]


def several(found: Seen) -> bool:
    """Whether batches of more than one loader were trained on."""
    return sum(walks.role == "training" for walks in kinds(found)) > 1


def loader_words(loader: seen.Loader | None) -> str:
    """What a loader gives: "60,000 samples in 938 batches of 64, shuffled"."""
    if loader is None:
        return ""
    data = loader.dataset
    parts = [] if data.length is None else [counted(data.length, "sample")]
    if loader.length is not None:
        parts.append(counted(loader.length, "batch", "batches"))
    text = " in ".join(parts)
    if loader.batch_size is not None:
        text += (
            f" of {number(loader.batch_size)}"
            if parts
            else f"batches of {number(loader.batch_size)}"
        )
    more = [text] if text else ["iterable, of unknown length"] if data.iterable else []
    more += {True: ["shuffled"], False: ["in order"], None: []}[loader.shuffle]
    if loader.drops > 0:
        more.append(f"the last {counted(loader.drops, 'sample')} dropped")
    if loader.workers > 0:
        more.append(counted(loader.workers, "worker"))
    if data.random:
        more.append(f"random transforms {', '.join(data.random[:4])}")
    return ", ".join(more)


def training(page: Page, found: Seen, names: Names) -> None:
    """A line for each loader that was trained on."""
    chosen = [walks for walks in kinds(found) if walks.role == "training"]
    for i, walks in enumerate(chosen[:MOST_KINDS]):
        text = f"{names.dataset(walks.loader)}: {loader_words(found.loaders.get(walks.loader))}"
        often = f"{_how_often(walks)}{_cut(walks, found)}"
        page.labelled("" if i else "data", f"{text.removesuffix(': ')}; {often}")
    if len(chosen) > MOST_KINDS:
        page.labelled("", f"and {counted(len(chosen) - MOST_KINDS, 'loader')} more")


def others(page: Page, found: Seen, names: Names, words: Words, calls: Sequence[seen.Site]) -> None:
    """A section for each loader that was walked over for something else than training.

    calls: the user's lines that call a framework.
    """
    chosen = [walks for walks in kinds(found) if walks.role != "training"]
    for walks in chosen[:MOST_KINDS]:
        page.blank()
        loader = loader_words(found.loaders.get(walks.loader))
        when = _when(walks.passes, found) if walks.role == "evaluation" else ""
        page.text(
            f"{ROLES.get(walks.role, walks.role)}{when}: {_how_often(walks)} over "
            f"{names.dataset(walks.loader)}"
            + (f", {loader}" if loader else "")
            + _cut(walks, found),
            hang=2,
        )
        words.values, words.several = _loss(walks.passes), False
        last = walks.passes[-1]
        ops = list(last.ops)
        if not any(op.op == "batch" for op in ops):
            ops.insert(0, Op("batch", last.site, {"loader": walks.loader}))
        draw(page, [row_of(op, found, names, words, calls) for op in ops])
        for note in _notes(walks.passes):
            page.text(note, 2, 2)
    if len(chosen) > MOST_KINDS:
        page.blank()
        page.text(f"and {counted(len(chosen) - MOST_KINDS, 'other kind')} of passes")


ROLES = {
    "evaluation": "evaluation",
    "mixed": "training and evaluation in one pass",
    "unused": "read, with no forward",
}


def _how_often(walks: Walks) -> str:
    return counted(len(walks.passes), "pass", "passes")


def _cut(walks: Walks, found: Seen) -> str:
    """Whether passes were given up before the loader's end."""
    known = found.loaders.get(walks.loader)
    length = known.length if known else None
    # Some frameworks count the batches, and never ask for the one that is not there.
    cut = [walk for walk in walks.passes if not (walk.complete or walk.batches == length)]
    if len(cut) == 1:
        last = counted(cut[0].batches, "batch", "batches")
        return f", {'' if len(walks.passes) == 1 else 'one of them '}left after {last}"
    if not cut:
        return ""
    which = "none of them" if len(cut) == len(walks.passes) else f"{number(len(cut))} of them not"
    return f", {which} to the end"


def _loss(passes: Sequence[Pass]) -> str:
    """The mean loss of the first pass, and of the last one."""
    losses = [number(walk.loss, 3) for walk in passes if walk.loss is not None]
    return " -> ".join([losses[0], losses[-1]] if len(losses) > 1 else losses)


def _when(passes: Sequence[Pass], found: Seen) -> str:
    """When evaluations came, as far as training passes tell."""
    ends = [w.last_step for w in found.passes if w.role == "training" and w.last_step > 0]
    at = [walk.step for walk in passes]
    if not ends:
        return ""
    if at == ends:
        return " after each training pass" if len(ends) > 1 else " after the training pass"
    if at == [0, *ends]:
        return " before training and after each training pass"
    if set(at) == {0}:
        return " before training"
    if set(at) == {ends[-1]}:
        return " after training"
    steps = sorted(set(at))
    return f" after {'step' if len(steps) == 1 else 'steps'} {ranges(steps)}"


def _notes(passes: Sequence[Pass]) -> list[str]:
    """What an evaluation did otherwise than one should, in numbers."""
    forwards = sum(max(0, walk.forwards) for walk in passes)
    facts = {
        "in training mode": sum(walk.training_mode for walk in passes),
        "with Dropout or BatchNorm as in training": sum(w.sensitive_training for w in passes),
        "with gradients on": sum(walk.with_grad for walk in passes),
    }
    if any(walk.role != "evaluation" for walk in passes):
        return []
    return [
        f"{number(n)} of {counted(forwards, 'forward')} {what}"
        for what, n in facts.items()
        if n > 0
    ]
