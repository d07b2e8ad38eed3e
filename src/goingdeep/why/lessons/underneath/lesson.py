"""What happens under fastai, Lightning, Keras?

## Short answer
The same five calls: forward, loss, backward, step, clear. A framework owns the loop and makes these
calls for you, at lines of its own. With the same first weights and the same order of batches it ends
with the same weights.

## Asked as
* what does Lightning do, fastai, Keras, skorch, Ignite, Accelerate, Trainer.fit, learner.fit
* frameworks, under the hood, is it the same as a plain PyTorch loop
* where is zero_grad in Lightning

## Sources
* PyTorch, torch.optim: https://docs.pytorch.org/docs/stable/optim.html

## Read next
zero-grad, learning
"""

from __future__ import annotations

from collections.abc import Iterator

from goingdeep.record.answer import Blocks, Table, Text
from goingdeep.record.reading import Seen
from goingdeep.show.numbers import number
from goingdeep.why.lesson import Claim, Judged, Lesson, judged
from goingdeep.why.lessons.underneath.measured import CORE, Found, Ran, measure
from goingdeep.why.places import operations

CLOSE = 1e-5
"""Weights this near, as a share of the largest, differ by the order of sums only."""


def recorded(seen: Seen) -> Iterator[Blocks]:
    """This run's own step."""
    calls = dict.fromkeys(op.op for op in operations(seen) if op.op in CORE)
    if calls:
        yield Text(f"A step of this run: {', '.join(calls)}.")


def see(found: Found) -> Iterator[Blocks]:
    """The calls in order, each with its line, side by side with the plain loop."""
    rows = [(found.plain.name, ", ".join(found.plain.order), "")]
    rows += [
        (ran.name, ", ".join(ran.order) or ran.why, _compared(found.plain, ran))
        for ran in found.frameworks
    ]
    yield Table(
        "the same small training: 48 samples, 6 steps of SGD, the same first weights",
        ("", "one step", "last weights"),
        tuple(rows),
    )
    lines = tuple(
        (ran.name if not i else "", line.call, line.place, line.source)
        for ran in (found.plain, *found.frameworks)
        for i, line in enumerate(ran.lines)
    )
    yield Table("where each call is", ("", "call", "line", "source or function"), lines)
    if found.left:
        yield Text(f"Time was too short for {', '.join(found.left)}.")
    if found.absent:
        yield Text(f"Not installed here: {', '.join(found.absent)}.")


def broken(found: Found) -> Iterator[Blocks]:
    """A framework whose user leaves out the clear."""
    if found.forgetful is not None:
        calls = ", ".join(found.forgetful.order) or found.forgetful.why
        yield Text(
            f"{found.forgetful.name}: a step is {calls}. Nothing is raised, and the weights are "
            f"{_compared(found.plain, found.forgetful)}."
        )


def distance(one: Ran, other: Ran) -> float:
    """The largest difference of two weights, as a share of the largest weight."""
    if len(one.weights) != len(other.weights) or not one.weights:
        return float("inf")
    most = max(abs(w) for w in one.weights)
    return max(abs(a - b) for a, b in zip(one.weights, other.weights, strict=True)) / most


def _compared(plain: Ran, ran: Ran) -> str:
    away = distance(plain, ran)
    if away == 0:
        return "the same bits"
    if away == float("inf"):
        return "not comparable"
    kind = "rounding" if away <= CLOSE else "different"
    return f"{kind}, by {number(away)}"


def _differ(found: Found) -> Judged:
    ran = [one for one in found.frameworks if one.weights]
    if not ran:
        return judged("not measured", "No framework is installed here, or none could be run.")
    bits = sum(distance(found.plain, one) == 0 for one in ran)
    close = [one for one in ran if distance(found.plain, one) <= CLOSE]
    calls = [one for one in ran if set(one.order) == set(found.plain.order)]
    numbers = {"frameworks": len(ran), "same_bits": bits, "close": len(close), "calls": len(calls)}
    said = (
        f"{len(calls)} of {len(ran)} make the same calls in a step, {len(close)} end with the same "
        f"weights to rounding, {bits} of them to the last bit."
    )
    if len(calls) == len(close) == len(ran):
        return judged("false", said, **numbers)
    return judged("half true" if calls or close else "true", said, **numbers)


def _cannot_forget(found: Found) -> Judged:
    forgetful = found.forgetful
    if forgetful is None or not forgetful.weights:
        return judged("not measured", "The framework that this is tried with is not installed.")
    away = distance(found.plain, forgetful)
    numbers = {"clears": forgetful.order.count("clear"), "distance": away}
    if "clear" not in forgetful.order and away > CLOSE:
        return judged(
            "false",
            f"{forgetful.name}: 0 clears in a step, no error, and other weights "
            f"({number(away)} of the largest one away). What you write yourself it does not check.",
            **numbers,
        )
    said = f"{forgetful.name}: {numbers['clears']} clears in a step all the same."
    return judged("true", said, **numbers)


LESSON = Lesson(
    measure=measure,
    recorded=recorded,
    see=see,
    broken=broken,
    claims=(
        Claim("Frameworks do something different from the plain loop.", _differ),
        Claim("A framework cannot forget zero_grad.", _cannot_forget),
    ),
    places=CORE,
)
