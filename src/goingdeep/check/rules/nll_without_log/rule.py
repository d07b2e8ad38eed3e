"""NLLLoss is given probabilities or raw scores instead of log-probabilities.

## What happens
`nll_loss` takes no logarithm: it picks the number of the true class and changes its sign. Its
input must be log-probabilities, which are never above 0. Here it was given something else.

## Why it hurts
With probabilities the loss runs from 0 down to -1 and its gradient does not grow where the model
is wrong, so hard samples are hardly learned. With raw scores it has no lower end at all: the
model makes it smaller for ever by making its numbers larger.

## How to fix it
    loss = nn.functional.cross_entropy(logits, labels)

or `log_softmax` where softmax stands, and `nll_loss` as it is.

## When it is fine
Log-probabilities from any source, also `torch.log(probabilities)` written by hand.

## Sources
yanx27/Pointnet_Pointnet2_pytorch#30, mlvlab/PointWOLF#8, clvrai/ACGAN-PyTorch#4,
midas-research/man-sf-emnlp#2, mjc92/GetToThePoint#8,
AnubhavGupta3377/Text-Classification-Models-Pytorch#9.
"""

from __future__ import annotations

from collections.abc import Iterator

from goingdeep.check.proof import Remedy
from goingdeep.check.provenance import maker, newest
from goingdeep.check.rule import Finding, Rule
from goingdeep.check.run import Run
from goingdeep.record.seen import LossFunction

RULE = Rule("nll-without-log", "error", needs=("loss",), silenced_by=("softmax-wrong-dim",))

HIGHEST_LOG_PROBABILITY = 0.01
"""A log-probability is at most 0; half precision rounds a log-softmax to no more than this."""

LOGARITHMS = {"LogSoftmaxBackward0", "LogBackward0", "LogSigmoidBackward0", "LogsumexpBackward0"}
"""Where one of these is on the way, what stands above 0 may be a density."""


def check(run: Run) -> Iterator[Finding]:
    """Yield a finding for each call whose input cannot be log-probabilities."""
    losses = [loss for loss in run.losses.values() if loss.function == "nll_loss"]
    in_training = [loss for loss in losses if loss.came_from]
    for loss in in_training or losses:
        if newest(loss) == "SoftmaxBackward0" or loss.rows_sum_to_one:
            yield _finding(
                run, loss, "{function} was given probabilities, from {low} to {high}, and its "
                "first value was {value}",
                "log_softmax in place of softmax, or nn.functional.cross_entropy on raw scores",
            )  # fmt: skip
        elif (
            loss.high is not None
            and loss.high > HIGHEST_LOG_PROBABILITY
            and not LOGARITHMS & set(loss.came_from)
        ):
            yield _finding(
                run, loss, "{function} was given numbers up to {high}, which no log-probability "
                "can be, and its first value was {value}",
                "nn.functional.cross_entropy(logits, labels)",
            )  # fmt: skip


def _finding(run: Run, loss: LossFunction, message: str, fix: str) -> Finding:
    if loss.value is None:
        message = message.removesuffix(", and its first value was {value}")
    softmax = newest(loss) == "SoftmaxBackward0"
    return RULE.found(
        message,
        site=maker(loss) if softmax else loss.site,
        seek="softmax" if softmax else "",
        step=run.first_step_with_loss(loss.id),
        count=max(1, run.calls_of_loss(loss.id)),
        fix=fix,
        remedy=Remedy(
            name="with the logarithm taken" if softmax else "with log-softmax before the loss",
            before_loss="log" if softmax else "log_softmax",
            measure="cross-entropy",
        ),
        function=loss.module or loss.function,
        low=loss.low,
        high=loss.high,
        value=loss.value,
        came_from=loss.came_from,
        loss_called_at=run.place(loss.site),
    )
