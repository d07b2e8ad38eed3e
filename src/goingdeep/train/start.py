"""Before the first step: settings, images, the run folder and `run.json`. Never imports torch.

`run.json` is on disk before torch is imported, so a run killed at any later moment can be resumed.
"""

from __future__ import annotations

import dataclasses
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from goingdeep import data as data_module
from goingdeep import models
from goingdeep.data.images import ImageData
from goingdeep.errors import SettingsError, WriteError
from goingdeep.record import DataFacts, Manifest, Setting, write_manifest
from goingdeep.record.files import write_atomic
from goingdeep.record.machine import machine, versions
from goingdeep.record.manifest import Origin
from goingdeep.record.runs import RUNS, new_folder, point_latest, slug, take_back
from goingdeep.train.recipes import recipe as recipe_values
from goingdeep.train.settings import Settings, Value, build, resolve
from goingdeep.train.toml import read_toml, to_toml

HOLDOUT = 0.05
"""Share held out where something has to be chosen and the source has no validation part."""

Progress = Callable[[str, int, int], None] | None
Source = str | Path | Mapping[str, Any]


@dataclass(frozen=True)
class Start:
    """A run that is ready to be trained.

    made: whether its folder was made for it. began: `time.perf_counter` when the command started.
    """

    folder: Path
    manifest: Manifest
    data: ImageData
    made: bool = False
    began: float = field(default_factory=time.perf_counter)


def choose_settings(
    recipe: str, flags: Mapping[str, Value], config: Path | None = None
) -> dict[str, Setting]:
    """Default, recipe, file and flags put together.

    Raises:
        UnknownNameError, SettingsError: a recipe, model, key or value that does not exist.
    """
    layers: list[tuple[Origin, Mapping[str, Value]]] = []
    from_file = read_toml(config) if config is not None else {}
    name = recipe or str(flags.get("recipe") or from_file.get("recipe", "fast"))
    layers.append(("recipe", {"recipe": name, **recipe_values(name)}))
    layers.append(("file", from_file))
    layers.append(("flag", {**({"recipe": recipe} if recipe else {}), **flags}))
    values = resolve(*layers)
    chosen = build(values)
    if (chosen.minutes or chosen.select.patience) and values["select.holdout"].origin == "default":
        reason = "minutes" if chosen.minutes else "select.patience"
        values["select.holdout"] = Setting(
            HOLDOUT, "default", f"{reason} chooses on held-out images"
        )
    optimizer = chosen.optimizer
    if optimizer.name == "sgd" and optimizer.nesterov and not optimizer.momentum:
        raise SettingsError(
            "optimizer.nesterov needs a momentum above 0, got 0",
            fix="--set optimizer.nesterov=false",
            more="docs/recipes.md",
        )
    models.check_name(chosen.model)
    named = models.file_and_function(chosen.model)
    if named:
        # A run may be resumed from another folder.
        place = f"{named[0].resolve()}:{named[1]}"
        values["model"] = Setting(place, values["model"].origin)
    return values


def begin(
    source: Source,
    values: dict[str, Setting],
    *,
    out: str | Path | None,
    command: tuple[str, ...],
    watch: bool = True,
    progress: Progress = None,
) -> Start:
    """Load the images and make the run folder.

    Raises:
        DataError, DownloadError: the images cannot be used; no folder is made then.
        SettingsError: a batch would be larger than the training part; the same.
        RunExistsError, WriteError: the folder cannot be made.
    """
    began = time.perf_counter()
    settings = build(values)
    data = load(source, settings, progress)
    if settings.batch_size > len(data.train) and values["batch_size"].origin in (
        "default",
        "recipe",
    ):
        # Somebody's first few pictures: a recipe's batch size is no reason to refuse them.
        smaller = max(1, len(data.train) // 4)
        reason = f"the training part has {len(data.train)} images"
        values["batch_size"] = Setting(smaller, "capability", reason)
        settings = build(values)
    if settings.batch_size > len(data.train):
        raise SettingsError(
            f"batch_size expects at most {len(data.train)}, the size of the training part, "
            f"got {settings.batch_size}",
            fix=f"--set batch_size={max(1, min(64, len(data.train) // 4))}",
            more="docs/recipes.md",
        )
    stamp = datetime.now(UTC)
    name = f"{slug(data.name)}-{_model_slug(settings)}-{settings.recipe}-{stamp:%Y%m%d-%H%M%S}"
    made = out is None or not Path(out).exists()
    folder = new_folder(out, name)
    manifest = Manifest(
        name=folder.name,
        command=command,
        created=stamp.isoformat(timespec="milliseconds"),
        versions=versions(),
        machine=machine(),
        data=facts_of(data, leaks(data)),
        settings=values,
        watched=watch,
    )
    try:
        write_manifest(folder, manifest)
        write_atomic(folder / "settings.toml", to_toml(values).encode("utf-8", "backslashreplace"))
    except WriteError:
        take_back(folder, made=made)
        raise
    if folder.parent == RUNS:
        point_latest(folder)
    return Start(folder, manifest, data, made, began)


def load(source: Source, settings: Settings, progress: Progress = None) -> ImageData:
    """The images, with a validation part where something has to be chosen on one."""
    data = _encodable(data_module.load(source, settings.data, progress=progress))
    if settings.select.holdout:
        data = data_module.with_validation(data, settings.select.holdout)
    elif settings.select.patience:
        raise SettingsError(
            "select.patience needs a validation part to choose on",
            fix=f"--set select.holdout={HOLDOUT}",
            more="docs/recipes.md",
        )
    return data


def _encodable(data: ImageData) -> ImageData:
    """The same with names that files and terminals can hold.

    On Linux a file name is any bytes, and Python keeps those that are no UTF-8 as lone surrogates.
    """
    names = tuple(_escaped(name) for name in data.class_names)
    if names == data.class_names and data.name == _escaped(data.name):
        return data
    return dataclasses.replace(data, name=_escaped(data.name), class_names=names)


def _escaped(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def leaks(data: ImageData) -> tuple[str, ...]:
    """A sentence for each pair of parts that share images: testing on those measures memory."""
    counts = data.facts.get("duplicates") or data_module.count_duplicates(data)
    pairs = {
        "train_in_test": ("test", "training"),
        "train_in_validation": ("validation", "training"),
    }
    return tuple(
        f"{counts[key]:,} of the {part} images are also in the {other} part"
        for key, (part, other) in pairs.items()
        if counts.get(key)
    )


def facts_of(data: ImageData, notes: tuple[str, ...] = ()) -> DataFacts:
    """What a run remembers of its images."""
    return DataFacts(
        name=data.name,
        source=data.source,
        fingerprint=data.fingerprint(),
        counts={name: len(part) for name, part in data.parts()},
        image=data.shape,
        class_names=data.class_names,
        notes=(*data.notes, *notes),
    )


def _model_slug(settings: Settings) -> str:
    named = models.file_and_function(settings.model)
    return slug(f"{named[0].stem}-{named[1]}" if named else settings.model)


def command_line() -> tuple[str, ...]:
    """The command as typed, for `run.json`."""
    return ("gd", *sys.argv[1:])
