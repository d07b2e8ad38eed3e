"""Counts the multiply-adds of a forward, by listening to the calls that do matrix products.

It listens to torch's functions rather than to layers, so a product written by hand in somebody's
forward counts too. torch.utils.flop_counter would also do, but its first use imports 900 modules
and takes three seconds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode


class WorkCounter(TorchFunctionMode):
    """Use it as a context; `multiply_adds` grows with each call inside it.

    Counted: convolutions, linear layers, matrix products, einsum of two tensors, attention. Not
    counted: additions, ReLU, pooling, normalisation, recurrent layers.

    >>> with WorkCounter() as counter:
    ...     _ = torch.zeros(2, 3) @ torch.zeros(3, 5)
    >>> counter.multiply_adds
    30
    """

    def __init__(self) -> None:
        super().__init__()
        self.multiply_adds = 0

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Let the call happen, then count it. Calls that it makes itself do not come here."""
        _ = types
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        formula = _FORMULAS.get(func)
        if formula is not None:
            self.multiply_adds += formula(result, *args, **kwargs)
        return result


def _convolution(result: Tensor, _images: Tensor, weight: Tensor, *_: Any, **__: Any) -> int:
    # Each number that comes out is a sum over one filter.
    return result.numel() * weight[0].numel()


def _transposed(_result: Tensor, images: Tensor, weight: Tensor, *_: Any, **__: Any) -> int:
    # The other way round: each number that goes in is spread over one filter.
    return images.numel() * weight[0].numel()


def _product(result: Tensor, left: Tensor, *_: Any, **__: Any) -> int:
    return result.numel() * left.shape[-1]


def _added_product(result: Tensor, _added: Tensor, left: Tensor, *_: Any, **__: Any) -> int:
    return result.numel() * left.shape[-1]


def _reversed_product(result: Tensor, _right: Tensor, left: Tensor) -> int:
    return result.numel() * left.shape[-1]


def _einsum(_result: Tensor, equation: str, *operands: Any) -> int:
    tensors = list(operands[0]) if len(operands) == 1 else list(operands)
    if len(tensors) != 2 or "." in equation:
        return 0
    # Every combination of indices is one multiplication.
    inputs = equation.replace(" ", "").split("->")[0].split(",")
    lengths = {
        axis: length
        for axes, tensor in zip(inputs, tensors, strict=True)
        for axis, length in zip(axes, tensor.shape, strict=True)
    }
    return math.prod(lengths.values())


def _attention(result: Tensor, query: Tensor, key: Tensor, *_: Any, **__: Any) -> int:
    # Scores [L,S] from E numbers each, then a sum of S values for each of the results.
    positions, others = query.shape[-2], key.shape[-2]
    scores = query.numel() // query.shape[-1] * others * query.shape[-1]
    return scores + result.numel() // max(positions, 1) * positions * others


def _multi_head_attention(
    _result: Any, query: Tensor, key: Tensor, value: Tensor, *_: Any, **__: Any
) -> int:
    # Axes here: L positions that ask, S that answer, E width; the samples may be any axis but E.
    width = query.shape[-1]
    asking, answering = query.numel() // width, key.numel() // key.shape[-1]
    samples = query.shape[1] if query.ndim == 3 else 1
    projections = 2 * asking * width * width + answering * width * (key.shape[-1] + value.shape[-1])
    return projections + 2 * asking * (answering // samples) * width


_FORMULAS: dict[Any, Callable[..., int]] = {
    **dict.fromkeys((torch.conv1d, torch.conv2d, torch.conv3d), _convolution),
    **dict.fromkeys(
        (torch.conv_transpose1d, torch.conv_transpose2d, torch.conv_transpose3d), _transposed
    ),
    **dict.fromkeys(
        (F.linear, torch.matmul, torch.mm, torch.bmm, torch.mv),
        _product,
    ),
    **dict.fromkeys((Tensor.matmul, Tensor.mm, Tensor.bmm, Tensor.mv, Tensor.__matmul__), _product),
    **dict.fromkeys((torch.addmm, torch.baddbmm, Tensor.addmm, Tensor.baddbmm), _added_product),
    Tensor.__rmatmul__: _reversed_product,
    torch.einsum: _einsum,
    torch.functional.einsum: _einsum,
    F.scaled_dot_product_attention: _attention,
    F.multi_head_attention_forward: _multi_head_attention,
}
