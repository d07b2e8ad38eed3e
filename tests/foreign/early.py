"""Imported with the tests, long before any watcher begins: these names are PyTorch's own functions."""

from torch.nn.functional import binary_cross_entropy, cross_entropy, dropout
from torch.nn.utils import clip_grad_norm_, clip_grad_value_

__all__ = [
    "binary_cross_entropy",
    "clip_grad_norm_",
    "clip_grad_value_",
    "cross_entropy",
    "dropout",
]
