"""When the questions are asked, and of which models.

A model is asked at a training step from its second on: a last layer of zeros has moved by then. That
the first axis holds the samples must be known, not guessed: the loader joined them on it, the model
was given it, its output has it, and so has what the loss was given.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from goingdeep.record.seen import Probed
from goingdeep.watch.probes import masks, mixing
from goingdeep.watch.probes.effects import refuse_side_effects
from goingdeep.watch.probes.trial import CannotAskError, Trial
from goingdeep.watch.reading.aside import transformed

if TYPE_CHECKING:
    from goingdeep.watch.data.active import ActivePass
    from goingdeep.watch.lane import Lane
    from goingdeep.watch.watcher import Watcher

FIRST_STEP = 2
TRIES = 4
"""Training steps after which a model that could not be asked is given up."""

MOST_MODELS = 8
MIXING, MASK = "batch-mixing", "mask-ignored"


@dataclass
class _Call:
    """A forward that waits for its loss."""

    lane: Lane
    number: int
    site: int
    module: nn.Module
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    loader: int
    batch: int
    output: list[torch.Size]


class Probes:
    """Asks the models of one watcher."""

    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher
        self._reasons: dict[int, str] = {}  # of models that could not be asked yet
        self._tries: dict[int, int] = {}
        self._done: set[int] = set()
        self._call: _Call | None = None
        self._inside = (0, 0)

    def forward_ended(
        self, lane: Lane, number: int, site: int, module: nn.Module, args: tuple[Any, ...],
        kwargs: dict[str, Any], output: Any, pass_: ActivePass | None,
    ) -> None:  # fmt: skip
        """A model has returned; whether it trains shows when its output meets a loss."""
        inside, self._inside = self._inside, (0, 0)
        self._call = None
        if number < 0 or number in self._done or len(self._done) >= MOST_MODELS:
            return
        if self._watcher.recorder.steps + 1 < FIRST_STEP:
            self._reasons.setdefault(number, "it was called in no training step after the first")
            return
        if pass_ is None or not pass_.collated:
            self._failed(number, "its batches were joined by no DataLoader")
            return
        batch = pass_.last_batch
        shapes = [t.shape for t in _outputs(output) if t.dim() and len(t) == batch]
        if not shapes:
            self._failed(number, "its output has no row for each sample")
            return
        self._call = _Call(
            lane, number, site, module, args, kwargs, pass_.loader, batch, shapes
        )  # fmt: skip
        if inside[0]:
            self._meet(*inside)

    def loss_called(self, lane: Lane, given: Tensor, target: Tensor | None) -> None:
        """A loss function was given something."""
        rows = len(given) if given.dim() else 0
        wanted = len(target) if target is not None and target.dim() else 0
        if lane.stack and not lane.outside:
            self._inside = (rows, wanted)  # in a model that makes its own loss
        elif self._call is not None and self._call.lane is lane and given.requires_grad:
            self._meet(rows, wanted)

    def backward_started(self) -> None:
        """A loss that was no function of PyTorch's: it is not known whether it has the samples."""
        if self._call is not None:
            number, self._call = self._call.number, None
            self._failed(number, "its output met no loss function of PyTorch's")

    def _meet(self, rows: int, wanted: int) -> None:
        call, self._call = self._call, None
        assert call is not None
        # Losses over positions flatten samples and positions into one axis.
        if not rows or rows % call.batch or wanted != rows:
            self._failed(call.number, "the loss has no row for each sample")
            return
        self._ask(call)

    def _ask(self, call: _Call) -> None:
        watcher = self._watcher
        trained = [lane for lane in watcher.lanes if lane.models]
        if len(trained) > 1:
            self._failed(call.number, "several threads train at once")
            return
        if transformed() is not None:
            return
        self._done.add(call.number)
        try:
            with watcher.gradients_lock, watcher.paused():
                events = self._answers(call)
        except Exception as error:  # noqa: BLE001 - a fault of ours costs the answer, and no more
            self._reasons[call.number] = f"{type(error).__name__}: {error}"[:200]
            self._give_up(call.number)
            return
        for event in events:
            watcher.recorder.event(Probed, **event)

    def _answers(self, call: _Call) -> list[dict[str, Any]]:
        about: dict[str, Any] = {"model": call.number, "site": call.site, "loader": call.loader}
        named = masks.masks(call.module, call.args, call.kwargs, call.batch)
        questions = [(MIXING, "")] + [(MASK, name) for name in named]
        try:
            refuse_side_effects(call.module)
            trial = Trial(call.module, call.args, call.kwargs, call.batch, call.output)
            base = trial.begin()
        except CannotAskError as error:
            return [about | {"probe": q, "argument": a, "reason": str(error)} for q, a in questions]
        assert trial.first is not None
        about["input"] = tuple(trial.first.shape)
        found = []
        for question, name in questions:
            try:
                if question == MIXING:
                    facts = mixing.ask(trial, base, self._watcher.recorder.sites)
                else:
                    facts = masks.ask(trial, base, name, named[name])
            except CannotAskError as error:
                facts = {"argument": name, "reason": str(error)}
            found.append(about | {"probe": question} | facts)
        return found

    def _failed(self, number: int, reason: str) -> None:
        self._reasons[number] = reason
        self._tries[number] = self._tries.get(number, 0) + 1
        if self._tries[number] >= TRIES:
            self._give_up(number)

    def _give_up(self, number: int) -> None:
        self._done.add(number)
        self._watcher.recorder.event(
            Probed, probe=MIXING, model=number, reason=self._reasons[number]
        )

    def finish(self) -> None:
        """The watcher is taken off."""
        self._call = None
        for number in list(self._reasons):
            if number not in self._done:
                self._give_up(number)


def _outputs(output: Any) -> list[Tensor]:
    if isinstance(output, Tensor):
        return [output]
    items = list(dict.values(output)) if isinstance(output, dict) else output
    if not isinstance(items, list | tuple):
        return []
    return [item for item in items[:16] if isinstance(item, Tensor)]
