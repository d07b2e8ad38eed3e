"""What a training is set to, as frozen dataclasses; where each value came from is kept beside it.

A key is written with dots ("optimizer.lr"). Values are chosen in this order, later ones winning:
default, recipe, file (--config FILE), flag (--epochs, --set key=value); both as text are in
toml.py. What follows from the processor and the model ("capability") is filled in where the value
is "auto".
"""

from __future__ import annotations

import dataclasses
import difflib
import json
import reprlib
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from goingdeep.data.images import DataSettings
from goingdeep.errors import SettingsError, UnknownNameError
from goingdeep.record.manifest import Origin, Setting

Value = str | float | int | bool


@dataclass(frozen=True)
class OptimizerSettings:
    """The optimizer, as torch.optim names it.

    lr: learning rate at its highest. weight_decay: for weights with two or more axes only; a bias
    or a BatchNorm scale has nothing to gain from being pulled to zero.
    """

    name: Literal["sgd", "adamw"] = "sgd"
    lr: float = 1e-3
    momentum: float = 0.0
    nesterov: bool = False
    weight_decay: float = 0.0


@dataclass(frozen=True)
class ScheduleSettings:
    """How the learning rate moves: "constant", or up and then down to zero over the whole run.

    warmup: the share of all steps on which it rises from zero, 0 to 1.
    """

    name: Literal["constant", "linear", "cosine"] = "constant"
    warmup: float = 0.0


@dataclass(frozen=True)
class AugmentSettings:
    """Changes to training images, drawn anew in each epoch.

    flip: mirror left to right: "none", "random" (each with chance one half) or "alternate" (random
        in the first epoch, then the other way round in every next one).
    shift: move by up to so many pixels in each direction, filling with black.
    cutout: side of a black square put at a random place; 0 for none.
    """

    flip: Literal["none", "random", "alternate"] = "none"
    shift: int = 0
    cutout: int = 0


@dataclass(frozen=True)
class LossSettings:
    """Cross-entropy. class_weights: "balanced" weighs a class by the inverse of its frequency."""

    label_smoothing: float = 0.0
    class_weights: Literal["none", "balanced"] = "none"


@dataclass(frozen=True)
class EmaSettings:
    """A moving average of the weights, tested and saved in place of the weights; 0 is off."""

    decay: float = 0.0


@dataclass(frozen=True)
class SelectSettings:
    """Choosing the best epoch on held-out training images, never on the test part.

    holdout: share of the training part held out when the source has no validation part; 0 trains on
        all of it and keeps the last weights. patience: stop after so many epochs without a better
        one; 0 never stops early.
    """

    holdout: float = 0.0
    patience: int = 0


@dataclass(frozen=True)
class TestSettings:
    """The test part is read once, after training. every_epoch: also after each epoch, to look at.

    mirror: also average each prediction with that for the mirrored image, and report both.
    """

    every_epoch: bool = False
    mirror: bool = False


@dataclass(frozen=True)
class Settings:
    """Everything that decides what the weights will be, and little else."""

    recipe: str = "fast"
    model: str = "cnn"
    seed: int = 0
    epochs: int = 5
    minutes: float = 0.0
    batch_size: int = 64
    device: str = "auto"
    precision: Literal["auto", "float32", "bfloat16"] = "float32"
    layout: Literal["auto", "contiguous", "channels_last"] = "contiguous"
    threads: int = 0
    checkpoint_seconds: float = 30.0
    optimizer: OptimizerSettings = field(default_factory=OptimizerSettings)
    schedule: ScheduleSettings = field(default_factory=ScheduleSettings)
    augment: AugmentSettings = field(default_factory=AugmentSettings)
    loss: LossSettings = field(default_factory=LossSettings)
    ema: EmaSettings = field(default_factory=EmaSettings)
    select: SelectSettings = field(default_factory=SelectSettings)
    test: TestSettings = field(default_factory=TestSettings)
    data: DataSettings = field(default_factory=DataSettings)


LARGEST = float(2**53)  # up to here every whole number is a float
# Bounds of numbers: key to (lowest, highest); the ends are allowed.
_BOUNDS: dict[str, tuple[float, float]] = {
    "seed": (0, 2**31 - 1),
    "epochs": (1, 1_000_000),
    "minutes": (0, LARGEST),
    "batch_size": (1, 1_000_000),
    "threads": (0, 1024),
    "checkpoint_seconds": (0, LARGEST),
    "optimizer.lr": (0, LARGEST),
    "optimizer.momentum": (0, 1),
    "optimizer.weight_decay": (0, 1e3),
    "schedule.warmup": (0, 1),
    "augment.shift": (0, 1024),
    "augment.cutout": (0, 4096),
    "loss.label_smoothing": (0, 0.99),
    "ema.decay": (0, 0.999999),
    "select.holdout": (0, 0.5),
    "select.patience": (0, 1_000_000),
    "data.size": (0, 4096),
    "data.workers": (0, 64),
}
_DEFAULTS: dict[str, Value] = {}
_TYPES: dict[str, Any] = {}


def _walk(cls: type[Any], prefix: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Every key with its type and default, in the order in which they are written above."""
    hints = typing.get_type_hints(cls)
    for entry in dataclasses.fields(cls):
        key = f"{prefix}{entry.name}"
        if dataclasses.is_dataclass(hints[entry.name]):
            yield from _walk(cast("type[Any]", hints[entry.name]), f"{key}.")
        else:
            yield key, hints[entry.name], entry.default


for _key, _type, _default in _walk(Settings):
    _DEFAULTS[_key], _TYPES[_key] = _default, _type

KEYS = tuple(_DEFAULTS)
"""Every setting there is, with dots."""

FLAGS = frozenset({"recipe", "model", "epochs", "minutes", "seed", "device"})
"""Settings for which the command has a flag of their own."""


def resolve(*layers: tuple[Origin, Mapping[str, Value]]) -> dict[str, Setting]:
    """Put the layers on top of the defaults; each value remembers the layer it came from.

    Raises:
        UnknownNameError: a key that does not exist; names the nearest.
        SettingsError: a value of the wrong kind or out of bounds.
    """
    settings = {key: Setting(value, "default") for key, value in _DEFAULTS.items()}
    for origin, values in layers:
        for key, value in values.items():
            settings[key] = Setting(check(key, value), origin)
    return settings


def check(key: str, value: object) -> Value:
    """The value in the type that the key has.

    Raises:
        UnknownNameError, SettingsError: as in `resolve`.
    """
    if key not in _TYPES:
        raise _unknown(key)
    kind = _TYPES[key]
    if typing.get_origin(kind) is Literal:
        choices = typing.get_args(kind)
        if isinstance(value, str) and value in choices:
            return value
        shown = ", ".join(c or '""' for c in choices)
        raise _bad(key, f"one of {shown}", value)
    if kind is bool and isinstance(value, bool):
        return value
    if kind is str and isinstance(value, str):
        if value.isascii() or not any("\ud800" <= c <= "\udfff" for c in value):
            return value
        raise _bad(key, "text that UTF-8 can hold", value)
    if kind in (int, float) and isinstance(value, int | float) and not isinstance(value, bool):
        if kind is int and isinstance(value, float) and not value.is_integer():
            raise _bad(key, "a whole number", value)
        low, high = _BOUNDS[key]
        if not low <= value <= high:  # also refuses NaN
            bounded = high < LARGEST or value > high
            between = f"{low:g} to {high:,.16g}" if bounded else f"at least {low:g}"
            raise _bad(key, between, value)
        return cast("Value", kind(value))
    names = {bool: "true or false", str: "text", int: "a whole number", float: "a number"}
    raise _bad(key, names[kind], value)


def _bad(key: str, expected: str, value: object) -> SettingsError:
    default = json.dumps(_DEFAULTS[key])
    # Python refuses to print a whole number of more than 4300 digits.
    huge = isinstance(value, int) and abs(value) > 10**30
    got = "a number of more than 30 digits" if huge else reprlib.repr(value)
    return SettingsError(
        f"{key} expects {expected}, got {got}",
        fix=f"--{key} {default}" if key in FLAGS else f"--set {key}={default} (the default)",
        more="docs/recipes.md",
    )


def _unknown(key: str) -> UnknownNameError:
    """All keys are too many to read: those of the same section, where there is one."""
    near = difflib.get_close_matches(key, KEYS, n=1, cutoff=0.5)
    section = (near[0] if near else key).rpartition(".")[0]
    same = [known for known in KEYS if section and known.startswith(f"{section}.")]
    return UnknownNameError.of("setting", key, same or KEYS, more="docs/recipes.md")


def build(values: Mapping[str, Setting]) -> Settings:
    """The frozen dataclasses for these values."""
    return cast("Settings", _build(Settings, {k: s.value for k, s in values.items()}, ""))


def _build(cls: type[Any], values: Mapping[str, Value], prefix: str) -> Any:
    hints = typing.get_type_hints(cls)
    return cls(
        **{
            entry.name: _build(hints[entry.name], values, f"{prefix}{entry.name}.")
            if dataclasses.is_dataclass(hints[entry.name])
            else values[f"{prefix}{entry.name}"]
            for entry in dataclasses.fields(cls)
        }
    )
