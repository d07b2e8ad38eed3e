"""`gd eject`: the same training as a plain script, torch and numpy only, the same bits.

The script is put together from the run's settings: a setting that is off leaves no line behind, so
what is printed can be read from top to bottom like a tutorial. What cannot be said so is refused
rather than left out.
"""

from __future__ import annotations

import itertools

import torch
from torch import nn

from goingdeep import models
from goingdeep.errors import RunFormatError, SettingsError
from goingdeep.record import DataFacts, Manifest
from goingdeep.train import plain
from goingdeep.train.ejectable import PLAIN_DATA, obstacles
from goingdeep.train.settings import Settings, build


def script(manifest: Manifest) -> str:
    """The script for a run.

    Raises:
        SettingsError: the run uses something a plain script cannot show in few lines; says what.
        RunFormatError: the run had not been planned yet when it was stopped.
    """
    data, settings = manifest.data, build(manifest.settings)
    if data is None or not manifest.plan:
        raise RunFormatError(
            f"run {manifest.name} has no plan yet",
            why="it was stopped before its first step",
            fix="gd resume, then gd eject",
            more="docs/runs.md",
        )
    _refuse(settings, data)
    layers = _layers(settings, data)
    steps, epoch_steps = manifest.plan["steps"], manifest.plan["epoch_steps"]
    parts = [
        plain.head(settings, data, steps),
        plain.reading(data, settings),
        plain.network(settings, layers),
        plain.optimizer(settings),
        plain.schedule(settings),
        plain.training(settings, data, whole_epochs=steps % epoch_steps == 0),
        plain.testing(settings),
    ]
    kept = [part.strip("\n") for part in parts if part]
    gaps = [_gap(before, after) for before, after in itertools.pairwise(kept)]
    return "".join(itertools.chain(*itertools.zip_longest(kept, gaps, fillvalue="\n")))


def _gap(before: str, after: str) -> str:
    """Two empty lines around a function, one between anything else, as Python is written."""
    function = after.startswith("def ") or before.splitlines()[-1].startswith("    return")
    return "\n\n\n" if function else "\n\n"


def _refuse(settings: Settings, data: DataFacts) -> None:
    for what, fix in obstacles(settings, data).items():
        raise SettingsError(
            f"gd eject cannot write a short plain script for {what}",
            why=PLAIN_DATA if what.startswith("data ") else "",
            fix=fix,
            more="docs/recipes.md",
        )


def _layers(settings: Settings, data: DataFacts) -> list[nn.Module]:
    state = torch.get_rng_state()
    model = models.build(settings.model, *data.image, len(data.class_names))
    torch.set_rng_state(state)
    if type(model) is not nn.Sequential or not all(
        type(layer).__module__.startswith("torch.nn") and not any(layer.children())
        for layer in model
    ):
        raise SettingsError(
            f"gd eject cannot write out model {settings.model}",
            why="it is not one nn.Sequential of torch's own layers",
            fix="--model mlp or --model cnn",
            more="docs/models.md",
        )
    return list(model)
