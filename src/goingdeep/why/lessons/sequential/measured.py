"""What sequential measures."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from goingdeep.record.answer import Failure
from goingdeep.show.numbers import spell
from goingdeep.why.damage import Trial
from goingdeep.why.failing import attempt
from goingdeep.why.lab import Lab
from goingdeep.why.layers import ACTIVATIONS, Call, calls, multiply_adds, replacing
from goingdeep.why.lesson import NotHereError
from goingdeep.why.scores import Score, held, score_of
from goingdeep.why.trained import Pace, pace, train

WEIGHTED = (
    nn.Linear,
    nn.modules.conv._ConvNd,  # noqa: SLF001 - what all of them are
    nn.modules.batchnorm._NormBase,  # noqa: SLF001
)


@dataclass(frozen=True)
class Row:
    """One layer of the container. multiply_adds: of one sample."""

    name: str
    kind: str
    given: str
    gave: str
    parameters: int
    multiply_adds: int


@dataclass(frozen=True)
class Collapse:
    """Two linear layers with the activation between them left out, and the one matrix that they are.

    first, second: their shapes. apart: largest difference of the outputs, as a share of the largest;
    with_activation: the same with it left in.
    """

    first: str
    second: str
    apart: float
    with_activation: float


@dataclass(frozen=True)
class Affine:
    """One Linear by itself. reads: how many numbers one output is made of, of how many there are.

    by_hand: largest difference to x @ W.T + b; negative: share of outputs below zero.
    """

    layer: str
    reads: int
    of: int
    by_hand: float
    negative: float


@dataclass(frozen=True)
class Branch:
    """What one after the other cannot say.

    layer: its name in the model. own: whether it has layers in it and a forward of its own that does
    more than to run them; else its input could be added to its output. apart: how far what the
    layers give is from what it gives (or would give), of the length of that. error: what they raise.
    """

    layer: str
    own: bool
    apart: float
    error: str = ""


@dataclass(frozen=True)
class Found:
    """What was measured.

    container: its name in the model, "" where it is the model itself. same: whether running its layers
    one by one gives the same bits.
    reversed: what PyTorch says with the layers in reverse; None where it says nothing.
    swapped: the moment trained with each activation before its layer; None where there is none.
    linear: the moment trained with every activation left out; None where the model has none.
    activations: how many there are.
    """

    container: str
    layers: int
    rows: list[Row]
    same: bool
    collapse: Collapse | None
    affine: Affine | None
    branch: Branch | None
    reversed: Failure | None
    pace: Pace
    swapped: Trial | None
    linear: Trial | None
    activations: int
    scores: tuple[Score, Score] | None
    judged_by: str


def measure(lab: Lab) -> Found:
    """The container unrolled, turned round, and without its activations."""
    model = lab.model()
    whole = calls(lab, model, leaves=False)
    containers = [c for c in whole if type(c.layer) is nn.Sequential and len(c.layer)]
    if not containers:
        raise NotHereError("This model has no nn.Sequential in it.")
    chosen = max(containers, key=lambda call: sum(p.numel() for p in call.layer.parameters()))
    container = chosen.layer
    assert isinstance(container, nn.Sequential)
    at = pace(lab)
    batches, judged_by = held(lab)
    activations = sum(isinstance(layer, ACTIVATIONS) for layer in model.modules())
    linear = None
    if activations:
        change = replacing(ACTIVATIONS, nn.Identity)
        linear = train(lab, "without activations", factor=at.factor, module=change)
    swapped = None
    if _swap(lab.model()):
        swapped = train(lab, "activation before its layer", factor=at.factor, module=_swapped)
    return Found(
        container=chosen.name,
        layers=len(container),
        rows=[_row(call) for call in calls(lab, lab.model())],
        same=_same(lab, container, chosen),
        collapse=_collapse(container, chosen.given),
        affine=_affine(whole),
        branch=_branch(lab, whole),
        reversed=attempt(
            "the same layers in reverse",
            lambda: nn.Sequential(*reversed(container))(chosen.given),
            "Each layer is made for what the one before it gives.",
        ),
        pace=at,
        swapped=swapped.trial if swapped else None,
        linear=linear.trial if linear else None,
        activations=activations,
        scores=(score_of(lab, at.base.model, batches), score_of(lab, linear.model, batches))
        if linear and linear.model
        else None,
        judged_by=judged_by,
    )


def _row(call: Call) -> Row:
    return Row(
        call.name or "the model",
        call.kind,
        spell(str(call.given.dtype), tuple(call.given.shape)),
        spell(str(call.gave.dtype), tuple(call.gave.shape)),
        sum(p.numel() for p in call.layer.parameters()),
        multiply_adds(call),
    )


def _same(lab: Lab, container: nn.Sequential, chosen: Call) -> bool:
    """Whether one layer after the other gives the same bits; Dropout draws the same numbers."""
    with torch.no_grad():
        lab.seed()
        whole = container(chosen.given)
        lab.seed()
        x = chosen.given
        for layer in container:
            x = layer(x)
    return bool(torch.equal(whole, x))


def _collapse(container: nn.Sequential, given: Tensor) -> Collapse | None:
    """The first two linear layers with nothing but an activation between them."""
    layers = list(container)
    with torch.no_grad():
        x = given
        for i, layer in enumerate(layers):
            following = layers[i + 1 : i + 3]
            if (
                isinstance(layer, nn.Linear)
                and len(following) == 2
                and isinstance(following[0], ACTIVATIONS)
                and isinstance(following[1], nn.Linear)
            ):
                return _one_matrix(layer, following[0], following[1], x)
            x = layer(x)
    return None


def _one_matrix(first: nn.Linear, between: nn.Module, second: nn.Linear, x: Tensor) -> Collapse:
    two = second(first(x))
    weight = second.weight @ first.weight
    bias = second.weight @ _bias(first) + _bias(second)
    one = nn.functional.linear(x, weight, bias)
    real = second(between(first(x)))
    largest = two.abs().max().clamp_min(1e-12)
    return Collapse(
        spell("float32", tuple(first.weight.shape)),
        spell("float32", tuple(second.weight.shape)),
        float((one - two).abs().max() / largest),
        float((one - real).abs().max() / largest),
    )


def _bias(layer: nn.Linear) -> Tensor:
    return layer.bias if layer.bias is not None else layer.weight.new_zeros(layer.out_features)


def _affine(whole: list[Call]) -> Affine | None:
    for call in whole:
        if isinstance(call.layer, nn.Linear):
            by_hand = call.given @ call.layer.weight.T + _bias(call.layer)
            return Affine(
                f"{call.name} Linear".strip(),
                int((call.layer.weight[0] != 0).sum()),
                call.given.shape[-1],
                float((by_hand - call.gave).detach().abs().max()),
                float((call.gave < 0).float().mean()),
            )
    return None


def _swap(model: nn.Module) -> int:
    """Put each activation of a Sequential before the layer that it follows; returns how many.

    Changes: the model.
    """
    count = 0
    for container in list(model.modules()):
        if type(container) is not nn.Sequential:
            continue
        for i in range(1, len(container)):
            layer, activation = container[i - 1], container[i]
            if isinstance(layer, WEIGHTED) and isinstance(activation, ACTIVATIONS):
                container[i - 1], container[i] = activation, layer
                count += 1
    return count


def _swapped(model: nn.Module) -> nn.Module:
    _swap(model)
    return model


def _branch(lab: Lab, whole: list[Call]) -> Branch | None:
    """A layer of the model that is more than its layers in turn, or one that a residual would fit."""
    for call in whole:
        within = list(call.layer.children())
        if within and not isinstance(call.layer, nn.Sequential | nn.ModuleList | nn.ModuleDict):
            found = _unrolled(lab, call, within)
            if found is not None:
                return found
    for call in whole:
        fits = call.given.shape == call.gave.shape and call.given.dtype == call.gave.dtype
        if fits and isinstance(call.layer, nn.Linear | nn.Conv2d | nn.Sequential):
            return Branch(_named(call), own=False, apart=_apart(call.gave, call.gave + call.given))
    return None


def _unrolled(lab: Lab, call: Call, within: list[nn.Module]) -> Branch | None:
    """What the layers in it give one after the other; None where it is what the layer itself gives."""
    x = call.given
    try:
        with torch.no_grad():
            lab.seed()
            for layer in within:
                x = layer(x)
    except Exception as error:  # noqa: BLE001 - that they do not fit is what is to be shown
        said = f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}"[:200]
        return Branch(_named(call), own=True, apart=math.nan, error=said)
    if x.shape != call.gave.shape:
        return None
    apart = _apart(x, call.gave)
    return Branch(_named(call), own=True, apart=apart) if apart > 0 else None


def _apart(one: Tensor, other: Tensor) -> float:
    return float((one - other).norm() / other.norm().clamp_min(1e-12))


def _named(call: Call) -> str:
    return f"{call.name} {call.kind}".strip()
