"""What is model.eval() for?

## Short answer
Dropout and BatchNorm do one thing in training and another one in use, and train() and eval() say
which. That is all they do: gradients flow in eval mode too, and weights change if you step. What
leaves out the gradients is torch.no_grad().

## Asked as
* what is model.eval() for, eval mode, train mode, model.train(), do I need eval
* does eval turn off gradients, eval or no_grad, inference_mode
* dropout and batchnorm in testing, why is my test accuracy different every time
* training on the test set, test data leak

## Sources
* PyTorch, torch.nn.Module.eval: https://docs.pytorch.org/docs/stable/generated/torch.nn.Module.html
* PyTorch, Evaluation mode in Autograd mechanics: https://docs.pytorch.org/docs/stable/notes/autograd.html

## Read next
no-grad, batch
"""

from __future__ import annotations

from collections.abc import Iterator

from goingdeep.record import seen as events
from goingdeep.record.answer import Blocks, Table, Text
from goingdeep.record.reading import Seen
from goingdeep.show.numbers import counted, number, percent
from goingdeep.why.damage import damage
from goingdeep.why.lesson import Claim, Judged, Lesson, judged
from goingdeep.why.lessons.eval.measured import REPEATS, Found, measure
from goingdeep.why.scores import Score, Share, better, value_of

ROUNDING = 1e-5


def recorded(seen: Seen) -> Iterator[Blocks]:
    """The modes in which this run's passes were done, and layers that care."""
    rows = [
        (
            walk.role,
            number(walk.forwards),
            number(walk.training_mode),
            number(walk.with_grad),
        )
        for walk in seen.passes[:8]
    ]
    if rows:
        head = ("used for", "forwards", "of them in train mode", "with gradients")
        yield Table("the passes of this run", head, tuple(rows), "lrrr")
    called = {event.class_name for event in seen.of(events.CallMode) if event.class_name}
    if called:
        yield Text(
            f"Layers that behave differently in the two modes ran here: {', '.join(sorted(called))}."
        )


def see(found: Found) -> Iterator[Blocks]:
    """The same batch through both modes."""
    if found.sensitive:
        title = "layers of this model that behave differently in the two modes"
        yield Table(title, ("layer", ""), tuple(found.sensitive[:12]), "ll")
    else:
        yield Text(
            "This model has no Dropout and no BatchNorm. Both modes give the same numbers. eval() "
            "still matters: it costs nothing, and the day one of them is added the test is right."
        )
    yield Table(
        "the same batch twice: largest difference between the outputs, of the largest output",
        ("passes", "difference"),
        (
            ("train mode and eval mode", percent(found.modes)),
            ("train mode and train mode again", percent(found.again)),
        ),
        "lr",
    )
    if found.modes > ROUNDING:
        yield Table(
            "the first sample of this batch, the same weights each time",
            ("output", "train mode", "train mode again", "eval mode"),
            tuple(
                (number(index), *(number(value) for value in values))
                for index, values in found.sample.items()
            ),
            "rrrr",
        )
    yield Table(
        "one batch forward",
        ("", "kept for backward", "time", "outputs have a graph"),
        tuple(
            (
                p.name,
                f"{p.kept / 1024:,.0f} KiB",
                f"{1000 * p.seconds:.2f} ms",
                "yes" if p.tracked else "no",
            )
            for p in found.passes
        ),
        "lrrl",
        note="kept: activations that autograd holds on to, besides weights; time: shortest of "
        f"{REPEATS}",
    )


def broken(found: Found) -> Iterator[Blocks]:
    """Testing in train mode; training in eval mode; training on test data."""
    if found.pace.said:
        yield Text(found.pace.said)
    scores = [value_of(score) for score in found.testing]
    if scores:
        unit = "right" if isinstance(found.good, Share) else "loss"
        yield Table(
            f"the trained model on {found.judged_by}, each time in another order",
            ("", unit),
            (
                ("eval mode, any order", _said(found.good)),
                *((f"train mode, {i}.", _said(score)) for i, score in enumerate(found.testing, 1)),
            ),
            "lr",
            note=f"train mode spreads over {_spread(found)}; BatchNorm's running means moved by "
            f"{percent(found.drift)} of their length by being tested"
            if found.drift
            else f"train mode spreads over {_spread(found)}",
        )
    base = found.pace.base.trial
    yield from damage(base.losses, [found.in_eval], title="trained in eval mode", base=base.name)
    if found.stolen is not None:
        yield Text(
            f"Trained on {found.stolen.samples} test samples by mistake: on these it reports "
            f"{_said(found.stolen.reported)}, on test samples that it has not seen it is "
            f"{_said(found.stolen.honest)}."
        )


def _said(score: Score) -> str:
    return percent(score.value) if isinstance(score, Share) else number(score)


def _spread(found: Found) -> str:
    values = [value_of(score) for score in found.testing]
    apart = max(values) - min(values)
    if isinstance(found.good, Share):
        return f"{100 * apart:.2g} percentage points"
    return number(apart, 2)


def _no_gradients(found: Found) -> Judged:
    if found.gradient > 0:
        graph = next((p for p in found.passes if p.name == "eval mode"), None)
        kept = f" and {graph.kept / 1024:,.0f} KiB were kept for it" if graph else ""
        return judged(
            "false",
            f"A backward in eval mode gave gradients of norm {number(found.gradient)}{kept}. "
            "no_grad() is what turns them off.",
            gradient=found.gradient,
        )
    return judged("true", "A backward in eval mode gave gradients of norm 0.", gradient=0.0)


def _no_changes(found: Found) -> Judged:
    numbers = {"moved": found.moved, "parameters": found.parameters}
    said = f"Trained in eval mode, {found.moved} of {found.parameters} parameters changed"
    if found.moved:
        return judged("false", f"{said}: the optimizer does not ask for the mode.", **numbers)
    return judged("true", f"{said}.", **numbers)


def _no_difference(found: Found) -> Judged:
    numbers = {"modes": found.modes, "without": found.without, "layers": len(found.sensitive)}
    if found.without > ROUNDING:
        return judged(
            "false",
            f"With them taken out the two modes still differ by {percent(found.without)}: something "
            "else in this model asks for its mode.",
            **numbers,
        )
    if found.sensitive:
        return judged(
            "true",
            f"With {counted(len(found.sensitive), 'such layer')} taken out the two modes give the same "
            f"(difference {found.without:.1g}); with them in the outputs differ by up to "
            f"{percent(found.modes)}.",
            **numbers,
        )
    return judged(
        "true",
        f"This model has 0 such layers, and the outputs differ by {found.modes:.1g}. Call it all the "
        "same: a layer that is added later will need it.",
        **numbers,
    )


def _test_data(found: Found) -> Judged:
    of = found.stolen
    if of is None:
        return judged("not measured", "No test part of this run is known.")
    numbers = {
        "reported": value_of(of.reported), "honest": value_of(of.honest), "samples": of.samples,
    }  # fmt: skip
    said = (
        f"Trained on {of.samples} test samples, it reports {_said(of.reported)} on them and is "
        f"{_said(of.honest)} on others"
    )
    if better(of.reported, of.honest):
        return judged(
            "true", f"{said}: the reported number says nothing about new data.", **numbers
        )
    return judged(
        "half true", f"{said}: in so few steps it did not learn them by heart.", **numbers
    )


LESSON = Lesson(
    measure=measure,
    recorded=recorded,
    see=see,
    broken=broken,
    claims=(
        Claim("eval() turns off gradients.", _no_gradients),
        Claim("eval() stops the weights from changing.", _no_changes),
        Claim("Without Dropout and BatchNorm it makes no difference.", _no_difference),
        Claim("Never train on the test data.", _test_data),
    ),
    places=("mode", "forward"),
)
