"""Why an activation function?

## Short answer
A layer of weights multiplies and adds, and two such layers in a row are one such layer: however many
there are, the whole is a straight line. The activation between them bends it. ReLU does so by turning
everything below zero into zero.

## Asked as
* why ReLU, what does an activation function do, nonlinearity, nn.ReLU, sigmoid, tanh
* vanishing gradients, dead neurons, dying ReLU, share of zeros
* what happens without activation functions

## Sources
* PyTorch, torch.nn.ReLU: https://docs.pytorch.org/docs/stable/generated/torch.nn.ReLU.html
* PyTorch, torch.nn.Sigmoid: https://docs.pytorch.org/docs/stable/generated/torch.nn.Sigmoid.html

## Read next
sequential, learning
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from goingdeep.record import look
from goingdeep.record.answer import Blocks, Curve, Figure, Table, Text
from goingdeep.record.reading import Seen
from goingdeep.show.numbers import number, percent, spell
from goingdeep.why.damage import damage
from goingdeep.why.lesson import Claim, Judged, Lesson, judged
from goingdeep.why.lessons.activation.measured import Found, measure

KINDS = frozenset(("ReLU", "LeakyReLU", "GELU", "SiLU", "ELU", "Sigmoid", "Tanh", "Softplus"))
STRAIGHT = 1e-5
"""How far from a straight line rounding alone may bring a model, as a share of its outputs."""
FADED = 1e-2
"""A first layer's gradient this much smaller than the last one's hardly moves it."""


def recorded(seen: Seen) -> Iterator[Blocks]:
    """The activations that ran, at the first close look."""
    for step, close in sorted(seen.looks.items()):
        rows = [
            (call.module, call.class_name, spell(call.outputs[0].dtype, call.outputs[0].shape))
            for call in close.of(look.LookCall)
            if call.class_name in KINDS and call.outputs
        ]
        if rows:
            yield Table(
                f"activations in step {number(step)}", ("layer", "kind", "gives"), tuple(rows[:12])
            )
        return


def see(found: Found) -> Iterator[Blocks]:
    """Ranges and zeros before and after, a histogram."""
    rows = tuple(
        (
            f"{layer.name} ({layer.kind})",
            _range(layer.before),
            _range(layer.after),
            percent(layer.zeros_before),
            percent(layer.zeros),
        )
        for layer in found.layers[:12]
    )
    yield Table(
        "each activation, on the moment's first batch",
        ("layer", "before: min, mean, max", "after: min, mean, max", "zeros before", "zeros after"),
        rows,
        "lllrr",
    )
    first = found.layers[0]
    yield Figure(
        f"values before and after layer {first.name} ({first.kind})",
        (
            Curve("before", tuple(float(n) for n in found.counts[0])),
            Curve("after", tuple(float(n) for n in found.counts[1])),
        ),
        x="value",
        y="how many",
        xs=tuple(found.edges),
        log=False,
    )
    with_, without = found.bent
    if math.isfinite(with_):
        yield Text(
            "Is the model a straight line? Then the output for a mean of two inputs is the mean of "
            f"their outputs. It is off by {number(with_)} of its size as it is, and by "
            f"{number(without)} with identity in place of every activation."
        )


def _range(values: tuple[float, float, float]) -> str:
    return ", ".join(number(v) for v in values)


def broken(found: Found) -> Iterator[Blocks]:
    """Identity and Sigmoid in their place; a deep stack."""
    if found.pace.said:
        yield Text(found.pace.said)
    base = found.pace.base.trial
    yield from damage(base.losses, found.trials, title="other activations", base=base.name)
    depth = len(next(iter(found.stacks.values())))
    yield Figure(
        f"a stack of {depth} layers: how long each layer's gradient is",
        tuple(Curve(name, tuple(values)) for name, values in found.stacks.items()),
        x="layer",
        y="norm",
        xs=tuple(float(i) for i in range(1, depth + 1)),
        log=True,
        note="each Sigmoid passes back at most a quarter of the gradient it is given",
    )
    pushed = found.pushed
    if pushed is not None:
        yield Text(
            f"One of the {pushed.units} units of layer {pushed.layer} pushed far below zero, as a "
            f"step that is too long can do: its own gradient is {number(pushed.gradient)}, that of "
            f"the others {number(pushed.others)}. Nothing brings it back."
        )


def _taken_in(found: Found) -> Judged:
    count, taken = len(found.layers), sum(layer.taken_in for layer in found.layers)
    numbers = {"activations": count, "taken_in": taken}
    if taken == count:
        said = f"What comes out of {taken} of {count} activations is what the next layer is given, "
        return judged("true", said + "bit for bit.", **numbers)
    said = f"So it is for {taken} of {count} activations; the others are added to or joined first."
    return judged("half true" if taken else "false", said, **numbers)


def _can_die(found: Found) -> Judged:
    pushed = found.pushed
    if pushed is None:
        return judged("not measured", "No ReLU here follows a layer with a bias.")
    numbers = {
        "silent": pushed.silent, "units": pushed.units, "gradient": pushed.gradient,
        "others": pushed.others,
    }  # fmt: skip
    now = f"{pushed.silent} of {pushed.units} units are zero for every sample of this batch"
    if pushed.gradient == 0 < pushed.others:
        return judged(
            "true",
            f"A unit pushed below zero for every input has a gradient of exactly 0, the others one "
            f"of {number(pushed.others)}. As it is, {now}.",
            **numbers,
        )
    said = f"A unit pushed below zero still has a gradient of {number(pushed.gradient)}; {now}."
    return judged("false", said, **numbers)


def _straight(found: Found) -> Judged:
    with_, without = found.bent
    numbers = {"bent_with": with_, "bent_without": without}
    if not math.isfinite(without):
        return judged("not measured", "The inputs are no numbers that a mean can be taken of.")
    if without <= STRAIGHT:
        return judged(
            "true",
            f"Off a straight line by {number(without)} of its size without them, which is rounding, "
            f"and by {number(with_)} with them.",
            **numbers,
        )
    return judged(
        "half true",
        f"Without them it is still {number(without)} off a straight line (with them {number(with_)}): "
        "another layer bends it, such as a maximum.",
        **numbers,
    )


def _sigmoid(found: Found) -> Judged:
    ratios = {name: values[0] / max(values[-1], 1e-300) for name, values in found.stacks.items()}
    said = (
        f"In a stack of {len(found.stacks['Sigmoid'])} layers the first layer's gradient is "
        f"{number(ratios['Sigmoid'])} of the last one's with Sigmoid, and {number(ratios['ReLU'])} "
        "with ReLU."
    )
    faded = ratios["Sigmoid"] < FADED * ratios["ReLU"]
    return judged(
        "false" if faded else "true", said, sigmoid=ratios["Sigmoid"], relu=ratios["ReLU"]
    )


LESSON = Lesson(
    measure=measure,
    recorded=recorded,
    see=see,
    broken=broken,
    claims=(
        Claim("The activation is what the next layer takes in.", _taken_in),
        Claim("Without activations a deep network is one straight line.", _straight),
        Claim("ReLU units can die.", _can_die),
        Claim("In a deep network any activation will do.", _sigmoid),
    ),
    places=("model", "forward"),
)
