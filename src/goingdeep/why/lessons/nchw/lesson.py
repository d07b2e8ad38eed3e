"""Why are batches shaped N, C, H, W?

## Short answer
N is how many samples are in this batch, C how many channels each has (1 for grey, 3 for colours), H
and W its height and width. Layers do not know what your axes mean: they count them. Conv2d takes axis
1 for channels and the last two for the picture, and everything that is done to a sample is done to N
of them at once.

## Asked as
* why N C H W, NCHW, NHWC, channels first, channels last, batch dimension, what is N
* shape of a batch, torch.Size, the order of axes, permute or view, unsqueeze(0)
* expected 4D input, expected input to have 1 channels but got 28 channels

## Sources
* PyTorch, torch.nn.Conv2d: https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv2d.html
* PyTorch, torch.permute: https://docs.pytorch.org/docs/stable/generated/torch.permute.html

## Read next
dataset, flatten
"""

from __future__ import annotations

from collections.abc import Iterator

from goingdeep.record import look
from goingdeep.record.answer import Blocks, Table, Text
from goingdeep.record.reading import Seen
from goingdeep.show.numbers import number, percent, spell
from goingdeep.why.damage import damage
from goingdeep.why.lesson import Claim, Judged, Lesson, judged
from goingdeep.why.lessons.nchw.measured import Found, measure

ROUNDING = 1e-4
"""Of outputs: matrices of other sizes are summed in another order."""

DEEPEST = 20
"""Levels of indentation: a record may claim any number."""


def recorded(seen: Seen) -> Iterator[Blocks]:
    """The shapes on the way through the model, and the loaders."""
    for step, close in sorted(seen.looks.items()):
        calls = [c for c in close.of(look.LookCall) if c.inputs and c.outputs]
        rows = [
            (
                "  " * max(0, min(c.depth, DEEPEST)) + f"{c.module} {c.class_name}".strip(),
                spell(c.inputs[0].dtype, c.inputs[0].shape),
                spell(c.outputs[0].dtype, c.outputs[0].shape),
            )
            for c in calls
        ]
        if rows:
            title = f"shapes in step {number(step)}"
            yield Table(title, ("layer", "in", "out"), tuple(rows[:20]), "lll")
            break
    loaders = [
        (
            loader.dataset.class_name,
            number(loader.dataset.length) if loader.dataset.length is not None else "",
            number(loader.batch_size) if loader.batch_size is not None else "",
            number(loader.length) if loader.length is not None else "",
        )
        for loader in seen.loaders.values()
    ]
    if loaders:
        head = ("dataset", "samples", "samples in a batch (N)", "batches")
        yield Table("the loaders", head, tuple(loaders), "lrrr")


def see(found: Found) -> Iterator[Blocks]:
    """The axes of this run's batch, and who reads them."""
    what = ("N, samples in this batch", "C, channels", "H, rows", "W, columns")
    yield Table(
        "the axes of the batch",
        ("axis", "", "length", "stride"),
        tuple(
            (str(i), what[i], str(found.shape[i]), str(found.strides[i])) for i in range(4)
        ),
        "llrr",
        note="stride: how far it is in memory to the next one along this axis",
    )  # fmt: skip
    yield found.batch
    if found.reads:
        yield Table("what the layers read", ("layer", "reads"), tuple(found.reads), "ll")


def broken(found: Found) -> Iterator[Blocks]:
    """Axes in another order."""
    if found.error is not None:
        yield found.error
    elif found.trial is not None:
        yield Text(
            "The same batch as N,H,W,C raises nothing here. With one channel it holds the same numbers "
            "in the same order, and this model joins all axes but the first: it cannot tell."
            if found.same
            else "The same batch as N,H,W,C raises nothing here: the mistake is silent."
        )
        if found.trial.losses == found.recorded:
            yield Text(f"Trained that way, all {len(found.recorded)} losses are the same bits.")
        else:
            yield from damage(found.recorded, [found.trial], title="trained on N,H,W,C")
    yield Text(f"Where the count happens to match nothing is said: {found.silent}")
    yield found.views
    yield Text(
        f"view keeps the numbers in memory where they are and only counts them anew: "
        f"{percent(found.misplaced)} of the values are at another place than after permute."
    )


def _number_of_batches(found: Found) -> Judged:
    n, length = found.shape[0], found.length
    numbers = {"n": n, "batches": length, "batch_size": found.batch_size}
    if not length:
        return judged(
            "not measured", f"N is {n}; this run's record does not know the loader.", **numbers
        )
    if n == length != found.batch_size:
        return judged("true", f"N is {n}, and the loader has {length} batches.", **numbers)
    return judged(
        "false",
        f"N is {n}, the samples in one batch. The number of batches is the loader's length, "
        f"{length:,}; it is in no shape.",
        **numbers,
    )


def _never_matters(found: Found) -> Judged:
    numbers = {"model": found.alone, "batch_norm": found.norm}
    if found.alone > ROUNDING:
        return judged(
            "false",
            f"With half of the batch taken away the other half's outputs change by up to "
            f"{percent(found.alone)} of the largest one: a layer of this model reads axis 0.",
            **numbers,
        )
    if found.norm > ROUNDING:
        return judged(
            "half true",
            f"For this model it is so: half of the batch gives the same outputs to "
            f"{found.alone:.1g}. A BatchNorm2d on this batch would see the difference, up to "
            f"{number(found.norm, 2)}: in training it takes its means over axis 0.",
            **numbers,
        )
    return judged("true", f"Half of the batch gives the same to {found.alone:.1g}.", **numbers)


LESSON = Lesson(
    measure=measure,
    recorded=recorded,
    see=see,
    broken=broken,
    claims=(
        Claim("N is the number of batches.", _number_of_batches),
        Claim("The first dimension never matters to the layers.", _never_matters),
    ),
    places=("batch", "forward", "loader"),
)
