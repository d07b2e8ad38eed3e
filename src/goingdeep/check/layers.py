"""The layers of a model in the order in which they ran, from the close looks."""

from __future__ import annotations

from goingdeep.check.run import LookCall, Run

NORMS = ("BatchNorm", "LayerNorm", "GroupNorm", "InstanceNorm", "RMSNorm")
"""Parts of the class names of layers that take scale and shift away."""

WEIGHTED = ("Linear", "Conv")


def is_norm(class_name: str) -> bool:
    """Whether a class is a normalisation layer, by its name.

    >>> is_norm("BatchNorm2d"), is_norm("Linear")
    (True, False)
    """
    return any(norm in class_name for norm in NORMS)


def calls(run: Run, step: int) -> list[LookCall]:
    """The calls of modules of a training step that was looked at, in the order of their begin."""
    return sorted(run.looks[step].of(LookCall), key=lambda call: call.index)


def first_layer(run: Run, model: int) -> tuple[LookCall, bool] | None:
    """The first layer with weights of its own that ran in a model, and whether a norm follows it.

    None where that is no linear or convolutional layer, or where nothing was looked at.
    """
    for step in sorted(run.looks):
        mine = [call for call in calls(run, step) if call.model == model and call.parameters]
        if mine:
            known = mine[0].class_name.startswith(WEIGHTED)
            followed = len(mine) > 1 and is_norm(mine[1].class_name)
            return (mine[0], followed) if known else None
    return None
