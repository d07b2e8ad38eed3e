"""One training, from a run folder that says what to do to final weights.

    restore    the newest checkpoint, if there is one
    epochs     for each epoch: order and changes drawn, loop.train, then
               between two steps: count, average, checkpoint by time, stop on request
               after the epoch:   losses read, accuracy measured where the settings ask for it

Everything that changes the weights is a function of the settings and the data (course.py): the
clock decides only when a checkpoint is written.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from goingdeep.data.images import ImageData, Part
from goingdeep.data.loader import Batch, ImageDataset, batches_in_order
from goingdeep.record import EventLog, Manifest, write_blob, write_manifest
from goingdeep.record.events import (
    MOMENT_STEPS,
    Checkpointed,
    Epoch,
    FirstBatch,
    Losses,
    Resumed,
    Started,
)
from goingdeep.record.files import write_atomic, writing
from goingdeep.train import checkpoint, diagnose
from goingdeep.train.course import Course
from goingdeep.train.stop import Stopped, StopRequest
from goingdeep.train.toml import to_toml

READ_EVERY = 64
"""Steps between two readings of the loss: on a GPU a reading waits for all work queued so far."""

FIRST_BATCH_SAMPLES = 16
FIRST_BATCH_BYTES = 1 << 20


@dataclass
class Live:
    """What a reader thread may look at while training goes on; nothing here is read by the loop."""

    step: int = 0
    steps: int = 0
    epoch: int = 0
    epochs: int = 0
    loss: float = math.nan
    phase: str = "starting"
    rows: list[Epoch] = field(default_factory=list)


class Training:
    """Trains what a run folder describes.

    Args:
        folder: with a `run.json`. manifest: its content; completed and written here.
        data: the images. log: the run's event log. stop: asked between two steps.
        began: `time.perf_counter` when this process began with the run.
    Raises:
        SettingsError, ShapeError, DeviceError: model, data and settings do not fit.
    """

    def __init__(
        self,
        folder: Path,
        manifest: Manifest,
        data: ImageData,
        log: EventLog,
        stop: StopRequest,
        began: float,
    ) -> None:
        self.folder, self.manifest, self.log, self.stop = folder, manifest, log, stop
        self._started = began
        self.course = Course(manifest, data)
        self.live = Live(steps=self.course.steps, epochs=self.course.epochs)
        self._losses: list[Tensor] = []
        self._saved_at = time.perf_counter()
        self._wait = self._saving = 0.0
        self._seconds_before = 0.0

    @property
    def state(self) -> checkpoint.State:
        """Where the run is."""
        return self.course.parts.state

    # ---------------------------------------------------------------- running

    def run(self) -> None:
        """Train to the end of the plan, from the newest checkpoint if there is one.

        Raises:
            Stopped: a stop was asked for; a checkpoint was written.
            NonFiniteError: a loss or weight became NaN or infinite; the last checkpoint is good.
            WriteError: the disk refuses.
        """
        self.manifest.status, self.manifest.error = "running", ""
        write_manifest(self.folder, self.manifest)
        # Written again now that the machine's part is known: so `--config` repeats this very run.
        settings = to_toml(self.manifest.settings).encode("utf-8", "backslashreplace")
        write_atomic(self.folder / "settings.toml", settings)
        name = self.course.go_to_newest(self.folder)
        if self.log.empty:
            device = str(self.course.arithmetic.device)
            self.log.write(Started(time=time.time(), steps=self.course.steps, device=device))
            if self.manifest.watched:
                self._record_first_batch()
        else:
            resumed = Resumed(time=time.time(), step=self.state.step, checkpoint=name)
            self.log.write(resumed, last=True)
        self.live.step, self.live.epoch = self.state.step, self.state.epoch
        self.live.rows = list(self.state.epochs)
        self._seconds_before = self.state.seconds
        try:
            # A run may have been stopped between the last step of an epoch and its end.
            while self.state.step_in_epoch or not (
                self.state.step == self.course.steps or self._patience_is_over()
            ):
                self._epoch()
        except Stopped:
            self._save("signal")
            raise
        self.live.phase = "testing"

    def _patience_is_over(self) -> bool:
        patience = self.course.settings.select.patience
        return bool(
            patience
            and self.state.best_epoch
            and self.state.epoch - self.state.best_epoch >= patience
        )

    def _epoch(self) -> None:
        course, state, live = self.course, self.state, self.live
        live.epoch, live.phase = state.epoch, "training"
        began, self._wait, self._saving = time.perf_counter(), 0.0, 0.0
        batches = course.batches(state.epoch, state.step_in_epoch)
        moment = course.moment
        first = state.step_in_epoch
        for loss in course.losses(self._timed(batches), state.step):
            state.step += 1
            state.step_in_epoch += 1
            self._losses.append(loss)
            if course.parts.averaged is not None:
                course.parts.averaged.update_parameters(course.parts.model)
            live.step = state.step
            if len(self._losses) == READ_EVERY:
                self._read_losses()
            if state.step == moment:
                self._save("moment")
            elif time.perf_counter() - self._saved_at > course.settings.checkpoint_seconds:
                self._save("time")
            self.stop.check()
        self._read_losses()
        size, count = course.settings.batch_size, len(course.data.train)
        samples = min(state.step_in_epoch * size, count) - min(first * size, count)
        self._end_epoch(time.perf_counter() - began - self._saving, samples)
        self._save("epoch")
        self.stop.check()

    def _timed(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        """The same batches; the time spent waiting for them is added up."""
        before = time.perf_counter()
        source = iter(batches)
        while True:
            batch = next(source, None)
            self._wait += time.perf_counter() - before
            if batch is None:
                return
            yield batch
            before = time.perf_counter()

    def _end_epoch(self, seconds: float, samples: int) -> None:
        state = self.state
        before = time.perf_counter()
        scores = {}
        data, settings = self.course.data, self.course.settings
        if data.validation is not None and settings.select.holdout:
            scores["validation"] = self._accuracy(data.validation)
        if settings.test.every_epoch:
            scores["test"] = self._accuracy(data.test)
        state.epoch += 1
        event = Epoch(
            time=time.time(),
            step=state.step,
            epoch=state.epoch,
            loss=state.loss_sum / max(1, state.step_in_epoch),
            rate=float(self.course.parts.optimizer.param_groups[0]["lr"]),
            scores=scores,
            samples=samples,
            train_seconds=seconds,
            test_seconds=time.perf_counter() - before,
            data_wait=self._wait / seconds if seconds else 0.0,
        )
        state.step_in_epoch, state.loss_sum = 0, 0.0
        state.epochs.append(event)
        # Averaged weights need no choosing, and the last ones are the best of a rate that falls to
        # zero; but early stopping and a held-out part exist to choose.
        if scores.get("validation", -1.0) > state.best_score:
            state.best_score, state.best_epoch = scores["validation"], state.epoch
            state.best_checkpoint = f"step-{state.step:08d}"
        self.log.write(event)
        self.live.rows.append(event)

    def _accuracy(self, part: Part) -> float:
        self.live.phase = "testing"
        batches = self.stop.watching(batches_in_order(part))
        logits = self.course.logits(self.course.parts.averaged or self.course.parts.model, batches)
        return float((logits.argmax(1).numpy() == part.labels).mean())

    # ---------------------------------------------------------------- between two steps

    def _read_losses(self) -> None:
        if not self._losses:
            return
        values = torch.stack(self._losses).cpu().double().numpy()
        first = self.state.step - len(values) + 1
        self._losses.clear()
        bad = np.flatnonzero(~np.isfinite(values))
        if len(bad):
            raise diagnose.non_finite(
                self.course, self.folder, first + int(bad[0]), float(values[bad[0]])
            )
        if self.manifest.watched:
            self.course.parts.curve.extend(first, values)
            self._keep_losses(first, values)
        self.state.loss_sum += float(values.sum())
        self.live.loss = float(values.mean())

    def _keep_losses(self, first: int, values: npt.NDArray[np.float64]) -> None:
        """Write down the losses that a replay can begin at, as they are."""
        # No reading spans the moment: a checkpoint reads first.
        last = MOMENT_STEPS + (self.course.moment if first > self.course.moment else 0)
        kept = values[: max(0, last + 1 - first)].tolist()
        if kept:
            self.log.write(
                Losses(time=time.time(), step=self.state.step, first=first, values=tuple(kept))
            )

    def _save(self, reason: str) -> None:
        self._read_losses()
        # Buffers are left out: a mask of minus infinity is one, and means no harm.
        for name, value in self.course.parts.model.named_parameters():
            if not bool(value.isfinite().all()):
                # The loss of this step was still finite; its update ruined the weight.
                step = self.state.step
                raise diagnose.non_finite(self.course, self.folder, step, math.nan, weight=name)
        before = time.perf_counter()
        self.state.seconds = self._seconds_before + before - self._started
        if reason == "moment":
            self.state.moment = f"step-{self.state.step:08d}"
        name = checkpoint.save(self.folder, self.course.parts)
        checkpoint.tidy(self.folder, self.state)
        if self.manifest.watched:
            with writing(self.folder / "scalars"):
                (self.folder / "scalars").mkdir(exist_ok=True)
            self.course.parts.curve.write(self.folder / "scalars" / "loss.npy")
        self._saved_at = time.perf_counter()
        self._saving += self._saved_at - before
        self.log.write(
            Checkpointed(
                time=time.time(), step=self.state.step, name=name, reason=reason,
                seconds=self._saved_at - before,
            )
        )  # fmt: skip

    def _record_first_batch(self) -> None:
        """Keep the first samples of the first batch as the model will get them, to look at."""
        data, plan = self.course.data, self.course.plan(0)
        samples = plan.order[: min(FIRST_BATCH_SAMPLES, self.course.settings.batch_size)]
        images, labels = ImageDataset(data.train, plan).__getitems__(samples)
        pixels = (images * 255).round().byte().numpy()
        if pixels.nbytes <= FIRST_BATCH_BYTES:
            self.log.write(
                FirstBatch(
                    time=time.time(),
                    images=write_blob(self.folder, pixels),
                    labels=tuple(labels.tolist()),
                    batch=(self.course.settings.batch_size, *data.shape),
                )
            )

    def seconds(self) -> float:
        """Wall time of this run so far, over all its processes, from opening the images on."""
        return self._seconds_before + time.perf_counter() - self._started
