"""What is learning, what is the loss, what does the optimizer do?

## Short answer
The loss says in one number how wrong the model is on a batch. backward says for every weight which
way the loss goes up; the optimizer moves each weight a little the other way. Done over and over on
ever new batches, the model gets better at samples that it has never seen: that is learning.

## Asked as
* what is learning, training, what is the loss, what does an optimizer do, optimizer.step, SGD
* learning rate too high, too low, gradient descent, maximum likelihood, overfitting
* is a lower training loss a better model

## Sources
* PyTorch, Optimizing model parameters: https://docs.pytorch.org/tutorials/beginner/basics/optimization_tutorial.html
* PyTorch, torch.optim.SGD: https://docs.pytorch.org/docs/stable/generated/torch.optim.SGD.html

## Read next
cross-entropy, zero-grad
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from goingdeep.record import look
from goingdeep.record.answer import Blocks, Table, Text
from goingdeep.record.reading import Seen
from goingdeep.show.numbers import exact, number, percent
from goingdeep.show.worked import worked
from goingdeep.why.damage import damage
from goingdeep.why.lesson import Claim, Judged, Lesson, judged
from goingdeep.why.lessons.learning.measured import FEW, SHARPER, Found, Judge, measure

EQUAL = 1e-3
"""How far the loss may be from the mean of -ln(probability): bfloat16 scores have three digits."""


def recorded(seen: Seen) -> Iterator[Blocks]:
    """One weight's way through the run's first step, from its close look."""
    for step, close in sorted(seen.looks.items()):
        for taken in close.of(look.LookStep):
            for weight in taken.weights[:1]:
                lines = worked(weight, taken.class_name, {**taken.settings, **weight.settings})
                text = "\n".join([*lines, f"PyTorch {exact(weight.after)}"])
                yield Text(f"One weight in step {number(step)}, by hand ({taken.class_name}):")
                yield Text(text, code=True)
                return


def see(found: Found) -> Iterator[Blocks]:
    """One step, and what the loss means."""
    yield Table(
        "the same batch before and after one step on it",
        ("", "loss"),
        (("before", number(found.before, 6)), ("after", number(found.after, 6))),
        "lr",
        note=f"the step changed {found.moved:,} of the model's {found.numbers:,} numbers",
    )
    if found.weight:
        yield Text("One of its weights over that step, by hand:")
        yield Text("\n".join(found.weight), code=True)
    if found.likelihood is not None:
        of = found.likelihood
        yield Text(
            f"The mean of -ln(probability of the right class) over the batch is {of.nll:.4f}, and "
            f"exp(-{of.nll:.4f}) = {of.geometric:.4f} is the typical (geometric mean) probability "
            f"given to the right class. Guessing among {of.classes} classes gives 1/{of.classes}, "
            f"a loss of ln({of.classes}) = {math.log(of.classes):.4f}."
        )


def broken(found: Found) -> Iterator[Blocks]:
    """No step, uphill, and learning rates that are far off; then samples learned by heart."""
    yield from damage(found.recorded, found.trials, title="the same batches, other steps")
    if found.pace.said:
        yield Text(found.pace.said.replace("All of these", "The next table is"))
    yield Table(
        f"two trainings, each of {len(found.pace.base.trial.losses)} steps",
        ("", "loss on its own", f"loss on {found.judged_by}", "right"),
        (
            ("before", "", number(found.start.loss), _right(found.start)),
            ("on ever new batches", number(found.end_loss), number(found.end.loss), _right(found.end)),
            (f"on the same {FEW} samples", number(found.few_loss), number(found.few.loss),
             _right(found.few)),
        ),
        "lrrr",
    )  # fmt: skip


def _right(judge: Judge) -> str:
    return percent(judge.right.value) if judge.right is not None else ""


def _minimising(found: Found) -> Judged:
    base, still = found.pace.base.trial, found.trials[0]
    numbers = {
        "end": base.end, "no_step": still.end, "unseen_before": found.start.loss,
        "unseen_after": found.end.loss,
    }  # fmt: skip
    said = (
        f"With the optimizer's steps the loss ends at {number(base.end)}, without them at "
        f"{number(still.end)}; on {found.judged_by} it went from {number(found.start.loss)} to "
        f"{number(found.end.loss)}."
    )
    if not base.end < still.end and not found.pace.learns:
        steps = f"these {len(base.losses)} steps are too few or too large to make the loss smaller."
        return judged("not measured", f"{said} At no learning rate tried: {steps}", **numbers)
    if not base.end < still.end:
        return judged("false", f"{said} Here the steps did not make it smaller.", **numbers)
    if found.end.loss < found.start.loss:
        return judged(
            "true",
            f"{said} It got better at samples that it was not trained on, which is the point.",
            **numbers,
        )
    return judged(
        "half true",
        f"{said} The loss was made smaller, and nothing was learned by that.",
        **numbers,
    )


def _likelihood(found: Found) -> Judged:
    of = found.likelihood
    if of is None:
        return judged("not measured", "This loop's loss is not over classes.")
    numbers = {"loss": of.loss, "nll": of.nll}
    pairs = ((of.loss, of.nll), of.sharp)
    if all(abs(loss - nll) <= EQUAL * max(1.0, abs(nll)) for loss, nll in pairs):
        return judged(
            "true",
            f"The loss {of.loss:.4f} is the mean of -ln(probability of the right class), "
            f"{of.nll:.4f}: to make it small is to make the product of these probabilities large.",
            **numbers,
        )
    return judged(
        "half true",
        f"This loop's loss is {of.loss:.4f}, the mean of -ln(probability of the right class) is "
        f"{of.nll:.4f}; for scores {SHARPER} times as large {of.sharp[0]:.4f} and {of.sharp[1]:.4f}. "
        "Label smoothing or class weights ask for something else as well.",
        **numbers,
    )


def _lower_is_better(found: Found) -> Judged:
    numbers = {
        "few_train": found.few_loss, "few_unseen": found.few.loss, "end_train": found.end_loss,
        "end_unseen": found.end.loss,
    }  # fmt: skip
    said = (
        f"Trained on the same {FEW} samples again and again, the loss on them is "
        f"{number(found.few_loss)}, and {number(found.few.loss)} on {found.judged_by}; trained on "
        f"ever new batches they are {number(found.end_loss)} and {number(found.end.loss)}."
    )
    lower, worse = found.few_loss < found.end_loss, found.few.loss > found.end.loss
    if lower and worse:
        return judged(
            "false", f"{said} The lower training loss belongs to the worse model.", **numbers
        )
    if lower:
        return judged("true", f"{said} The lower one is the better one, on this run.", **numbers)
    return judged(
        "half true",
        f"{said} The few could not be learned by heart in so few steps; the two orders agree.",
        **numbers,
    )


LESSON = Lesson(
    measure=measure,
    recorded=recorded,
    see=see,
    broken=broken,
    claims=(
        Claim("Learning is minimising the loss with an optimizer.", _minimising),
        Claim("Minimising cross-entropy is maximum likelihood.", _likelihood),
        Claim("A lower training loss means a better model.", _lower_is_better),
    ),
    places=("loss", "backward", "step", "optimizer"),
)
