"""Softmax runs over the batch instead of over the classes.

## What happens
The softmax before the loss was taken along axis 0, which is the batch: for each class the
probabilities of all samples sum to 1, instead of those of all classes for each sample. `dim=0`
was written, or no `dim` at all (three-dimensional inputs then mean axis 0).

## Why it hurts
The answer for a sample depends on the other samples of its batch, and a batch of one always gets
probability 1 for everything. The loss falls a little, and evaluation with another batch size
gives other scores.

## How to fix it
    log_probabilities = torch.log_softmax(scores, dim=1)

or leave it out and use `nn.functional.cross_entropy(scores, labels)`.

## When it is fine
A softmax over axis 0 inside the model (attention with the sequence first), or on one sample
without a batch axis.

## Sources
pytorch/pytorch#37399, perone/euclidesdb#2, MicrosoftDocs/pytorchfundamentals#21,
DeepReinforcementLearning/DeepReinforcementLearningInAction#32.
"""

from __future__ import annotations

from collections.abc import Iterator

from goingdeep.check.proof import Remedy
from goingdeep.check.provenance import maker, newest
from goingdeep.check.rule import Finding, Rule
from goingdeep.check.run import Run

RULE = Rule("softmax-wrong-dim", "error", needs=("loss",))

FUNCTIONS = {"cross_entropy", "nll_loss"}
"""Their first axis is the batch whenever there are two."""

SOFTMAXES = {"SoftmaxBackward0", "LogSoftmaxBackward0"}


def check(run: Run) -> Iterator[Finding]:
    """Yield a finding for each softmax over the batch whose output goes to the loss."""
    places = set()
    for loss in run.losses.values():
        batched = len(loss.input) >= 2 and loss.input[0] > 1 and loss.target[:1] == loss.input[:1]
        if (
            loss.function in FUNCTIONS
            and newest(loss) in SOFTMAXES
            and loss.softmax_dim == 0
            and batched
            and loss.site not in places
        ):
            places.add(loss.site)
            yield RULE.found(
                "the softmax before {function} runs over axis {axis} of {scores}: over the "
                "{batch} samples of the batch, not the {classes} classes",
                site=maker(loss),
                seek="softmax",
                step=run.first_step_with_loss(loss.id),
                count=max(1, run.calls_of_loss(loss.id)),
                fix="dim=1",
                remedy=Remedy(
                    name="with the softmax over the classes",
                    leave_out=("softmax", "log_softmax"),
                    before_loss="log_softmax" if loss.function == "nll_loss" else "",
                    measure="cross-entropy",
                ),
                function=loss.module or loss.function,
                axis=loss.softmax_dim,
                scores=loss.input,
                batch=loss.input[0],
                classes=loss.input[1],
                loss_called_at=run.place(loss.site),
            )
