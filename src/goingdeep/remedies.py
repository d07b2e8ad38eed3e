"""What a rule's remedy is in PyTorch: the variant that a replay plays, and what is measured of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from goingdeep.check.proof import JOINED, Remedy
from goingdeep.watch.moments.links import Made
from goingdeep.watch.moments.moment import Moment
from goingdeep.watch.moments.player import Player
from goingdeep.watch.moments.recorded import Loss, Use
from goingdeep.watch.moments.replay import Replay
from goingdeep.watch.moments.variant import Batch, Variant
from goingdeep.watch.reading.generators import Generators

TINY = 1e-12
"""A probability of zero, so that its logarithm is a number."""

MOST_SAMPLES = 512
"""On which a model is measured after each step."""

LAYERS: dict[str, Callable[[], nn.Module]] = {
    "ReLU": nn.ReLU,
    "LeakyReLU": lambda: nn.LeakyReLU(0.01),
}

BEFORE_LOSS: dict[str, Callable[[Tensor], Tensor]] = {
    "log": lambda x: x.clamp_min(TINY).log(),
    "log_softmax": lambda x: x.log_softmax(1 if x.dim() > 1 else 0),
    "logit": lambda x: x.logit(eps=1e-7),
}

INSIDE = "the model does it inside of its forward, where a replay cannot take it out"


def out_of_reach(moment: Moment, remedy: Remedy) -> str:
    """Why a remedy cannot be tried in a moment; "" where it can."""
    losses = [op for step in moment.steps for op in step.operations if isinstance(op, Loss)]
    given = [a for op in losses for a in (*op.args, *op.kwargs.values()) if isinstance(a, Made)]
    between = {link.name for made in given for link in made.links}
    ends = any(_last(model, remedy.last) is not None for model in moment.modules)
    if remedy.leave_out and not between & set(remedy.leave_out) and not ends:
        return INSIDE
    names = {type(part).__name__ for model in moment.modules for part in model.modules()}
    if remedy.swap and not names & remedy.swap.keys():
        return "its activations are functions inside of its forward"
    if remedy.measure == "all samples":
        if len(moment.modules) != 1:
            return "more than one model ran in these steps"
        if not moment.simple_batches():
            return "no step had one input, one loss and one target"
    return ""


def variant_of(remedy: Remedy, moment: Moment | None = None) -> Variant:
    """What the replay engine is asked for.

    Args:
        remedy: what is to be done differently.
        moment: where it will be tried; needed where inputs are scaled.
    """
    return Variant(
        name=remedy.name,
        clear=remedy.clear,
        scale=remedy.scale,
        clip=remedy.clip,
        rate=remedy.rate,
        rate_held=remedy.rate_held,
        train_mode=remedy.train_mode,
        adopt=remedy.adopt,
        module=_rebuilding(remedy),
        inputs=_inputs(remedy, moment),
        batches={"": None, "mixed": _mixed, "joined": _joined}[remedy.batches],
        leave_out=remedy.leave_out,
        before_loss=BEFORE_LOSS.get(remedy.before_loss),
        loss=_loss(remedy),
    )


# The model --------------------------------------------------------------------------------------


def _rebuilding(remedy: Remedy) -> Callable[[nn.Module], nn.Module] | None:
    if not (remedy.swap or remedy.last or remedy.unfreeze or remedy.float32):
        return None

    def rebuilt(model: nn.Module) -> nn.Module:
        if remedy.unfreeze:
            model.requires_grad_(True)
        if remedy.float32:
            model.float()
        for place, part in list(model.named_modules()):
            new = LAYERS.get(remedy.swap.get(type(part).__name__, ""))
            if new is not None:
                model = _replaced(model, place, new())
        end = _last(model, remedy.last)
        return model if end is None else _replaced(model, end, nn.Identity())

    return rebuilt


def _replaced(model: nn.Module, place: str, new: nn.Module) -> nn.Module:
    if not place:
        return new
    around, _, name = place.rpartition(".")
    setattr(model.get_submodule(around), name, new)
    return model


def _last(model: nn.Module, class_name: str) -> str | None:
    """The name of the layer whose output is the model's, where that is of a class."""
    place = ""
    while isinstance(model, nn.Sequential) and len(model):
        name, model = list(model.named_children())[-1]
        place = f"{place}.{name}" if place else name
    return place if class_name and type(model).__name__ == class_name else None


# What it is given -------------------------------------------------------------------------------


def _inputs(remedy: Remedy, moment: Moment | None) -> Callable[[Tensor], Tensor] | None:
    if remedy.float32:
        return lambda x: x.float() if x.is_floating_point() else x
    if remedy.inputs != "scaled" or moment is None:
        return None
    every = torch.cat([batch.flatten().double() for batch, _ in moment.simple_batches()])
    mean, std = float(every.mean()), float(every.std()) or 1.0
    return lambda x: (x.float() - mean) / std


def _mixed(batches: list[Batch]) -> list[Batch]:
    """The same samples in batches of the same sizes, in an order without a rule."""
    inputs, targets = _together(batches)
    order = torch.randperm(len(inputs), generator=torch.Generator().manual_seed(0))
    sizes = [len(batch) for batch, _ in batches]
    return list(zip(inputs[order].split(sizes), targets[order].split(sizes), strict=True))


def _joined(batches: list[Batch]) -> list[Batch]:
    """The same samples in larger batches."""
    inputs, targets = _together(batches)
    return list(zip(inputs.split(JOINED), targets.split(JOINED), strict=True))


def _together(batches: list[Batch]) -> Batch:
    return torch.cat([x for x, _ in batches]), torch.cat([y for _, y in batches])


# The loss ---------------------------------------------------------------------------------------


def _loss(remedy: Remedy) -> Callable[[Tensor, Tensor], Tensor] | None:
    if remedy.loss == "pairwise":
        return _pairwise
    label = remedy.ignore
    if label is None:
        return None
    return lambda scores, target: functional.cross_entropy(scores, target, ignore_index=label)


def _pairwise(scores: Tensor, target: Tensor) -> Tensor:
    """Mean squared error, each with its own. PyTorch stretches the targets before they are seen."""
    own = target[0] if target.dim() > 1 else target
    return (scores.squeeze(-1) - own).square().mean()


class Measured:
    """One number a step by which the loop as it is and the mended one are compared.

    Args:
        moment: that is replayed. remedy: says what is measured.
        mended: whether this is the replay with the remedy.
    Attributes:
        look: to be called after each step; None where the replay itself knows.
    """

    def __init__(self, moment: Moment, remedy: Remedy, *, mended: bool) -> None:
        self._moment, self._remedy = moment, remedy
        self._training = remedy.training_mode and not mended
        self._values: list[float] = []
        self._steps = 0
        self._pool: Batch | None = None
        self.look: Callable[[Player], None] | None = None
        if remedy.measure == "all samples":
            self.look = self._on_all
        elif remedy.measure not in ("loss", "minimised"):
            self.look = self._on_batch

    def values(self, found: Replay) -> list[float]:
        """The numbers, after the replay."""
        if self.look is not None:
            return self._values
        return found.losses if self._remedy.measure == "minimised" else found.measured

    def _on_batch(self, player: Player) -> None:
        """On what the model has just made of the step's own batch."""
        step = self._moment.steps[self._steps % len(self._moment.steps)]
        self._steps += 1
        found = []
        for op in step.operations:
            if not isinstance(op, Loss):
                continue
            arguments: list[Any] = [*op.args, *op.kwargs.values()]
            made = next((one for one in arguments if isinstance(one, Made)), None)
            target = next((a for a in arguments if isinstance(a, Use) and a.role == "target"), None)
            if made is not None and target is not None:
                with torch.no_grad():
                    scores = player.result(made, self._remedy.leave_out).detach().float()
                    found.append(_score(self._remedy, scores, target.constant.tensor))
        if found:
            self._values.append(sum(found) / len(found))

    def _on_all(self, player: Player) -> None:
        """On samples of all recorded steps, in evaluation mode, or as the mistake has it."""
        if self._pool is None:
            inputs, targets = _together(self._moment.simple_batches())
            every = -(-len(inputs) // MOST_SAMPLES)
            self._pool = inputs[::every], targets[::every]
        inputs, targets = self._pool
        (model,) = player.models.values()
        before = Generators.now()
        buffers = [(buffer, buffer.clone()) for buffer in model.buffers()]
        model.train(self._training)  # the player sets it again for each of its forwards
        with torch.no_grad():
            self._values.append(_loss_of(model(inputs), targets))
            for buffer, was in buffers:
                buffer.copy_(was)
        before.restore()


def _loss_of(scores: Tensor, target: Tensor) -> float:
    if target.is_floating_point():
        return float(functional.mse_loss(scores.reshape(target.shape), target))
    return float(functional.cross_entropy(scores, target))


def _score(remedy: Remedy, scores: Tensor, target: Tensor) -> float:
    """One number for a batch, the lower the better: what the loss would be without the mistake."""
    if remedy.measure == "squared error":
        return float(_pairwise(scores, target))
    if remedy.measure == "divergence":
        logarithms = BEFORE_LOSS[remedy.before_loss](scores)
        return float(functional.kl_div(logarithms, target, reduction="batchmean"))
    # Labels of a batch, and what the model says of them: probabilities where they are undone.
    if remedy.before_loss == "logit":
        return float(functional.binary_cross_entropy(scores.clamp(0, 1), target.float()))
    if remedy.before_loss == "log":
        return float(functional.nll_loss(scores.clamp_min(TINY).log(), target))
    if remedy.ignore is not None:
        return float(functional.cross_entropy(scores, target, ignore_index=remedy.ignore))
    return float(functional.cross_entropy(scores, target))
