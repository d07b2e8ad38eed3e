"""The scores go through a ReLU before the loss.

## What happens
The last operation before the loss is a ReLU: every negative score becomes 0.

## Why it hurts
A score that is 0 passes no gradient back, so a class that was pushed below 0 cannot come up again,
and the model cannot say "surely not"; if all scores of a sample are 0, nothing is learned from it.

## How to fix it
End with the linear layer; ReLU belongs between layers:

    self.layers = nn.Sequential(nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 10))

## When it is fine
Amounts that cannot be negative (counts, prices) as the output of a regression.

## Sources
pytorch/tutorials#1654 (the quickstart itself), pytorch/examples#117,
mrdbourke/pytorch-deep-learning#720, hunkim/PyTorchZeroToAll#4.
"""

from __future__ import annotations

from collections.abc import Iterator

from goingdeep.check.proof import Remedy
from goingdeep.check.provenance import maker, newest
from goingdeep.check.rule import Finding, Rule
from goingdeep.check.run import Run
from goingdeep.record.seen import LossFunction

RULE = Rule(
    "relu-before-loss",
    "warning",
    needs=("loss",),
    remedy=Remedy(
        name="without the last ReLU", leave_out=("relu",), last="ReLU", measure="minimised"
    ),
)

RELUS = {"ReluBackward0", "HardtanhBackward0", "ClampMinBackward0"}
CLASSES = {"cross_entropy", "binary_cross_entropy_with_logits"}
REGRESSIONS = {"mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"}


def check(run: Run) -> Iterator[Finding]:
    """Yield a finding for each loss whose input was cut off at 0 and must go below it."""
    places = set()
    for loss in run.losses.values():
        if newest(loss) not in RELUS or loss.low is None or loss.low < 0 or not loss.zeros:
            continue
        if loss.site in places or not run.loss_in_training(loss.id) or not _must_go_below(loss):
            continue
        places.add(loss.site)
        yield RULE.found(
            "{function} was given the output of a ReLU: {zeros} % of the scores are zero, none is "
            "negative" + ("" if loss.function in CLASSES else ", and targets go down to {target}"),
            site=maker(loss),
            step=run.first_step_with_loss(loss.id),
            count=max(1, run.calls_of_loss(loss.id)),
            fix="end with the linear layer, without the ReLU",
            function=loss.module or loss.function,
            zeros=round(100 * loss.zeros, 1),
            target=loss.target_low if loss.function not in CLASSES else None,
            came_from=loss.came_from,
            loss_called_at=run.place(loss.site),
        )


def _must_go_below(loss: LossFunction) -> bool:
    if loss.function in CLASSES:
        return True
    return loss.function in REGRESSIONS and loss.target_low is not None and loss.target_low < 0
