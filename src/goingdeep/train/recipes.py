"""The recipes: what is chosen for the user who chooses nothing.

quickstart  the PyTorch tutorial's exact setting; slow to learn on purpose, to compare with
fast        as accurate as it gets in about the tutorial script's time (the default)
best        minutes instead of seconds; holds out images to choose the best epoch on
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from goingdeep.errors import UnknownNameError
from goingdeep.train.settings import Value

RECIPES: Final[Mapping[str, Mapping[str, Value]]] = MappingProxyType(
    {
        "quickstart": {
            "model": "mlp",
            "epochs": 5,
            "batch_size": 64,
            "optimizer.name": "sgd",
            "optimizer.lr": 1e-3,
            "test.every_epoch": True,
        },
        "fast": {
            "model": "cnn",
            "epochs": 5,
            "batch_size": 128,
            "precision": "auto",
            "layout": "auto",
            "optimizer.name": "sgd",
            "optimizer.lr": 0.15,
            "optimizer.momentum": 0.9,
            "optimizer.nesterov": True,
            "optimizer.weight_decay": 2e-4,
            "schedule.name": "linear",
            "schedule.warmup": 0.25,
            "loss.label_smoothing": 0.1,
            "augment.flip": "alternate",
            "test.mirror": True,
        },
        "best": {
            "model": "resnet",
            "epochs": 7,
            "batch_size": 128,
            "precision": "auto",
            "layout": "auto",
            "optimizer.name": "sgd",
            "optimizer.lr": 0.15,
            "optimizer.momentum": 0.9,
            "optimizer.nesterov": True,
            "optimizer.weight_decay": 5e-4,
            "schedule.name": "linear",
            "schedule.warmup": 0.25,
            "loss.label_smoothing": 0.1,
            "augment.flip": "alternate",
            "select.holdout": 0.05,
            "test.mirror": True,
        },
    }
)


def recipe(name: str) -> Mapping[str, Value]:
    """The settings of a recipe.

    Raises:
        UnknownNameError: there is no such recipe; names the nearest.
    """
    if name not in RECIPES:
        raise UnknownNameError.of("recipe", name, RECIPES, more="docs/recipes.md")
    return RECIPES[name]
