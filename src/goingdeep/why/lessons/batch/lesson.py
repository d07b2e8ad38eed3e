"""Why batches, why shuffle, how large?

## Short answer
The gradient of one sample points nearly anywhere, that of all samples is right and costs a whole
pass. A batch is between: its gradient is cheap and points roughly the right way. Shuffling makes each
batch a fair sample of the whole; the larger it is the better its direction, and the fewer steps you
take for the same work.

## Asked as
* why batches, mini-batch, batch size, how large should a batch be, batch_size=64
* why shuffle, shuffle=True, sorted labels, order of the samples
* stochastic gradient descent, noise, bigger batches, one sample at a time

## Sources
* PyTorch, torch.utils.data: https://docs.pytorch.org/docs/stable/data.html
* PyTorch, Datasets and DataLoaders: https://docs.pytorch.org/tutorials/beginner/basics/data_tutorial.html

## Read next
dataset, learning
"""

from __future__ import annotations

from collections.abc import Iterator

from goingdeep.record.answer import Blocks, Table, Text
from goingdeep.record.reading import Seen
from goingdeep.show.numbers import number, percent
from goingdeep.why.damage import damage
from goingdeep.why.lesson import Claim, Judged, Lesson, judged
from goingdeep.why.lessons.batch.measured import DRAWS, Found, Sized, measure
from goingdeep.why.scores import Score, Share, better, value_of


def recorded(seen: Seen) -> Iterator[Blocks]:
    """The loaders, and how well their batches were mixed."""
    rows = []
    for loader in seen.loaders.values():
        walk = next((w for w in seen.passes if w.loader == loader.id), None)
        labels = walk.labels if walk is not None else None
        rows.append(
            (
                loader.dataset.class_name,
                number(loader.batch_size) if loader.batch_size is not None else "",
                number(loader.length) if loader.length is not None else "",
                {True: "yes", False: "no", None: "unknown"}[loader.shuffle],
                f"{number(labels.distinct, 3)} of {number(labels.expected, 3)}" if labels else "",
            )
        )
    if rows:
        yield Table(
            "the loaders of this run",
            ("dataset", "batch size", "batches", "shuffled", "labels in it"),
            tuple(rows),
            "lrrll",
        )


def see(found: Found) -> Iterator[Blocks]:
    """How well a batch's gradient points, and what it costs."""
    yield Table(
        f"the gradient of a few samples against that of {found.samples:,}: cosine, {DRAWS} draws each",
        ("samples", "mean", "lowest", "highest", "time for one sample"),
        tuple(
            (
                f"{d.size:,}",
                f"{d.mean:.3f}",
                f"{d.low:.3f}",
                f"{d.high:.3f}",
                f"{1e6 * d.seconds:,.0f} us",
            )
            for d in found.directions
        ),
        "rrrrr",
        note="1 points exactly the same way, 0 is at right angles; time: of forward and backward",
    )


def broken(found: Found) -> Iterator[Blocks]:
    """Labels in order; the same samples in other sizes."""
    if found.pace.said:
        yield Text(found.pace.said)
    base = found.pace.base.trial
    if found.ordered is not None:
        yield from damage(base.losses, [found.ordered], title="labels in order", base=base.name)
        shuffled, ordered = found.distinct
        yield Text(
            f"A batch has {number(shuffled, 3)} different labels as recorded and {number(ordered, 3)} "
            f"in order. On {found.judged_by}: {_said(found.mixed)} as recorded, "
            f"{_said(found.ordered_score)} with labels in order."
        )
    yield Table(
        f"the same {found.samples:,} samples once, at the same learning rate",
        ("batch size", "steps", "samples", f"on {found.judged_by}", ""),
        tuple(
            (
                f"{s.size:,}",
                f"{s.steps:,}",
                f"{s.samples:,}",
                _said(s.score),
                _remark(s, found.samples),
            )
            for s in found.sizes
        ),
        "rrrrl",
    )


def _remark(sized: Sized, samples: int) -> str:
    if sized.trial.error:
        return f"stopped: {sized.trial.error}"
    if sized.trial.bad_step:
        return f"not finite from step {sized.trial.bad_step} on"
    return "time ran out" if sized.samples < samples else ""


def _said(score: Score) -> str:
    return f"{percent(score.value)} right" if isinstance(score, Share) else f"loss {number(score)}"


def _bigger_is_better(found: Found) -> Judged:
    # One at a time may not be through in time: less work is no comparison.
    rows = [s for s in sorted(found.sizes, key=lambda s: s.size) if s.samples == found.samples]
    if len(rows) < 2:
        return judged("not measured", f"Only {len(rows)} of the sizes was through in time.")
    numbers = {f"batches_of_{s.size}": value_of(s.score) for s in rows}
    said = ", ".join(f"{_said(s.score)} with {s.size:,} ({s.steps:,} steps)" for s in rows)
    largest, others = rows[-1], rows[:-1]
    whole = f"The same samples once: {said}."
    if _learned_nothing(found, *(s.score for s in rows)):
        return judged("not measured", f"{whole} {TOO_LITTLE}", **numbers)
    if any(better(other.score, largest.score) for other in others):
        return judged(
            "false", f"{whole} The largest batch has the best direction, and takes the fewest steps.",
            **numbers,
        )  # fmt: skip
    if all(better(largest.score, other.score) for other in others):
        return judged("true", f"{whole} Here the largest was the best.", **numbers)
    return judged(
        "half true", f"{whole} No difference beyond chance to the largest one.", **numbers
    )


TOO_LITTLE = "None of these is better than guessing: there was too little training to tell."


def _learned_nothing(found: Found, *scores: Score) -> bool:
    return found.guessing is not None and not any(better(s, found.guessing) for s in scores)


def _cosmetic(found: Found) -> Judged:
    if found.ordered is None:
        return judged("not measured", "There are no classes to sort the samples by.")
    numbers = {"shuffled": value_of(found.mixed), "in_order": value_of(found.ordered_score)}
    said = (
        f"As recorded {_said(found.mixed)}, with the same samples in the order of their labels "
        f"{_said(found.ordered_score)}"
    )
    if _learned_nothing(found, found.mixed, found.ordered_score):
        return judged("not measured", f"{said}. {TOO_LITTLE}", **numbers)
    if found.ordered.bad_step or better(found.mixed, found.ordered_score):
        return judged("false", f"{said}: each stretch of one label unlearns the others.", **numbers)
    if better(found.ordered_score, found.mixed):
        return judged("half true", f"{said}: here the order helped.", **numbers)
    return judged("true", f"{said}: on this run no difference beyond chance.", **numbers)


LESSON = Lesson(
    measure=measure,
    recorded=recorded,
    see=see,
    broken=broken,
    claims=(
        Claim("Bigger batches are always better.", _bigger_is_better),
        Claim("Shuffling is cosmetic.", _cosmetic),
    ),
    places=("loader", "batch"),
)
