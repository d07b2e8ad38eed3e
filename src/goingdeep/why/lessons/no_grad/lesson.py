"""Why no_grad when testing?

## Short answer
Every forward builds a graph and keeps what a backward would need. When testing no backward follows, so
it is built for nothing. `torch.no_grad()` builds none. It is something else than `eval()`, which
switches Dropout and BatchNorm; a test wants both.

## Asked as
* why torch.no_grad, what does no_grad do, with torch.no_grad(), inference_mode
* out of memory when testing, memory grows, total_loss += loss, loss.item()
* difference between no_grad and eval

## Sources
* PyTorch, torch.no_grad: https://docs.pytorch.org/docs/stable/generated/torch.no_grad.html
* PyTorch, Autograd mechanics: https://docs.pytorch.org/docs/stable/notes/autograd.html

## Read next
eval, zero-grad
"""

from __future__ import annotations

from collections.abc import Iterator

from goingdeep.record.answer import Blocks, Curve, Figure, Table, Text
from goingdeep.record.reading import Seen
from goingdeep.show.numbers import counted, number
from goingdeep.why.lesson import Claim, Judged, Lesson, judged
from goingdeep.why.lessons.no_grad.measured import Found, measure

MIB = 1024 * 1024


def recorded(seen: Seen) -> Iterator[Blocks]:
    """How each pass that was no training was run."""
    rows = []
    for found in seen.passes:
        if found.role != "training" and found.forwards:
            grad = found.with_grad
            rows.append((number(found.id), number(found.forwards), number(grad)))
    if rows:
        yield Table(
            "passes without a training step",
            ("pass", "forwards", "of them with gradients recorded"),
            tuple(rows[:8]),
            "rrr",
        )


def see(found: Found) -> Iterator[Blocks]:
    """Graph, memory and time of the same pass."""
    rows = tuple(
        (
            way.name,
            "yes" if way.requires_grad else "no",
            number(way.nodes),
            number(way.bytes / MIB),
            number(way.seconds * 1e3),
        )
        for way in found.ways
    )
    yield Table(
        "one batch through the model",
        ("", "gradients", "graph nodes", "kept, MiB", "ms"),
        rows,
        "llrrr",
        note=f"kept: for a backward; parameters ({number(found.weights / MIB)} MiB) are not counted; "
        "ms: the fastest of some, on a machine that others use too",
    )
    if found.first:
        yield Text(f"On the graph, from the output down: {', '.join(found.first)}.")


def broken(found: Found) -> Iterator[Blocks]:
    """A loss tensor that is kept keeps its graph."""
    length = len(next(iter(found.alive.values())))
    yield Figure(
        "a test without no_grad: what is kept after each batch",
        tuple(
            Curve(name, tuple(value / MIB for value in values))
            for name, values in found.alive.items()
        ),
        x="batch",
        y="MiB",
        xs=tuple(float(i) for i in range(1, length + 1)),
    )
    kept, freed = (values[-1] for values in found.alive.values())
    yield Text(
        f"After {length} batches {number(kept / MIB)} MiB are kept where the loss tensor was added "
        f"up: each has hold of its graph. With loss.item() it is {number(freed / MIB)} MiB."
    )


def _same(found: Found) -> Judged:
    evaluated, under = found.ways[1], found.ways[2]
    numbers = {"nodes_eval": evaluated.nodes, "nodes_no_grad": under.nodes}
    if evaluated.nodes == under.nodes:
        said = f"Here both leave a graph of {counted(under.nodes, 'node')}."
        return judged("true", said, **numbers)
    switched = (
        f"And no_grad leaves {' and '.join(found.sensitive)} as in training: other outputs."
        if found.training_mode and found.sensitive
        else "What eval() switches (Dropout, BatchNorm) this model does not have."
    )
    return judged(
        "false",
        f"In eval mode a pass still builds a graph of {counted(evaluated.nodes, 'node')}, under "
        f"no_grad one of {under.nodes}. {switched}",
        **numbers,
    )


def _changes(found: Found) -> Judged:
    evaluated, training = found.changed
    numbers = {
        "changed_eval": evaluated, "changed_training": training, "gradients": found.gradients,
    }  # fmt: skip
    if evaluated:
        said = f"{evaluated} of {found.tensors} tensors of the model changed."
        return judged("true", said, **numbers)
    if training:
        return judged(
            "half true",
            f"In eval mode {evaluated} of {found.tensors} tensors of the model changed. In training "
            f"mode {training} did: the statistics of BatchNorm, with or without no_grad.",
            **numbers,
        )
    return judged(
        "false",
        f"{evaluated} of {found.tensors} tensors of the model changed, and {found.gradients} "
        "parameters have a gradient: only a step changes weights, and only backward makes gradients.",
        **numbers,
    )


def _saves(found: Found) -> Judged:
    evaluated, under = found.ways[1], found.ways[2]
    numbers = {"bytes_with": evaluated.bytes, "bytes_without": under.bytes}
    said = (
        f"{number(evaluated.bytes / MIB)} MiB are kept for one batch with gradients, "
        f"{number(under.bytes / MIB)} under no_grad."
    )
    return judged("true" if under.bytes < evaluated.bytes else "false", said, **numbers)


LESSON = Lesson(
    measure=measure,
    recorded=recorded,
    see=see,
    broken=broken,
    claims=(
        Claim("no_grad and eval do the same.", _same),
        Claim("Without no_grad testing changes the weights.", _changes),
        Claim("no_grad saves memory.", _saves),
    ),
    places=("forward", "loss", "mode"),
)
