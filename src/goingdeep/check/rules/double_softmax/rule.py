"""Cross-entropy is given probabilities: softmax is applied twice.

## What happens
`cross_entropy` (and `nn.CrossEntropyLoss`) applies log-softmax itself and expects raw scores.
Here its input had been through softmax already: every row is non-negative and sums to 1.

## Why it hurts
The scores that the loss sees all lie between 0 and 1, so it can never become small. With 10
classes a perfect answer still costs 1.46 nats. Gradients are squeezed, training is slow and stops
early, and the model stays unsure of itself. It does learn, so nobody suspects the loss.

## How to fix it
Give the loss what the last linear layer says, and use softmax only where probabilities are shown:

    logits = model(inputs)
    loss = nn.functional.cross_entropy(logits, labels)
    probabilities = logits.softmax(dim=1)

## When it is fine
Probabilities as *targets* (soft labels, distillation) are the second argument and are no mistake.
Log-softmax before cross-entropy changes nothing (it is its own log-softmax) and gives a hint
only.

## Sources
Lightning-Universe/lightning-bolts#654, Lightning-Universe/lightning-bolts#662,
ariecattan/SciCo#2, bowang-lab/Transformer-GCN-QA#32, mlelarge/graph_neural_net#37,
nocotan/pytorch-lightning-gans#9; number 4 on Andrej Karpathy's list of common mistakes
(which https://karpathy.github.io/2019/04/25/recipe/ links to).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

from goingdeep.check.proof import Remedy
from goingdeep.check.provenance import before_clamp, maker, newest
from goingdeep.check.rule import Finding, NotSeen, Rule
from goingdeep.check.run import Run
from goingdeep.record.seen import LossFunction

RULE = Rule(
    "double-softmax",
    "error",
    needs=(),
    # The logarithm undoes it wherever it is: cross-entropy gives the same for z and log(softmax(z)).
    remedy=Remedy(name="without the softmax", before_loss="log", measure="cross-entropy"),
)

DIVISION = "DivBackward0"
SOFTMAX, LOG_SOFTMAX = "SoftmaxBackward0", "LogSoftmaxBackward0"


def check(run: Run) -> Iterator[Finding]:
    """Yield a finding for each softmax whose output went through another one."""
    if not run.losses and not run.has("backward"):
        raise NotSeen("no loss was computed")
    losses = [
        loss for loss in run.losses.values() if loss.function in ("cross_entropy", "nll_loss")
    ]
    # What is wrong in training is often evaluated too, without a graph: one mistake, one finding.
    certain = [finding for loss in losses if (finding := _with_graph(run, loss)) is not None]
    yield from certain
    if not certain:
        yield from _by_hand(run)
        yield from _rows(run, losses)
    if not any(finding.severity == "error" for finding in certain):
        for loss in losses:
            if loss.function == "cross_entropy" and not loss.came_from and loss.rows_sum_to_one:
                yield _found(
                    run, loss, 0, "{function} was given rows that are non-negative and sum to 1 "
                    "(from {low} to {high}), outside of training", "warning",
                )  # fmt: skip


def _by_hand(run: Run) -> Iterator[Finding]:
    """A loss that is no function of PyTorch's: its graph shows one softmax right after the other."""
    places = set()
    for anatomy, steps in run.steps_by_anatomy.items():
        for op in run.operations(anatomy):
            chain = str(op.facts.get("came_from", "")).split("|") if op.op == "backward" else []
            if (LOG_SOFTMAX, SOFTMAX) in itertools.pairwise(chain) and op.site not in places:
                places.add(op.site)
                yield RULE.found(
                    "the loss of this backward was made of the log-softmax of a softmax",
                    site=op.site,
                    step=run.first_step_of.get(anatomy, 0),
                    count=steps,
                    fix="take the log-softmax of the raw scores",
                    came_from=tuple(chain),
                )


def _rows(run: Run, losses: list[LossFunction]) -> Iterator[Finding]:
    """A softmax that is written out, `z.exp() / z.exp().sum(1)`: a division, and rows that show it."""
    for loss in losses:
        divided = newest(loss, before_clamp(loss)) == DIVISION
        # Scores that are all the same, as at the beginning, can sum to 1 by chance.
        if loss.function == "cross_entropy" and divided and loss.rows_sum_to_one and _vary(loss):
            yield _found(
                run, loss, 0, "{function} was given rows that are non-negative and sum to 1 (from "
                "{low} to {high})", "warning",
            )  # fmt: skip


def _vary(loss: LossFunction) -> bool:
    return loss.low is not None and loss.high is not None and loss.low < loss.high


def _with_graph(run: Run, loss: LossFunction) -> Finding | None:
    index = before_clamp(loss)
    softmax = newest(loss, index) == SOFTMAX
    if loss.function == "cross_entropy" and softmax and loss.rows_sum_to_one:
        return _found(
            run, loss, index, "{function} was given the output of a softmax: its rows are from {low} "
            "to {high} and sum to 1",
        )  # fmt: skip
    if loss.came_from[:2] == (LOG_SOFTMAX, SOFTMAX):
        return _found(run, loss, 1, "{function} was given the log-softmax of a softmax")
    if loss.function == "cross_entropy" and newest(loss) == LOG_SOFTMAX:
        return _found(
            run, loss, 0, "{function} was given the output of a log-softmax, and applies one "
            "itself: the second does nothing", "hint",
        )  # fmt: skip
    return None


def _found(
    run: Run, loss: LossFunction, index: int, message: str, severity: str = "error"
) -> Finding:
    harmless = severity == "hint"
    return RULE.found(
        message,
        site=maker(loss, index),
        seek="softmax",
        step=run.first_step_with_loss(loss.id),
        count=max(1, run.calls_of_loss(loss.id)),
        severity=severity,  # type: ignore[arg-type]
        why="it costs time and hides what the loss does" if harmless else _why(loss),
        fix="give the loss the raw scores; softmax only where probabilities are shown",
        function=loss.module or loss.function,
        low=loss.low,
        high=loss.high,
        value=loss.value,
        classes=loss.input[1] if len(loss.input) > 1 else None,
        came_from=loss.came_from,
        loss_called_at=run.place(loss.site),
    )


def _why(loss: LossFunction) -> str:
    """What a perfect answer costs: the softmax of 1 for the label and 0 for each other class."""
    if len(loss.input) < 2:
        return ""
    classes = loss.input[1]
    least = math.log(math.e + classes - 1) - 1
    return (
        "the scores that the loss sees all lie between 0 and 1, so it can never become small: with "
        f"{classes:,} classes a perfect answer still costs {least:.2f} nats"
    )
