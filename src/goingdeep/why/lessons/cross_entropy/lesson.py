"""Why cross-entropy, and not squared or absolute error?

## Short answer
Cross-entropy is minus the logarithm of the probability that the model gives to the right class. The
surer a model is of something wrong, the harder it pulls, while the pull of a squared or absolute
error on probabilities fades away there. And minimising it is what maximum likelihood asks for.

## Asked as
* why cross entropy, why not mse, mean squared error, L1, L2, distance for classification
* nn.CrossEntropyLoss, nll_loss, softmax, logits, log likelihood, how is the loss computed
* should I apply softmax before the loss, double softmax, label smoothing, one-hot

## Sources
* PyTorch, torch.nn.CrossEntropyLoss: https://docs.pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html
* PyTorch, torch.nn.functional.cross_entropy: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.cross_entropy.html

## Read next
learning, zero-grad
"""

from __future__ import annotations

from collections.abc import Iterator

from goingdeep.record import look
from goingdeep.record.answer import Blocks, Table, Text, Verdict
from goingdeep.record.reading import Seen
from goingdeep.show.numbers import as_float, exact, number, percent
from goingdeep.why.damage import damage
from goingdeep.why.lesson import Claim, Judged, Lesson, judged
from goingdeep.why.lessons.cross_entropy.measured import Found, measure

ROUNDING = 1e-4
"""How far a loss by hand may be from float32's, of the larger of 1 and the loss."""
MOST_CLASSES = 12


def recorded(seen: Seen) -> Iterator[Blocks]:
    """The loss at each close look, and how often the right class had the highest score."""
    rows = []
    for step, close in sorted(seen.looks.items()):
        for loss in close.of(look.LookLoss)[:1]:
            value = as_float(loss.value)
            if value is not None and loss.function in {"cross_entropy", "nll_loss"}:
                rows.append((number(step), number(value), _likelihood(value)))
    if rows:
        yield Table(
            "the loss at the steps that were looked at closely",
            ("step", "loss", "exp(-loss): typical probability of the right class"),
            tuple(rows[:12]),
            "rrr",
        )


def _likelihood(loss: float) -> str:
    import math

    return percent(math.exp(-loss)) if loss > -1 else ""


def see(found: Found) -> Iterator[Blocks]:
    """One sample from scores to loss to gradient."""
    total = sum(found.probabilities)
    rows = [
        (
            f"{k}{' (its label)' if k == found.label else ''}",
            number(found.scores[k]),
            number(found.probabilities[k]),
            number(found.gradient[k]),
            number(found.expected[k]),
        )
        for k in _shown(found)
    ]
    yield Table(
        f"sample {found.sample} of the moment's first batch: of all, it has the largest loss",
        ("class", "score", "softmax", "gradient by PyTorch", "softmax - onehot"),
        tuple(rows),
        "lrrrr",
        note=f"the {len(found.probabilities)} probabilities add up to {number(total)}",
    )
    yield Text(
        f"Its loss is -ln({exact(found.probabilities[found.label])}): by hand "
        f"{found.by_hand:.4f}, PyTorch {found.pytorch:.4f}."
    )
    yield Text(
        f"The loss of the whole batch is the mean, {found.batch:.4f}; exp(-{found.batch:.4f}) = "
        f"{found.geometric:.4f} is the geometric mean of the probabilities of the right classes. "
        f"Guessing among {found.classes} classes has ln({found.classes}) = "
        f"{_log(found.classes):.4f}."
    )
    yield Table(
        "the same sample, had it been given the right class this probability: how hard each loss "
        "pulls at that class's score",
        ("probability", "cross-entropy", "squared error", "absolute error"),
        tuple(
            (percent(p.right), *(f"{v:.2g}" for v in (p.cross_entropy, p.squared, p.absolute)))
            for p in found.pulls
        ),
        "rrrr",
        note="squared and absolute error of the probabilities, summed over classes",
    )


def _shown(found: Found) -> list[int]:
    """All classes, or the label and those with the highest scores."""
    order = sorted(range(found.classes), key=lambda k: (k != found.label, -found.scores[k]))
    return sorted(order[:MOST_CLASSES])


def _log(classes: int) -> float:
    import math

    return math.log(classes)


def broken(found: Found) -> Iterator[Blocks]:
    """The moment trained by other losses, all measured by cross-entropy."""
    base = found.pace.base.trial
    if found.pace.said:
        yield Text(found.pace.said)
    title = "trained by another loss, measured by the recorded one"
    yield from damage(base.losses, found.trials, title=title, base=base.name)
    yield Table(
        f"right, of {next(iter(found.shares.values())).count} {found.judged_by}, after these steps",
        ("trained by", "right"),
        tuple(
            ("cross-entropy" if name == base.name else name, percent(share.value))
            for name, share in found.shares.items()
        ),
        "lr",
    )
    yield Text(
        f"With one-hot floats instead of labels the loss is {found.one_hot[1]:.6f}, with labels "
        f"{found.one_hot[0]:.6f}: the same but for rounding, and more work."
        if abs(found.one_hot[0] - found.one_hot[1]) < ROUNDING
        else f"With one-hot floats the loss is {found.one_hot[1]:.6f}, with labels "
        f"{found.one_hot[0]:.6f}."
    )


def _same_distance(found: Found) -> Judged:
    near, far = found.distances.absolute
    near2, far2 = found.distances.squared
    numbers = {"l1_near": near, "l1_far": far, "l2_near": near2, "l2_far": far2}
    tell = abs(near - far) > ROUNDING and abs(near2 - far2) > ROUNDING
    if not tell:
        return judged(
            "true", f"Both are {number(near)} away by L1 and {number(near2)} by L2.", **numbers
        )
    wrong = found.pulls[-1]
    return judged(
        "false",
        f"They can: by L1 {near:.1f} and {far:.1f}, by squared distance {near2:.2f} and {far2:.2f}. "
        f"What differs is the gradient of a confidently wrong sample: at {percent(wrong.right)} for "
        f"the right class cross-entropy pulls with {wrong.cross_entropy:.2g}, squared error with "
        f"{wrong.squared:.2g}.",
        **numbers,
    )


def _takes_probabilities(found: Found) -> Judged:
    if found.perfect < ROUNDING:
        return judged(
            "true",
            f"Given probabilities that are exactly right, the loss is {number(found.perfect)}.",
            perfect=found.perfect,
        )
    return judged(
        "false",
        "It takes scores and does the softmax itself. Given probabilities that are exactly right, 1 "
        f"for the label and 0 elsewhere, it still says {found.perfect:.4f}, as if the model were "
        "unsure; it can never get lower.",
        perfect=found.perfect,
    )


def _only_differentiable(found: Found) -> Judged:
    others = {name: value for name, value in found.slopes.items() if name != "cross-entropy"}
    said = ", ".join(f"{name} {number(value)}" for name, value in found.slopes.items())
    verdict: Verdict = "false" if all(value > 0 for value in others.values()) else "true"
    return judged(
        verdict,
        f"The norm of all gradients for the first batch: {said}."
        + (" The others have slopes too; theirs are others." if verdict == "false" else ""),
        **{name.replace(" ", "_"): value for name, value in found.slopes.items()},
    )


def _for_classes(found: Found) -> Judged:
    base, other = found.shares[found.pace.base.trial.name], found.shares.get("squared error")
    numbers = {"gradient_of_a_regression": found.single, "cross_entropy": base.value}
    regression = (
        f"For a single number it is of no use: a softmax over one output is always 1, the norm of "
        f"the gradients is {number(found.single)}."
        if found.single < ROUNDING
        else f"Over a single output its gradients have the norm {number(found.single)}."
    )
    if other is None:
        return judged("half true", f"{regression} Squared error could not be compared.", **numbers)
    numbers["squared_error"] = other.value
    compared = (
        f"For these classes {percent(base.value)} are right after {len(found.pace.base.trial.losses)} "
        f"steps with cross-entropy and {percent(other.value)} with squared error"
    )
    if found.single < ROUNDING and base.clearly_above(other):
        return judged("true", f"{compared}. {regression}", **numbers)
    if found.single < ROUNDING:
        beyond = " (no difference beyond chance)" * (not other.clearly_above(base))
        return judged("half true", f"{compared}{beyond}. {regression}", **numbers)
    return judged("false", f"{compared}. {regression}", **numbers)


LESSON = Lesson(
    measure=measure,
    recorded=recorded,
    see=see,
    broken=broken,
    claims=(
        Claim(
            "For the label [1, 0], [0.8, 0.2] and [0.6, 0.4] are the same distance away and L1/L2 "
            "cannot tell them apart.",
            _same_distance,
        ),
        Claim("Cross-entropy takes probabilities.", _takes_probabilities),
        Claim("Only cross-entropy is differentiable.", _only_differentiable),
        Claim("It is better for classification than for regression.", _for_classes),
    ),
    places=("loss", "forward"),
)
