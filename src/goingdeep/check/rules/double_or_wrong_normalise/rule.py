"""The images were scaled twice: hardly anything is left of them.

## What happens
All pixels that the loader gave lie between 0 and 1/255, or all of them are at one value below 0 with
next to no deviation: they were divided by 255 twice, once by hand and once by a transform.

## Why it hurts
Nearly the same number stands everywhere, so the model sees no image; a BatchNorm divides by a
deviation that is smaller than its `eps`, and what it then learns does not fit images that are scaled
once.

## How to fix it
Scale once. `ToTensor` divides bytes by 255, and leaves floats alone; the `Normalize` of
albumentations divides by 255, too.

    print(images.min(), images.max(), images.mean(), images.std())

## When it is fine
Images that really are as dark as that.

## Sources
4uiiurz1/pytorch-nested-unet#62, pkmital/pycadl#5, RangiLyu/nanodet#55, mindee/doctr#375.
"""

from __future__ import annotations

from collections.abc import Iterator

from goingdeep.check.proof import Remedy
from goingdeep.check.rule import Finding, Rule
from goingdeep.check.run import Run
from goingdeep.record.seen import Inputs

RULE = Rule(
    "double-or-wrong-normalise",
    "warning",
    needs=("training",),
    remedy=Remedy(name="with inputs of mean 0 and deviation 1", inputs="scaled"),
)

LARGEST = 1.0001 / 255
SMALL_STD = 0.02
"""Images of 0 to 1, scaled by the usual deviations of 0.22 to 0.23, and by 255 once more."""

FAR_BELOW = -1.0
"""The usual means by the usual deviations are -1.8 to -2.1."""

LEAST_BATCHES = 2


def check(run: Run) -> Iterator[Finding]:
    """Yield a finding for each training loader whose images are nearly nothing."""
    judged = set()
    for walk in run.passes_of("training"):
        inputs = walk.inputs
        pictures = inputs is not None and len(inputs.shape) == 4 and "float" in inputs.dtype
        if walk.loader in judged or not pictures or walk.batches < LEAST_BATCHES:
            continue
        judged.add(walk.loader)
        assert inputs is not None
        if _divided(inputs) or _shifted(inputs):
            yield RULE.found(
                "all pixels of this loader lie between {low} and {high}, with a deviation of {std}",
                site=run.loader_site(walk.loader, walk),
                step=walk.first_step,
                count=walk.batches,
                fix="scale once: leave out the division by 255, or the transform that divides, too",
                low=inputs.low,
                high=inputs.high,
                std=max(inputs.channel_stds, default=inputs.std),
                mean=inputs.mean,
                channel_stds=inputs.channel_stds,
            )


def _divided(inputs: Inputs) -> bool:
    return inputs.low >= 0 and 0 < inputs.high <= LARGEST and inputs.std > 0


def _shifted(inputs: Inputs) -> bool:
    stds, means = inputs.channel_stds, inputs.channel_means
    return bool(stds) and 0 < max(stds) < SMALL_STD and max(means) < FAR_BELOW
