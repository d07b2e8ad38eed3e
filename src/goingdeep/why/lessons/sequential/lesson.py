"""What is nn.Sequential?

## Short answer
A list of layers that is itself a layer: each one is given what the one before it gave. It adds no
arithmetic of its own. Where something has to go past a layer (a residual, two inputs, a decision) a
list is not enough, and one writes a forward.

## Asked as
* what is nn.Sequential, what does Sequential do, a container of layers, forward
* more layers, deeper, how does a layer work, neurons, nodes, hidden layer
* a residual connection, skip connection, order of the layers

## Sources
* PyTorch, torch.nn.Sequential: https://docs.pytorch.org/docs/stable/generated/torch.nn.Sequential.html
* PyTorch, torch.nn.Linear: https://docs.pytorch.org/docs/stable/generated/torch.nn.Linear.html

## Read next
activation, flatten
"""

from __future__ import annotations

from collections.abc import Iterator

from goingdeep.record import look
from goingdeep.record.answer import Blocks, Table, Text
from goingdeep.record.reading import Seen
from goingdeep.show.numbers import counted, number, percent
from goingdeep.why.damage import damage
from goingdeep.why.lesson import Claim, Judged, Lesson, judged
from goingdeep.why.lessons.sequential.measured import Branch, Found, measure
from goingdeep.why.scores import in_words

ROUNDING = 1e-4
"""Of the largest output: one matrix is summed in another order than two."""


def recorded(seen: Seen) -> Iterator[Blocks]:
    """How many layers ran, and in which order."""
    for step, close in sorted(seen.looks.items()):
        ran = [f"{c.module} {c.class_name}".strip() for c in close.of(look.LookCall) if c.depth]
        if ran:
            yield Text(f"In step {number(step)} these ran, in this order: {', '.join(ran[:24])}.")
            return


def see(found: Found) -> Iterator[Blocks]:
    """The container unrolled."""
    rows = [
        (row.name, row.kind, row.given, row.gave, f"{row.parameters:,}", f"{row.multiply_adds:,}")
        for row in found.rows[:24]
    ]
    total = sum(row.parameters for row in found.rows), sum(row.multiply_adds for row in found.rows)
    yield Table(
        "every layer of the model",
        ("layer", "", "given", "gave", "parameters", "multiply-adds"),
        tuple(rows),
        "llllrr",
        note=f"together {total[0]:,} parameters; {total[1]:,} multiplications for one sample",
    )
    name = found.container or "the model itself"
    yield Text(
        f"The Sequential ({name}) has {counted(found.layers, 'layer')}. Run one by one by hand they "
        + ("give the same bits." if found.same else "give other numbers.")
    )
    if found.branch is not None:
        yield Text(_cannot_say(found.branch))


def _cannot_say(branch: Branch) -> str:
    if not branch.own:
        return (
            f"What it cannot say: {branch.layer} gives the shape that it is given, so its input could "
            f"be added to its output, a residual. Without the addition {percent(branch.apart)} of that "
            "is missing. There are two ways to one place then, which no list has: it takes a forward "
            "of your own."
        )
    if branch.error:
        return (
            f"What it cannot say: {branch.layer} has a forward of its own. Its layers one after the "
            f"other, as a Sequential would run them, end with {branch.error}"
        )
    return (
        f"What it cannot say: {branch.layer} has a forward of its own. Its layers one after the other, "
        f"as a Sequential would run them, give numbers that are {percent(branch.apart)} of its "
        "output's length away from it."
    )


def broken(found: Found) -> Iterator[Blocks]:
    """The order turned round, and activations put before their layers; activations left out."""
    if found.reversed is not None:
        yield found.reversed
    else:
        yield Text("The same layers in reverse raise nothing here: the mistake is silent.")
    of = found.collapse
    if of is not None:
        yield Text(
            f"Without the activation between them two linear layers, {of.first} and {of.second}, are "
            f"one: their product as a single matrix gives the same outputs to {of.apart:.1e} of the "
            f"largest. With it the two are {number(of.with_activation, 2)} apart."
        )
    trials = [trial for trial in (found.linear, found.swapped) if trial is not None]
    if trials:
        if found.pace.said:
            yield Text(found.pace.said)
        base = found.pace.base.trial
        title = f"{counted(found.activations, 'activation')} left out, or before the layer"
        yield from damage(base.losses, trials, title=title, base=base.name)
    if found.swapped is not None and not found.swapped.error:
        yield Text(
            "An activation before its layer instead of after it raises nothing: in which order the "
            "layers stand nobody checks but their shapes."
        )
    if found.scores is not None:
        one, other = (in_words(score) for score in found.scores)
        ahead = found.linear is not None and found.linear.end < found.pace.base.trial.end
        yield Text(
            f"On {found.judged_by}: {one} with activations, {other} without."
            + " In so few steps the simpler model is ahead; what one matrix cannot tell apart it will "
            "not learn in any number of them." * ahead
        )


def _one_after_the_other(found: Found) -> Judged:
    numbers = {"layers": found.layers, "same": found.same}
    if found.same:
        return judged(
            "true",
            f"Its {counted(found.layers, 'layer')}, called one by one in a for loop, give the same "
            "bits as the container.",
            **numbers,
        )
    return judged(
        "false", f"Its {counted(found.layers, 'layer')} one by one give other numbers.", **numbers
    )


def _all_nodes_then_activation(found: Found) -> Judged:
    of = found.affine
    if of is None:
        return judged("not measured", "This model has no Linear.")
    numbers = {"reads": of.reads, "of": of.of, "negative": of.negative, "by_hand": of.by_hand}
    said = (
        f"One output of {of.layer} is made of {of.reads:,} of the {of.of:,} numbers that the layer "
        f"before it gave, and of no others. x @ W.T + b by hand is the same to {of.by_hand:.1e}, and "
        f"{percent(of.negative)} of its outputs are below zero"
    )
    if of.by_hand > ROUNDING:
        return judged("not measured", f"{said}.", **numbers)
    if of.negative > 0:
        return judged(
            "half true",
            f"{said}: no activation has been applied. That is a layer of its own, or a call in "
            "forward.",
            **numbers,
        )
    return judged("true", f"{said}.", **numbers)


def _more_power(found: Found) -> Judged:
    of = found.collapse
    if of is None:
        return judged(
            "not measured",
            "This container has no two linear layers with an activation between them.",
        )
    numbers = {"apart": of.apart, "with_activation": of.with_activation}
    if of.apart < ROUNDING < of.with_activation:
        return judged(
            "half true",
            f"Not by themselves: {of.first} and {of.second} with nothing between are one matrix, to "
            f"{of.apart:.1e}. With the activation between them they are {number(of.with_activation, 2)}"
            " apart from it: that is where the power comes from.",
            **numbers,
        )
    if of.apart >= ROUNDING:
        return judged("true", f"Two layers differ from their product by {of.apart:.1e}.", **numbers)
    return judged(
        "false", f"With or without activation the two are one matrix, to {of.apart:.1e}.", **numbers
    )


LESSON = Lesson(
    measure=measure,
    recorded=recorded,
    see=see,
    broken=broken,
    claims=(
        Claim("Sequential runs one layer after the other.", _one_after_the_other),
        Claim(
            "A layer takes the output of all nodes before it, then applies the activation.",
            _all_nodes_then_activation,
        ),
        Claim("More layers are more power.", _more_power),
    ),
    places=("model", "forward"),
)
