"""Everything a step follows from: model, optimizer, loss, and the batches of every epoch.

It is a function of settings and images alone. What a run does around it (records, checkpoints,
stopping) is in training.py; `pace` and `diagnose` walk parts of the same course again.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader

from goingdeep import models
from goingdeep.data.augment import EpochPlan, plan_epoch
from goingdeep.data.images import ImageData
from goingdeep.data.loader import Batch, steps_per_epoch, training_batches
from goingdeep.errors import SettingsError
from goingdeep.record import Curve, Manifest
from goingdeep.record.manifest import settings_of
from goingdeep.train import checkpoint, loop, pace
from goingdeep.train.capability import (
    arithmetic,
    choose_device,
    exact,
    gpu_name,
    resolve_capability,
    with_capability,
)
from goingdeep.train.optimizer import learning_rates, make_loss, make_optimizer
from goingdeep.train.settings import Settings, build


class Course:
    """Builds what a run trains, and gives its steps.

    Args:
        manifest: settings are read from it; capability and plan are filled in.
        data: the images.
    Raises:
        SettingsError, ShapeError, DeviceError: model, data and settings do not fit.
    """

    def __init__(self, manifest: Manifest, data: ImageData) -> None:
        self.data = data
        settings = build(manifest.settings)
        device = choose_device(settings.device)
        gpu = gpu_name(device)
        if gpu:
            manifest.machine.setdefault("gpu", gpu)  # of a run that goes on elsewhere, the first
        model = self._new_model(settings)
        if not any(p.requires_grad for p in model.parameters()):
            raise SettingsError(
                f"model {settings.model} has nothing to train",
                why="no parameter of it requires a gradient",
                fix="leave requires_grad of some parameters True",
                more="docs/models.md",
            )
        manifest.settings = resolve_capability(manifest.settings, device, model)
        self._values = settings_of(manifest)
        self.settings: Settings = with_capability(settings, manifest.settings)
        exact(self.settings, device)
        self.arithmetic = arithmetic(self.settings, device)
        self.parts = self._new_parts(model)
        self.loss_function = make_loss(self.settings.loss, data.train.labels, data.classes, device)
        self.epoch_steps = steps_per_epoch(len(data.train), self.settings.batch_size)
        if not manifest.plan:
            manifest.plan = {"steps": self._plan_steps(), "epoch_steps": self.epoch_steps}
        self.steps = manifest.plan["steps"]

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
            checkpoint.State(settings=self._values),
            Curve(),
        )

    def _plan_steps(self) -> int:
        if not self.settings.minutes:
            return self.settings.epochs * self.epoch_steps
        # The pace does not depend on how many steps there will be, and the rate is zero meanwhile.
        self.steps = 1
        return pace.steps_in(self.settings.minutes * 60, self)

    @property
    def epochs(self) -> int:
        """How many walks over the training part the plan comes to, the last one perhaps cut."""
        return math.ceil(self.steps / self.epoch_steps)

    @property
    def moment(self) -> int:
        """The step after which a checkpoint is kept for replays.

        Not later: at the end of a falling learning rate nothing breaks visibly any more.
        """
        return max(1, self.steps // 10)

    def go_to_newest(self, folder: Path) -> str:
        """Bring everything to the newest checkpoint, or before the first step where there is none.

        Returns:
            The checkpoint's name, "" where there is none.
        """
        name = checkpoint.newest(folder)
        if name:
            checkpoint.restore(folder, name, self.parts)
        elif self.parts.state.step:
            self.parts = self._new_parts(self._new_model(self.settings))
        return name

    def plan(self, epoch: int) -> EpochPlan:
        """Order and changes of an epoch, counted from 0."""
        a = self.settings.augment
        return plan_epoch(
            len(self.data.train),
            self.settings.seed,
            epoch,
            flip=a.flip,
            shift=a.shift,
            cutout=a.cutout,
        )

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

    def logits(self, model: nn.Module, batches: Iterable[Batch]) -> Tensor:
        """A model's scores f32[N,K] for these batches, in this run's arithmetic."""
        return loop.evaluate(model, batches, self.arithmetic.precision(), self.arithmetic.device)

    def choose(self, folder: Path) -> nn.Module:
        """The model with the weights that count: the best epoch's, the averaged, or the last ones.

        Changes: the live model's weights. Mode is left to whoever uses it.
        """
        averaged, state = self.parts.averaged, self.parts.state
        if state.best_checkpoint:
            chosen = checkpoint.read_weights(
                folder, state.best_checkpoint, averaged=averaged is not None
            )
            self.parts.model.load_state_dict(chosen)
        elif averaged is not None:
            self.parts.model.load_state_dict(averaged.module.state_dict())
        return self.parts.model
