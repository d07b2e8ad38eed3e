"""What autograd keeps for a backward."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from goingdeep.why.lab import Lab


def kept_for_backward(lab: Lab, model: nn.Module, inputs: Tensor) -> tuple[int, Tensor]:
    """Bytes that one forward keeps besides the weights, each piece of memory once; and its outputs."""
    own = {p.untyped_storage().data_ptr() for p in model.parameters()}
    kept: dict[int, int] = {}

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        outputs = lab.outputs(model, inputs)
    return sum(kept.values()), outputs
