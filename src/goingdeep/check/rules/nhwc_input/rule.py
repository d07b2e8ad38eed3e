"""Images with their channels last go into a convolution that expects them first.

## What happens
The first convolution was given [N, H, W, C]: it takes the rows of the image for its channels, and the
three colours for its width. It runs because `in_channels` was set to the number of rows.

## Why it hurts
The filters slide over one axis of the image and over the colours, and mix all rows at once: what makes
a convolution work (the same pattern found anywhere) is gone. Training goes on, and ends at a score that
a small linear model reaches.

## How to fix it
    images = images.permute(0, 3, 1, 2)     # N, C, H, W

and `in_channels` is the number of colours. (`memory_format=torch.channels_last` is another thing: the
axes stay N, C, H, W.)

## When it is fine
Data that is no image, with three values on its last axis.

## Sources
https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv2d.html: the input is (N, C, H, W).
"""

from __future__ import annotations

from collections.abc import Iterator

from goingdeep.check.layers import first_layer
from goingdeep.check.rule import Finding, Rule
from goingdeep.check.run import Run

RULE = Rule(
    "nhwc-input",
    "warning",
    needs=("training", "look"),
    unproved="the layers were made for the order in which the axes came",
)

COLOURS = {3, 4}
"""One channel last could be an axis that was added at the end of something else."""

SMALLEST = 8
"""Rows of an image; square ones only, which measurements over time hardly are."""


def check(run: Run) -> Iterator[Finding]:
    """Yield a finding for each model whose first convolution takes rows for channels."""
    judged = set()
    for walk in run.passes_of("training"):
        for model in walk.models:
            inputs = walk.inputs
            if model in judged or inputs is None or not inputs.last_axis:
                continue
            judged.add(model)
            found = first_layer(run, model)
            if found is None or not found[0].class_name.startswith("Conv2d") or not found[0].inputs:
                continue
            layer, shape = found[0], found[0].inputs[0].shape
            if len(shape) != 4 or shape[1:] != inputs.shape[1:] or shape[3] not in COLOURS:
                continue
            if shape[1] == shape[2] >= SMALLEST:
                yield RULE.found(
                    "{layer} was given {shape}: it takes the {rows} rows for channels, and the "
                    "{colours} colours for the width",
                    site=layer.site,
                    step=layer.look,
                    count=run.steps,
                    fix="images = images.permute(0, 3, 1, 2)",
                    layer=f"{layer.module} ({layer.class_name})"
                    if layer.module
                    else layer.class_name,
                    shape=shape,
                    rows=shape[1],
                    colours=shape[3],
                    loader=run.place(run.loader_site(walk.loader, walk)),
                )
