"""The layers of a model, in the order in which they run, and copies of it with one of them changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from goingdeep.why.lab import Lab

ACTIVATIONS = (
    nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.ELU, nn.GELU, nn.SiLU, nn.Sigmoid, nn.Tanh, nn.Mish, nn.SELU,
    nn.CELU, nn.Softplus, nn.Hardswish, nn.Hardtanh, nn.PReLU,
)  # fmt: skip


@dataclass(frozen=True)
class Call:
    """One layer's call: its name in the model, what it was given and gave."""

    name: str
    layer: nn.Module
    given: Tensor
    gave: Tensor

    @property
    def kind(self) -> str:
        """Its class."""
        return type(self.layer).__name__


def calls(lab: Lab, model: nn.Module, *, leaves: bool = True) -> list[Call]:
    """Every call of a layer without layers in it (or of all), for the moment's first batch."""
    found: list[Call] = []
    handles = []
    for name, layer in model.named_modules():
        if leaves and next(layer.children(), None) is not None:
            continue

        def hook(
            layer: nn.Module, given: tuple[object, ...], gave: object, name: str = name
        ) -> None:
            if given and isinstance(given[0], Tensor) and isinstance(gave, Tensor):
                # Copies: a layer that works in place writes into what it was given.
                found.append(Call(name, layer, given[0].detach().clone(), gave.detach().clone()))

        handles.append(layer.register_forward_hook(hook))
    try:
        with torch.no_grad():
            lab.seed()
            lab.outputs(model, lab.batches[0][0], exact=True)
    finally:
        for handle in handles:
            handle.remove()
    return found


def replacing(
    kinds: tuple[type[nn.Module], ...], make: Callable[[], nn.Module]
) -> Callable[[nn.Module], nn.Module]:
    """For a `Variant`: puts another layer in the place of each of these kinds."""

    def change(model: nn.Module) -> nn.Module:
        for parent in list(model.modules()):
            for name, child in list(parent.named_children()):
                if isinstance(child, kinds):
                    setattr(parent, name, make().train(child.training))
        return model

    return change


def multiply_adds(call: Call) -> int:
    """Multiplications of one sample in a linear or convolutional layer; 0 for others."""
    per_sample = call.gave[0].numel() if call.gave.dim() else 0
    if isinstance(call.layer, nn.Linear):
        return per_sample * call.layer.in_features
    if isinstance(call.layer, nn.Conv1d | nn.Conv2d | nn.Conv3d):
        return per_sample * call.layer.weight[0].numel()
    return 0
