"""What activation measures. Axes: N samples, D values of a sample."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from goingdeep.why.damage import Trial
from goingdeep.why.lab import Lab
from goingdeep.why.layers import ACTIVATIONS, Call, calls, replacing
from goingdeep.why.lesson import NoLabError, NotHereError
from goingdeep.why.trained import Pace, pace, train

BINS = 21
DEPTH = 12
WIDTH = 64
SEED = 0
"""Of the deep stack's weights."""
PUSHED = -1e4
"""A bias so low that no input reaches above zero: what one step that is far too long can do."""


@dataclass(frozen=True)
class Layer:
    """One activation on the moment's first batch. zeros: share of values that are 0 after it."""

    name: str
    kind: str
    shape: tuple[int, ...]
    before: tuple[float, float, float]
    after: tuple[float, float, float]
    zeros_before: float
    zeros: float
    taken_in: bool


@dataclass(frozen=True)
class Pushed:
    """A ReLU unit pushed below zero.

    silent: units of the layer that are zero for the whole batch as it is. gradient: the norm of its
    own weights' gradient after the push; others: that of all other units of the layer.
    """

    layer: str
    units: int
    silent: int
    gradient: float
    others: float


@dataclass(frozen=True)
class Found:
    """What was measured.

    edges, counts: histogram of the first activation, before and after it. bent: how far the model is
    from a straight line, with its activations and with identity in their place: the distance of
    f((x+y)/2) from (f(x)+f(y))/2, as a share of f's own size.
    stacks: of a deep stack, the norm of each layer's gradient, first layer first.
    """

    layers: list[Layer]
    edges: list[float]
    counts: tuple[list[int], list[int]]
    bent: tuple[float, float]
    pace: Pace
    trials: list[Trial]
    stacks: dict[str, list[float]]
    pushed: Pushed | None


def measure(lab: Lab) -> Found:
    """Before and after each activation; without them; a deep stack; a unit that has died.

    Raises:
        NotHereError: the model has no activation that is a module. NoLabError: samples and outputs
        cannot be told apart.
    """
    model = lab.model()
    made = calls(lab, model)
    found = [i for i, call in enumerate(made) if isinstance(call.layer, ACTIVATIONS)]
    if not found:
        raise NotHereError(
            "activation is about modules such as ReLU, and this model has none that is a module."
        )
    lab.need_rows()
    first = made[found[0]]
    edges, before, after = _histogram(first)
    at = pace(lab)
    kind = first.kind
    identity, sigmoid = (
        train(
            lab, f"{name} instead of {kind}", factor=at.factor, module=replacing(ACTIVATIONS, make)
        )
        for name, make in (("identity", nn.Identity), ("Sigmoid", nn.Sigmoid))
    )
    return Found(
        layers=[_layer(made, i) for i in found],
        edges=edges,
        counts=(before, after),
        bent=(_bent(lab, lab.model()), _bent(lab, _straight(lab.model()))),
        pace=at,
        trials=[identity.trial, sigmoid.trial],
        stacks={kind.__name__: _stack(lab, kind) for kind in (nn.Sigmoid, nn.ReLU)},
        pushed=_pushed(lab, made, found),
    )


def _straight(model: nn.Module) -> nn.Module:
    return replacing(ACTIVATIONS, nn.Identity)(model)


def _layer(made: list[Call], i: int) -> Layer:
    call = made[i]
    following = made[i + 1] if i + 1 < len(made) else None
    taken = following is not None and torch.equal(following.given.flatten(), call.gave.flatten())
    return Layer(
        call.name, call.kind, tuple(call.gave.shape), _range(call.given), _range(call.gave),
        float((call.given == 0).float().mean()), float((call.gave == 0).float().mean()), taken,
    )  # fmt: skip


def _range(x: Tensor) -> tuple[float, float, float]:
    return float(x.min()), float(x.float().mean()), float(x.max())


def _histogram(call: Call) -> tuple[list[float], list[int], list[int]]:
    both = torch.cat([call.given.flatten(), call.gave.flatten()]).float().cpu()
    low, high = float(both.min()), float(both.max())
    high = high if high > low else low + 1
    width = (high - low) / BINS
    counts = [
        torch.histc(x.flatten().float().cpu(), BINS, low, high).int().tolist()
        for x in (call.given, call.gave)
    ]
    return [low + width * (i + 0.5) for i in range(BINS)], counts[0], counts[1]


def _bent(lab: Lab, model: nn.Module) -> float:
    """0 where the model is affine: then a mean of inputs gives the mean of outputs."""
    model.eval()
    x = lab.batches[0][0]
    if not x.dtype.is_floating_point:
        return float("nan")
    y = x.flip(0)
    with torch.no_grad():
        middle, one, other = (
            lab.outputs(model, given, exact=True).double() for given in ((x + y) / 2, x, y)
        )
    straight = (one + other) / 2
    return float((middle - straight).norm() / straight.norm().clamp_min(1e-30))


def _stack(lab: Lab, kind: type[nn.Module]) -> list[float]:
    """The norm of each layer's gradient in a stack of `DEPTH` layers, on the moment's first batch."""
    inputs, targets = lab.batches[0]
    flat = inputs.float().flatten(1)
    scores = lab.scores
    if scores.numel() % len(flat):
        raise NoLabError("its outputs are not one row a sample")
    torch.manual_seed(SEED)
    layers: list[nn.Module] = [nn.Linear(flat.shape[1], WIDTH), kind()]
    for _ in range(DEPTH - 2):
        layers += [nn.Linear(WIDTH, WIDTH), kind()]
    model = nn.Sequential(*layers, nn.Linear(WIDTH, scores.numel() // len(flat))).to(flat.device)
    lab.loss(model(flat).reshape(scores.shape), targets).backward()
    return [
        float(layer.weight.grad.norm())  # type: ignore[union-attr]
        for layer in model
        if isinstance(layer, nn.Linear)
    ]


def _pushed(lab: Lab, made: list[Call], found: list[int]) -> Pushed | None:
    """Push one unit before a ReLU below zero, and look at what gradient is left for it."""
    for i in found:
        before = made[i - 1] if i else None
        bias = getattr(before.layer, "bias", None) if before is not None else None
        weight = getattr(before.layer, "weight", None) if before is not None else None
        fits = isinstance(bias, nn.Parameter) and isinstance(weight, nn.Parameter)
        if before is None or not isinstance(made[i].layer, nn.ReLU) or not fits:
            continue
        model = lab.model()
        layer = dict(model.named_modules())[before.name]
        silent = _silent(made[i].gave)
        with torch.no_grad():
            layer.bias[0] = PUSHED
        lab.seed()
        lab.gradients(model, lab.batches[0], exact=True)
        gradients = (layer.weight.grad, layer.bias.grad)
        rows = [g.flatten(1) if g.dim() > 1 else g[:, None] for g in gradients]
        own, others = (
            float(torch.cat([row[part].flatten() for row in rows]).norm())
            for part in (slice(0, 1), slice(1, None))
        )
        return Pushed(before.name, len(bias), silent, own, others)  # type: ignore[arg-type]
    return None


def _silent(gave: Tensor) -> int:
    """Units that are 0 for every sample (and at every place of the picture)."""
    units = gave.transpose(0, 1).flatten(1) if gave.dim() > 1 else gave[None]
    return int((units.amax(1) <= 0).sum())
