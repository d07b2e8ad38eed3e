"""One training, from a run folder that says what to do to final weights.

    build      seed -> model -> optimizer, loss, averaged weights; the plan (how many steps)
    restore    the newest checkpoint, if there is one
    epochs     for each epoch: order and changes drawn, loop.train, then
               between two steps: count, average, checkpoint by time, stop on request
               after the epoch:   losses read, accuracy measured where the settings ask for it
    choose     the last weights, the averaged ones, or the best epoch's

Everything here that changes the weights is a function of the settings and the data: the clock
decides only when a checkpoint is written.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader

from goingdeep import models
from goingdeep.data.augment import EpochPlan, plan_epoch
from goingdeep.data.images import ImageData, Part
from goingdeep.data.loader import (
    Batch,
    ImageDataset,
    batches_in_order,
    steps_per_epoch,
    training_batches,
)  # fmt: skip
from goingdeep.errors import SettingsError
from goingdeep.record import Curve, EventLog, Manifest, write_blob, write_manifest
from goingdeep.record.events import Checkpointed, Epoch, FirstBatch, Resumed, Started
from goingdeep.record.files import writing
from goingdeep.record.manifest import settings_of
from goingdeep.train import checkpoint, diagnose, loop, pace
from goingdeep.train.capability import (
    arithmetic,
    choose_device,
    exact,
    resolve_capability,
    with_capability,
)  # fmt: skip
from goingdeep.train.optimizer import learning_rates, make_loss, make_optimizer
from goingdeep.train.settings import Settings, build
from goingdeep.train.stop import Stopped, StopRequest

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
    notes: list[str] = field(default_factory=list)


class Training:
    """Trains what a run folder describes.

    Args:
        folder: with a `run.json`. manifest: its content; completed and written here.
        data: the images. log: the run's event log. stop: asked between two steps.
    Raises:
        SettingsError, ShapeError, DeviceError: model, data and settings do not fit.
    """

    def __init__(
        self, folder: Path, manifest: Manifest, data: ImageData, log: EventLog, stop: StopRequest
    ) -> None:
        self.folder, self.manifest, self.data, self.log, self.stop = (
            folder,
            manifest,
            data,
            log,
            stop,
        )
        self.live = Live()
        self._started = time.perf_counter()
        settings = build(manifest.settings)
        device = choose_device(settings.device)
        if settings.batch_size > len(data.train):
            raise SettingsError(
                f"batch_size expects at most {len(data.train)}, the size of the training part, "
                f"got {settings.batch_size}",
                fix=f"--set batch_size={max(1, min(64, len(data.train) // 4))}",
                more="docs/recipes.md",
            )
        model = self._new_model(settings)
        manifest.settings = resolve_capability(manifest.settings, device, model)
        self.settings: Settings = with_capability(settings, manifest.settings)
        exact(self.settings, device)
        self.arithmetic = arithmetic(self.settings, device)
        if not any(p.requires_grad for p in model.parameters()):
            raise SettingsError(
                f"model {settings.model} has nothing to train",
                why="no parameter of it requires a gradient",
                fix="leave requires_grad of some parameters True",
                more="docs/models.md",
            )
        self.parts = self._new_parts(model)
        self.loss_function = make_loss(self.settings.loss, data.train.labels, data.classes, device)
        self.epoch_steps = steps_per_epoch(len(data.train), self.settings.batch_size)
        if not manifest.plan:
            manifest.plan = {"steps": self._plan_steps(), "epoch_steps": self.epoch_steps}
        self.steps = manifest.plan["steps"]
        self.live.steps, self.live.epochs = self.steps, math.ceil(self.steps / self.epoch_steps)
        self._losses: list[Tensor] = []
        self._saved_at = time.perf_counter()
        self._wait = 0.0
        self._seconds_before = 0.0

    def _new_model(self, settings: Settings) -> nn.Module:
        # From here to the first step the global generator is used by the model's own
        # initialisation only: a plain script that does the same gets the same weights.
        torch.manual_seed(settings.seed)
        return models.build(settings.model, *self.data.shape, self.data.classes)

    def _new_parts(self, model: nn.Module) -> checkpoint.Parts:
        model = self.arithmetic.place(model)
        averaged = None
        if self.settings.ema.decay:
            averaged = AveragedModel(
                model, multi_avg_fn=get_ema_multi_avg_fn(self.settings.ema.decay), use_buffers=True
            )
        return checkpoint.Parts(
            model,
            make_optimizer(model, self.settings.optimizer),
            averaged,
            checkpoint.State(settings=settings_of(self.manifest)),
            Curve(),
        )

    def start_again(self) -> None:
        """Put everything back to before the first step."""
        self.parts = self._new_parts(self._new_model(self.settings))

    def _plan_steps(self) -> int:
        if not self.settings.minutes:
            return self.settings.epochs * self.epoch_steps
        self.live.phase = "measuring the pace"
        return pace.steps_in(self.settings.minutes * 60, self)

    @property
    def state(self) -> checkpoint.State:
        """Where the run is."""
        return self.parts.state

    # ---------------------------------------------------------------- running

    def run(self) -> None:
        """Train to the end of the plan, from the newest checkpoint if there is one.

        Raises:
            Stopped: a stop was asked for; a checkpoint was written.
            NonFiniteError: a loss or weight became NaN or infinite; the last checkpoint is good.
            WriteError: the disk refuses.
        """
        self.manifest.status = "running"
        write_manifest(self.folder, self.manifest)
        name = checkpoint.newest(self.folder)
        if name:
            checkpoint.restore(self.folder, name, self.parts)
        if self.log.empty:
            self.log.write(Started(time=time.time(), steps=self.steps, device=self.settings.device))
            if self.manifest.watched:
                self._record_first_batch()
        else:
            self.log.write(Resumed(time=time.time(), step=self.state.step, checkpoint=name))
        self.live.step, self.live.epoch = self.state.step, self.state.epoch
        self.live.rows = list(self.state.epochs)
        self._seconds_before = self.state.seconds
        try:
            # A run may have been stopped between the last step of an epoch and its end.
            while self.state.step_in_epoch or not (
                self.state.step == self.steps or self._patience_is_over()
            ):
                self._epoch()
        except Stopped:
            self._save("signal")
            raise
        self.live.phase = "testing"

    def _patience_is_over(self) -> bool:
        patience = self.settings.select.patience
        return bool(
            patience
            and self.state.best_epoch
            and self.state.epoch - self.state.best_epoch >= patience
        )

    def plan(self, epoch: int) -> EpochPlan:
        """Order and changes of an epoch, counted from 0."""
        a = self.settings.augment
        return plan_epoch(
            len(self.data.train), self.settings.seed, epoch,
            flip=a.flip, shift=a.shift, cutout=a.cutout,
        )  # fmt: skip

    def batches(self, epoch: int, start: int) -> DataLoader[Batch]:
        """The batches of an epoch, from batch `start` on."""
        return training_batches(
            self.data.train,
            self.plan(epoch),
            self.settings.batch_size,
            start=start,
            workers=self.settings.data.workers,
        )

    def losses(self, batches: Iterable[Batch], first_step: int) -> Iterator[Tensor]:
        """Train on these batches, the first of which is step `first_step` of the run."""
        s = self.settings
        return loop.train(
            self.parts.model,
            batches,
            self.loss_function,
            self.parts.optimizer,
            learning_rates(first_step, self.steps, s.optimizer.lr, s.schedule),
            self.arithmetic.precision(),
            self.arithmetic.device,
        )

    def _epoch(self) -> None:
        state, live = self.state, self.live
        live.epoch, live.phase = state.epoch, "training"
        batches = self.batches(state.epoch, state.step_in_epoch)
        moment = max(1, self.steps // 10)
        began, self._wait = time.perf_counter(), 0.0
        first = state.step
        for loss in self.losses(self._timed(batches), state.step):
            state.step += 1
            state.step_in_epoch += 1
            self._losses.append(loss)
            if self.parts.averaged is not None:
                self.parts.averaged.update_parameters(self.parts.model)
            live.step = state.step
            if len(self._losses) == READ_EVERY:
                self._read_losses()
            if state.step == moment:
                self._save("moment")
            elif time.perf_counter() - self._saved_at > self.settings.checkpoint_seconds:
                self._save("time")
            self.stop.check()
        self._read_losses()
        self._end_epoch(time.perf_counter() - began, state.step - first)
        self._save("epoch")
        self.stop.check()

    def _timed(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        """The same batches; the time spent waiting for them is added up."""
        source = iter(batches)
        while True:
            before = time.perf_counter()
            batch = next(source, None)
            self._wait += time.perf_counter() - before
            if batch is None:
                return
            yield batch

    def _end_epoch(self, seconds: float, steps: int) -> None:
        state = self.state
        before = time.perf_counter()
        scores = {}
        if self.data.validation is not None and self.settings.select.holdout:
            scores["validation"] = self._accuracy(self.data.validation)
        if self.settings.test.every_epoch:
            scores["test"] = self._accuracy(self.data.test)
        state.epoch += 1
        event = Epoch(
            time=time.time(),
            step=state.step,
            epoch=state.epoch,
            loss=state.loss_sum / max(1, state.step_in_epoch),
            rate=float(self.parts.optimizer.param_groups[0]["lr"]),
            scores=scores,
            samples=min(steps * self.settings.batch_size, len(self.data.train)),
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
        model = self.parts.averaged if self.parts.averaged is not None else self.parts.model
        logits = loop.evaluate(
            model, self.stop.watching(batches_in_order(part)),
            self.arithmetic.precision(), self.arithmetic.device,
        )  # fmt: skip
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
            raise diagnose.non_finite(self, first + int(bad[0]), float(values[bad[0]]))
        if self.manifest.watched:
            self.parts.curve.extend(first, values)
        self.state.loss_sum += float(values.sum())
        self.live.loss = float(values.mean())

    def _save(self, reason: str) -> None:
        self._read_losses()
        for name, value in self.parts.model.state_dict().items():
            if value.is_floating_point() and not bool(value.isfinite().all()):
                # The loss of this step was still finite; the next one would not have been.
                raise diagnose.non_finite(self, self.state.step + 1, math.nan, weight=name)
        before = time.perf_counter()
        self.state.seconds = self._seconds_before + before - self._started
        if reason == "moment":
            self.state.moment = f"step-{self.state.step:08d}"
        name = checkpoint.save(self.folder, self.parts)
        checkpoint.tidy(self.folder, self.state)
        if self.manifest.watched:
            with writing(self.folder / "scalars"):
                (self.folder / "scalars").mkdir(exist_ok=True)
            self.parts.curve.write(self.folder / "scalars" / "loss.npy")
        self._saved_at = time.perf_counter()
        self.log.write(
            Checkpointed(
                time=time.time(), step=self.state.step, name=name, reason=reason,
                seconds=self._saved_at - before,
            )
        )  # fmt: skip

    def _record_first_batch(self) -> None:
        """Keep the first samples of the first batch as the model will get them, to look at."""
        dataset = ImageDataset(self.data.train, self.plan(0))
        samples = self.plan(0).order[:FIRST_BATCH_SAMPLES]
        images, labels = dataset.__getitems__(samples)
        pixels = (images * 255).round().byte().numpy()
        if pixels.nbytes <= FIRST_BATCH_BYTES:
            self.log.write(
                FirstBatch(
                    time=time.time(),
                    images=write_blob(self.folder, pixels),
                    labels=tuple(labels.tolist()),
                    batch=(self.settings.batch_size, *self.data.shape),
                )
            )

    # ---------------------------------------------------------------- afterwards

    def choose(self) -> nn.Module:
        """The model with the weights that count: the best epoch's, the averaged, or the last ones.

        Changes: the live model's weights. Mode is left to whoever uses it.
        """
        averaged = self.parts.averaged is not None
        if self.state.best_checkpoint:
            chosen = checkpoint.read_weights(
                self.folder, self.state.best_checkpoint, averaged=averaged
            )
            self.parts.model.load_state_dict(chosen)
        elif self.parts.averaged is not None:
            self.parts.model.load_state_dict(self.parts.averaged.module.state_dict())
        return self.parts.model

    def seconds(self) -> float:
        """Wall time spent on this run so far, over all its processes."""
        return self._seconds_before + time.perf_counter() - self._started
