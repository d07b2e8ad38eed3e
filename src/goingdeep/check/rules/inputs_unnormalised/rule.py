"""The model is fed raw pixels: whole numbers from 0 to 255.

## What happens
The first layer was given values as they stand in an image file: whole numbers, up to 255.

## Why it hurts
All inputs are large and positive, so the gradients of the first layer are hundreds of times those of
the others: a learning rate that suits them is far too small for the rest, and one that suits the rest
makes the loss jump.

## How to fix it
    x = x.float() / 255            # 0 to 1
    x = (x - x.mean()) / x.std()   # better: around 0, with a deviation of 1

or `torchvision.transforms.v2.ToDtype(torch.float32, scale=True)` where the images are read.

## When it is fine
A norm right behind the first layer takes the scale away. Weights that were loaded may have been
trained on raw pixels.

## Sources
hill-a/stable-baselines#328; the benchmark of faults by Humbatova and others has it from Stack Overflow
questions.
"""

from __future__ import annotations

from collections.abc import Iterator

from goingdeep.check.layers import first_layer
from goingdeep.check.proof import Remedy
from goingdeep.check.rule import Finding, Rule
from goingdeep.check.run import Run
from goingdeep.record.seen import Inputs, StateLoaded

RULE = Rule(
    "inputs-unnormalised",
    "warning",
    needs=("training", "look"),
    remedy=Remedy(name="with inputs of mean 0 and deviation 1", inputs="scaled"),
)

HIGHEST, AT_LEAST = 255, 128
"""Raw pixels go up to 255; some batch of ordinary images goes beyond the half of it."""

LEAST_VALUES = 64
"""In a sample without axes for height and width: fewer are columns of a table."""


def check(run: Run) -> Iterator[Finding]:
    """Yield a finding for each model whose first layer takes what the loader gave in raw pixels."""
    judged = set()
    for walk in run.passes_of("training"):
        inputs = walk.inputs
        for model in walk.models:
            if model in judged or inputs is None or not _raw(inputs):
                continue
            judged.add(model)
            found = first_layer(run, model)
            if found is None or found[1] or not found[0].inputs:
                continue
            layer, given = found[0], found[0].inputs[0]
            if not given.high or given.high < AT_LEAST or given.low is None or given.low < 0:
                continue  # scaled on the way
            loaded = any(event.what == "model" and event.matched for event in run.of(StateLoaded))
            yield RULE.found(
                "the first layer, {layer}, was given whole numbers from {low} to {high}",
                site=layer.site,
                step=layer.look,
                count=run.steps,
                severity="hint" if loaded else None,
                fix="inputs = inputs.float() / 255",
                layer=f"{layer.module} ({layer.class_name})" if layer.module else layer.class_name,
                low=inputs.low,
                high=inputs.high,
                mean=inputs.mean,
                shape=inputs.shape,
                loader=run.place(run.loader_site(walk.loader, walk)),
            )


def _raw(inputs: Inputs) -> bool:
    size = len(inputs.shape)
    columns = inputs.shape[1] if size == 2 else LEAST_VALUES
    pixels = inputs.whole and inputs.low >= 0 and AT_LEAST <= inputs.high <= HIGHEST
    return 2 <= size <= 4 and columns >= LEAST_VALUES and pixels
