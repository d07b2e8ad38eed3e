"""A moment of a run of `gd train`: finished, killed, stopped or still running.

A run keeps a checkpoint at a tenth of its steps; before that its first step follows from the seed.
From there the run's own loop is walked again for some steps, over the same batches, while the
watcher keeps a moment. Nothing is unpickled, and nothing in the run folder is changed.

The run has recorded the losses of these very steps. They are compared, so that an answer is about
this run, and not about something like it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from goingdeep.data.images import Part
from goingdeep.data.loader import batches_in_order
from goingdeep.errors import GoingDeepError, RunChangedError, RunError, WatchError
from goingdeep.record import Manifest, Setting, machine, read_events
from goingdeep.record.events import Losses
from goingdeep.record.reading import Seen
from goingdeep.record.runs import short_name
from goingdeep.show.chosen import choose
from goingdeep.train import checkpoint
from goingdeep.train.again import again
from goingdeep.train.capability import choose_device, gpu_name
from goingdeep.train.course import Course
from goingdeep.train.start import Source
from goingdeep.watch.moments.budget import Budget
from goingdeep.watch.moments.moments import Moments
from goingdeep.watch.moments.replay import verify
from goingdeep.watch.reading.arithmetic import Arithmetic
from goingdeep.watch.reading.generators import Generators
from goingdeep.watch.watcher import Watcher, is_watched
from goingdeep.why.experiment import Bound, Experiment

if TYPE_CHECKING:
    from goingdeep.data.loader import Batch
    from goingdeep.watch.moments.moment import Moment

LEAST = 2
"""Steps that are walked however slow they are."""

TEST_BYTES = 32 << 20
TEST_SAMPLES = 2_000
CLOSE = 0.02
"""The most by which the first loss may differ on another machine: bfloat16 has two to three digits."""

OTHER_DRAWS = 0.25
"""The same where Dropout leaves out other numbers."""


class _NoMomentError(Exception):
    """There is no moment. Its text says why, without a full stop."""


def of_run(folder: Path, bound: Bound, *, source: Source | None = None) -> Experiment:
    """What a lesson works on, from a run of `gd train`.

    Args:
        folder: the run.
        source: the images again, for a run on arrays.

    Raises:
        RunNotFoundError, RunFormatError: it is no run of `gd train`, or it is damaged.
        WatchError: this process is being watched, and there can be one watcher at a time.
    """
    refuse_watched()
    budget = Budget(bound.seconds)
    experiment = Experiment(_seen(folder), name=short_name(folder), bound=bound)
    with nothing_changed():
        try:
            found = _with_moment(experiment, folder, source)
            return dataclasses.replace(found, spent=budget.spent)
        except _NoMomentError as error:
            return dataclasses.replace(experiment, reason=str(error))


def refuse_watched() -> None:
    """Raise where this process is being watched.

    Raises:
        WatchError: it is.
    """
    if is_watched():
        raise WatchError(
            "a run cannot be replayed while this program is being watched",
            why="the replay is watched too, and there can be one watcher at a time",
            fix="ask after the `with gd.watch()` has ended",
            more="docs/watch.md",
        )


def _with_moment(experiment: Experiment, folder: Path, source: Source | None) -> Experiment:
    try:
        start = again(folder, source)
    except RunChangedError as error:
        raise _NoMomentError(_why(error)) from error
    manifest = start.manifest
    moved = _onto_this_machine(manifest)
    try:
        course = Course(manifest, start.data)
        first = _go(folder, course)
    except GoingDeepError as error:
        raise _NoMomentError(_why(error)) from error
    moment = _walked(course, first, experiment.bound)
    if not verify(moment, seconds=experiment.bound.verifying):
        raise _NoMomentError(moment.reason)
    return dataclasses.replace(
        experiment,
        moment=moment,
        agrees=_compared(folder, manifest, moment, moved),
        tests=tuple(_tests(start.data.test)),
        loader=course.batches(0, 0),
    )


def _why(error: GoingDeepError) -> str:
    """An error as part of a sentence."""
    return f"{error.message}: {error.why}" if error.why else error.message


# -------------------------------------------------------------------- where it begins


def _onto_this_machine(manifest: Manifest) -> str:
    """Let a run of a device that is not here be computed on the CPU.

    Returns:
        The run's own device where that was so, else "".
    """
    settings = manifest.settings
    settings["data.workers"] = Setting(0, "default")  # decides no number
    device = str(settings["device"].value)
    with contextlib.suppress(GoingDeepError):
        choose_device(device)
        return ""
    settings["device"] = Setting("cpu", "capability", f"there is no {device} here")
    return device


def _go(folder: Path, course: Course) -> int:
    """Bring model, optimizer and generators to where the moment begins; returns the steps done."""
    name = f"step-{course.moment:08d}"
    if not (folder / "checkpoints" / name / "state.json").is_file():
        return 0  # killed or asked before: a new course stands before its first step
    checkpoint.restore(folder, name, course.parts)
    return course.parts.state.step


def _walked(course: Course, first: int, bound: Bound) -> Moment:
    """Walk the run's own loop from there, until the moment is long enough or time is over."""
    budget = Budget(bound.verifying)
    watcher = Watcher()
    watcher.looks = False
    watcher.moments = Moments(watcher, length=bound.steps, limit=bound.bytes // 2)
    watcher.start()
    try:
        for done, _ in enumerate(_losses(course, first), 1):
            late = done >= LEAST and not budget.left
            if done >= bound.steps or late or watcher.moments.kept:
                break
    except torch.OutOfMemoryError as error:
        raise _NoMomentError("there is not enough memory on this device") from error
    finally:
        watcher.stop()
    if not watcher.moments.kept:
        gaps = [reason for _, reason in watcher.recorder.gaps]
        raise _NoMomentError(gaps[0] if gaps else "the run has no step to replay")
    (moment,) = watcher.moments.kept
    moment.step = first + 1
    return moment


def _losses(course: Course, first: int) -> Iterator[Tensor]:
    epoch, step_in_epoch = divmod(first, course.epoch_steps)
    while epoch < course.epochs:
        yield from course.losses(course.batches(epoch, step_in_epoch), first)
        first += course.epoch_steps - step_in_epoch
        epoch, step_in_epoch = epoch + 1, 0


# -------------------------------------------------------------------- is it the same?


def _compared(folder: Path, manifest: Manifest, moment: Moment, moved: str) -> str:
    """How the moment's losses compare with the recorded ones, as a sentence.

    Raises:
        _NoMomentError: they differ, and the machine is no reason.
    """
    recorded = _recorded(folder)
    pairs = [
        (step, recorded[step], loss)
        for step, loss in enumerate(moment.losses, moment.step)
        if step in recorded
    ]
    if not pairs:
        return "The run kept no losses of these steps to compare with."
    last = pairs[-1][0]
    different = [(step, then, now) for step, then, now in pairs if then != now]
    if not different:
        return f"Replay equals the run: the losses of steps {moment.step} to {last}, bit for bit."
    other = _other_machine(manifest, moved)
    step, then, now = different[0]
    draws = bool(moved) and _draws(moment)
    if draws:
        other += ", where Dropout draws other numbers"
    if not other or not _close(pairs[0][1], pairs[0][2], OTHER_DRAWS if draws else CLOSE):
        differs = f"done again, step {step} has the loss {now:.7g} and not {then:.7g} as recorded"
        because = f"; {other}" if other else ", although machine and versions are the same"
        raise _NoMomentError(differs + because + _file_of(manifest))
    most = max(abs(now - then) for _, then, now in different)
    return (
        f"The run's losses of steps {moment.step} to {last} are met to within {most:.1g}, not to "
        f"the last bit: {other}."
    )


def _recorded(folder: Path) -> dict[int, float]:
    found: dict[int, float] = {}
    for event in read_events(folder):
        if isinstance(event, Losses):
            found.update(enumerate(event.values, event.first))
    return found


def _close(then: float, now: float, most: float) -> bool:
    return math.isfinite(now) and abs(now - then) <= most * abs(then)


def _draws(moment: Moment) -> bool:
    """Whether its models draw random numbers on the device; our batches' changes come from the CPU."""
    dropout = nn.modules.dropout._DropoutNd  # noqa: SLF001 - what all of them are
    return any(isinstance(part, dropout) for model in moment.modules for part in model.modules())


def _other_machine(manifest: Manifest, moved: str) -> str:
    """What of machine and versions is different from the run's, where it decides last bits."""
    if moved:
        return f"it ran on {moved}, and is done again here on the CPU"
    now = machine.versions()
    for name in ("torch", "torchvision", "numpy", "goingdeep"):
        then = manifest.versions.get(name, "")
        if then and then != now.get(name):
            return f"it ran with {name} {then}, and here is {now.get(name, 'none')}"
    here = machine.machine()
    for name in ("processor", "system"):
        if manifest.machine.get(name) != here[name]:
            return f"it ran on another {name}"
    gpu = manifest.machine.get("gpu")
    if gpu and gpu != gpu_name(choose_device(str(manifest.settings["device"].value))):
        return f"it ran on another GPU ({gpu})"
    return ""


def _file_of(manifest: Manifest) -> str:
    name = str(manifest.settings["model"].value).rpartition(":")[0]
    return f" (has {Path(name).name} changed?)" if name.endswith(".py") else ""


# -------------------------------------------------------------------- what else a lesson is given


def _seen(folder: Path) -> Seen:
    try:
        return choose(folder).seen
    except RunError as error:
        if type(error) is not RunError:
            raise
        return Seen()  # it was not watched


def _tests(part: Part) -> Iterator[Batch]:
    """Samples from all over the test part: one that is sorted by class begins with one class."""
    size = max(1, part.images[:1].nbytes * 4)
    count = max(1, min(TEST_SAMPLES, TEST_BYTES // size))
    step = max(1, -(-len(part) // count))
    few = Part(part.images[::step].copy(), part.labels[::step].copy())
    yield from batches_in_order(few)


@contextlib.contextmanager
def nothing_changed() -> Iterator[None]:
    """Put the caller's generators and switches back."""
    generators, arithmetic = Generators.now(), Arithmetic.now()
    try:
        yield
    finally:
        arithmetic.restore()
        generators.restore()
