"""A run that was begun before: is it whole, and are images and settings still the same?

Never imports torch. A run folder may come from anybody, so everything read from it is checked.
"""

from __future__ import annotations

import contextlib
import dataclasses
import re
import time
from collections.abc import Mapping
from pathlib import Path

import msgspec

from goingdeep import models
from goingdeep.data.images import ImageData
from goingdeep.errors import (
    DataNotFoundError,
    RunChangedError,
    RunFormatError,
    SettingsError,
)
from goingdeep.record import DataFacts, Manifest, Setting, read_manifest
from goingdeep.record.encoding import UNREADABLE
from goingdeep.record.manifest import settings_of
from goingdeep.record.runs import short_name
from goingdeep.train.settings import Settings, Value, build, check, resolve
from goingdeep.train.start import Progress, Source, Start, facts_of, load
from goingdeep.train.toml import read_toml

FREE = frozenset({"checkpoint_seconds", "data.workers", "test.every_epoch", "test.mirror"})
"""Settings that decide no weight: they may be changed between two parts of a run."""
MOST_STEPS = 10**12


_CHECKPOINT = re.compile(r"(step-\d{8,15})?")


class _State(msgspec.Struct):
    """What a checkpoint's `state.json` says of itself: where it is, and what it was made with."""

    step: int = 0
    epoch: int = 0
    step_in_epoch: int = 0
    best_checkpoint: str = ""
    settings: dict[str, Value] = {}


def again(folder: Path, source: Source | None = None, progress: Progress = None) -> Start:
    """A run that was begun before, with the same images and settings.

    Args:
        folder: the run. source: the images, where the run cannot find them itself (arrays).
    Raises:
        RunChangedError: images or settings are not those the run began with; says which differ.
        RunFormatError: the run is damaged.
    """
    manifest = read_run(folder)
    facts = manifest.data
    if facts is None:
        raise RunFormatError(
            f"{folder} is damaged: run.json does not say on which images it trains",
            fix="gd runs (lists the runs there are)",
            more="docs/runs.md",
        )
    states = _states(folder)
    _refuse_changed_settings(folder, manifest, states[-1].settings if states else {})
    began = time.perf_counter()
    data = images_of(folder, manifest, facts, source, progress)
    start = Start(folder, manifest, data, began=began)
    for state in states:
        _check_state(folder, state, manifest.plan)
    return start


def images_of(
    folder: Path,
    manifest: Manifest,
    facts: DataFacts,
    source: Source | None = None,
    progress: Progress = None,
) -> ImageData:
    """The images a run began with, and no others.

    Raises:
        RunChangedError: they are gone, or not the same; says what differs.
    """
    if source is None and not facts.source:
        raise RunChangedError(
            f"{folder} was trained on arrays, which only your program has",
            fix="gd.resume(run, data=the same arrays)",
            more="docs/runs.md",
        )
    try:
        data = load(
            source if source is not None else facts.source, build(manifest.settings), progress
        )
    except DataNotFoundError as error:
        raise RunChangedError(
            f"the images of {facts.name} are not where they were when the run began",
            where=facts.source,
            why=error.message,
            fix="put the images back, or train anew: gd train",
            more="docs/runs.md",
        ) from error
    data = dataclasses.replace(data, name=facts.name)
    now = facts_of(data)
    if now.fingerprint != facts.fingerprint:
        raise RunChangedError(
            f"the images of {facts.name} are not those the run began with",
            where=str(folder),
            why=_difference(facts, now),
            fix="put the images back, or train anew: gd train",
            more="docs/runs.md",
        )
    _check_plan(folder, manifest, data)
    return data


def read_training(folder: Path) -> Manifest:
    """`run.json` of a run of `gd train`, as it is written there.

    Raises:
        RunFormatError: it is damaged, or the record of another loop: there is no model in it.
    """
    manifest = read_manifest(folder)
    if manifest.kind != "train":
        raise RunFormatError(
            f"{folder} was recorded from a loop of your own, not trained by gd train",
            fix=f"gd show {short_name(folder)} (what its loop did)",
            more="docs/watch.md",
        )
    return manifest


def read_run(folder: Path) -> Manifest:
    """`run.json` of a training, with settings that exist and plan that can be.

    Raises:
        RunFormatError: it is damaged, or brings code that going on would run.
    """
    manifest = read_training(folder)
    settings = resolve()
    for key, setting in manifest.settings.items():
        try:
            settings[key] = Setting(check(key, setting.value), setting.origin, setting.reason)
        except SettingsError as error:
            raise RunFormatError(
                f"{folder} is damaged: run.json holds a setting that cannot be",
                where=str(folder / "run.json"),
                why=error.message,
                fix=f"set {key} to what it was, or train anew: gd train",
                more="docs/runs.md",
            ) from error
    manifest.settings = settings
    refuse_code_inside(folder, str(settings["model"].value))
    return manifest


def refuse_code_inside(folder: Path, model: str) -> None:
    """A run that somebody sent must not bring code that loading or resuming it would run.

    Raises:
        RunFormatError: the model is a Python file in the run folder.
    """
    named = models.file_and_function(model)
    if named and named[0].resolve().is_relative_to(folder.resolve()):
        raise RunFormatError(
            "the run's model is code inside the run folder, which is never run",
            where=str(named[0]),
            fix="look at the file; then copy it elsewhere and pass it: "
            "gd.load(run, model='file.py:function')",
            more="docs/models.md",
        )


def _refuse_changed_settings(
    folder: Path, manifest: Manifest, made_with: Mapping[str, Value]
) -> None:
    """Compare run.json and settings.toml with what the newest checkpoint was made with."""
    now = settings_of(manifest)
    # A value that was "auto" in the file was filled in later, by what the machine can do.
    filled = {key for key, s in manifest.settings.items() if s.origin == "capability"}
    edited: dict[str, Value] = {}
    with contextlib.suppress(SettingsError):
        edited = read_toml(folder / "settings.toml")
    for file, before, after in (
        ("run.json", made_with, now),
        ("settings.toml", now, {k: v for k, v in edited.items() if k not in filled | {"device"}}),
    ):
        changed = _changed(before, after)
        if changed:
            few = ", ".join(changed[:3]) + (", ..." if len(changed) > 3 else "")
            verb = "is" if len(changed) == 1 else "are"
            raise RunChangedError(
                f"{few} {verb} not what the run began with",
                where=str(folder / file),
                why="; ".join(f"{key}: {before[key]} then, {after[key]} now" for key in changed),
                fix="put it back, or train anew with it: "
                f"gd train --set {changed[0]}={after[changed[0]]}",
                more="docs/runs.md",
            )


def _changed(before: Mapping[str, Value], after: Mapping[str, Value]) -> list[str]:
    return [k for k in after if k in before and k not in FREE and before[k] != after[k]]


def _states(folder: Path) -> list[_State]:
    """The state of every checkpoint that can be read, the oldest first."""
    states = []
    for path in sorted((folder / "checkpoints").glob("step-*/state.json")):
        # One that cannot be read is reported by whoever wants to go on from it.
        with contextlib.suppress(OSError, *UNREADABLE):
            states.append(msgspec.json.decode(path.read_bytes(), type=_State))
    return states


def _check_state(folder: Path, state: _State, plan: Mapping[str, int]) -> None:
    """A checkpoint must lie on the way that the plan describes, and name no place outside."""
    per_epoch = plan.get("epoch_steps", 0)
    there = state.epoch * per_epoch + state.step_in_epoch
    fits = 0 <= state.step_in_epoch <= per_epoch and state.epoch >= 0
    if fits and state.step == there <= plan["steps"] and _CHECKPOINT.fullmatch(
        state.best_checkpoint
    ):  # fmt: skip
        return
    raise RunFormatError(
        f"{folder} is damaged: a checkpoint does not lie on the way of its plan",
        where=str(folder / "checkpoints"),
        why=f"state.json says step {state.step}, which is step {state.step_in_epoch} of epoch "
        f"{state.epoch + 1}, best {state.best_checkpoint or 'none'}",
        fix="remove that checkpoint, then gd resume (goes on from the one before)",
        more="docs/runs.md",
    )


def _check_plan(folder: Path, manifest: Manifest, data: ImageData) -> None:
    """The plan decides the learning rate of every step: it must be the one these settings make."""
    if not manifest.plan:
        return
    settings: Settings = build(manifest.settings)
    steps, per_epoch = manifest.plan.get("steps", 0), manifest.plan.get("epoch_steps", 0)
    whole = len(data.train) // settings.batch_size
    fits = max(1, whole) <= per_epoch <= whole + 1 and 1 <= steps <= MOST_STEPS
    if not fits or not (settings.minutes or steps == settings.epochs * per_epoch):
        raise RunFormatError(
            f"{folder} is damaged: its plan does not follow from its settings and images",
            where=str(folder / "run.json"),
            why=f"plan: {steps} steps, {per_epoch} in an epoch, for {len(data.train)} images in "
            f"batches of {settings.batch_size}",
            fix="train anew: gd train",
            more="docs/runs.md",
        )


def _difference(before: DataFacts, now: DataFacts) -> str:
    """What changed, as far as counts and names show it."""
    for what, old, new in (
        ("samples", before.counts, now.counts),
        ("image shape", before.image, now.image),
        ("classes", before.class_names, now.class_names),
    ):
        if old != new:
            return f"{what}: {_shown(old)} then, {_shown(new)} now"
    return "as many samples of the same shape and classes, but other pixels or labels"


def _shown(what: Mapping[str, int] | tuple[int, ...] | tuple[str, ...]) -> str:
    if isinstance(what, Mapping):
        return ", ".join(f"{count:,} {name}" for name, count in what.items())
    more = ", ..." if len(what) > 10 else ""
    return ", ".join(map(str, what[:10])) + more
