"""Two weights that were one tensor are two, and drift apart.

## What happens
When the model was first called, two of its parameters were one tensor (usually the word embedding and
the output layer). Later they were two, and the training went on.

## Why it hurts
From that step on each is trained by its own gradient only: the model has more parameters than it is
said to have, and whatever puts them together again when the model is loaded takes one and throws the
other away.

## How to fix it
Change the values, not the tensor; or tie again after what made it new, and before the optimizer is:

    model.embed.weight.data.copy_(new_values)
    model.out.weight = model.embed.weight

## When it is fine
Untying them on purpose, to go on with two.

## Sources
NVIDIA/Megatron-LM#656, huggingface/accelerate#1204, facebookresearch/lingua#74.
"""

from __future__ import annotations

from collections.abc import Iterator

from goingdeep.check.rule import Finding, Rule
from goingdeep.check.run import Run

RULE = Rule(
    "tied-weights-broken",
    "warning",
    needs=("forward", "step"),
    unproved="which of the two tensors should have stayed cannot be known",
)

LEAST_STEPS = 1
"""Steps after it was noticed: a model that is taken apart at the end is not trained."""


def check(run: Run) -> Iterator[Finding]:
    """Yield a finding for each pair of parameters that was one tensor."""
    for pair in run.untied:
        model = run.models.get(pair.model)
        if model is not None and run.steps - pair.step >= LEAST_STEPS:
            yield RULE.found(
                "{first} and {second} of {model} were one tensor when it was first called, and were "
                "two at step {at}",
                site=model.site,
                step=pair.step,
                count=run.steps - pair.step,
                fix=f"model.{pair.name} = model.{pair.tied_to}  # again, before the optimizer is made",
                first=pair.tied_to,
                second=pair.name,
                model=model.class_name,
                at=pair.step,
                steps=run.steps,
            )
