"""A loss that applies sigmoid itself is given the output of a sigmoid.

## What happens
`binary_cross_entropy_with_logits` (and `nn.BCEWithLogitsLoss`) applies sigmoid itself and expects
raw scores. Here its input had been through sigmoid already and lies between 0 and 1.

## Why it hurts
The second sigmoid turns 0 to 1 into 0.5 to 0.73: the model can never be sure that something is
absent, the loss cannot fall below about 0.31 for a positive and 0.69 for a negative, and
gradients are squeezed twice. A threshold of 0.5 on the probabilities then calls everything
positive.

## How to fix it
Take out the sigmoid before the loss (the safe choice), or use `nn.BCELoss` with it:

    loss = nn.functional.binary_cross_entropy_with_logits(logits, targets)
    probabilities = torch.sigmoid(logits)

## When it is fine
Sigmoid with `nn.BCELoss` is right. Raw scores that happen to lie between 0 and 1 are no evidence:
the rule looks at which operation made them.

## Sources
avBuffer/UNet3plus_pth#23, yudi-mars/daisyRec#15, cvg/glue-factory#89, NVIDIA-Merlin/models#1175,
Turoad/lanedet#32.
"""

from __future__ import annotations

from collections.abc import Iterator

from goingdeep.check.proof import Remedy
from goingdeep.check.provenance import before_clamp, maker, newest
from goingdeep.check.rule import Finding, Rule
from goingdeep.check.run import Run

RULE = Rule(
    "double-sigmoid",
    "error",
    needs=("loss",),
    remedy=Remedy(name="without the sigmoid", before_loss="logit", measure="cross-entropy"),
)

SIGMOID = "SigmoidBackward0"
FUNCTION = "binary_cross_entropy_with_logits"


def check(run: Run) -> Iterator[Finding]:
    """Yield a finding for each sigmoid whose output went through another one."""
    for loss in run.losses.values():
        between = loss.low is None or loss.high is None or (loss.low >= 0 and loss.high <= 1)
        index = before_clamp(loss)
        if loss.function == FUNCTION and newest(loss, index) == SIGMOID and between:
            yield RULE.found(
                "{function} was given the output of a sigmoid, from {low} to {high}"
                if loss.low is not None
                else "{function} was given the output of a sigmoid",
                site=maker(loss, index),
                seek="sigmoid",
                step=run.first_step_with_loss(loss.id),
                count=max(1, run.calls_of_loss(loss.id)),
                fix="take this sigmoid out: the loss applies it (or use nn.BCELoss)",
                function=loss.module or loss.function,
                low=loss.low,
                high=loss.high,
                value=loss.value,
                loss_called_at=run.place(loss.site),
            )
