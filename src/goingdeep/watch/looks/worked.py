"""One number of a layer's output with all it was made of, so that it can be worked by hand.

Axes in this file: N samples, C channels in, O channels out, H height, W width, F features.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from goingdeep.record.look import Term, Worked
from goingdeep.watch.reading.exact import exact
from goingdeep.watch.reading.tensors import plain, readable

MOST_TERMS = 64
TOP = 8
LARGEST = 1 << 16
"""Products of one number that are looked at; no common layer has more."""

Place = tuple[int, ...]

Sum = tuple[Place, Tensor, Tensor, list[Place], list[Place]]
"""An output's place; the inputs and weights that are multiplied, and the place of each."""


def worked(module: nn.Module, given: object, output: object) -> Worked | None:
    """The largest number of the first sample's output; None where it cannot be worked.

    Of a sequence the first position is taken.

    Only for `nn.Linear` and `nn.Conv2d` themselves, as they are: what a subclass, a hook or a
    parametrization adds is not among the terms. So what they come to is compared with the output.

    Args:
        module: the layer. given: its arguments. output: what it returned.
    """
    kind = type(module)
    if kind is not nn.Linear and kind is not nn.Conv2d:
        return None
    parameters = module.__dict__.get("_parameters", {})
    weight, bias = parameters.get("weight"), parameters.get("bias")
    first = given[0] if isinstance(given, tuple) and given else None
    tensors = [first, weight, output, *([bias] if bias is not None else [])]
    if not all(
        isinstance(t, Tensor) and not readable(t) and t.is_floating_point() for t in tensors
    ):
        return None
    x, w, y, *b = (plain(tensor).detach() for tensor in tensors if isinstance(tensor, Tensor))
    if not y.numel():
        return None
    found = _linear(x, w, y) if kind is nn.Linear else _convolution(module, x, w, y)
    if found is None:
        return None
    at, inputs, weights, input_places, weight_places = found
    constant = b[0][at[1] if kind is nn.Conv2d else at[-1]] if b else None
    return _terms(y[at], constant, inputs, weights, (at, input_places, weight_places))


def _linear(x: Tensor, w: Tensor, y: Tensor) -> Sum | None:
    """Of x [...,F], w [K,F], y [...,K]."""
    if w.dim() != 2 or x.shape[-1:] != w.shape[1:] or y.shape != (*x.shape[:-1], len(w)):
        return None
    if w.shape[1] > LARGEST:
        return None
    row = (0,) * (y.dim() - 1)
    k = int(y[row].abs().argmax())
    every = range(w.shape[1])
    return (*row, k), x[row], w[k], [(*row, f) for f in every], [(k, f) for f in every]


def _convolution(module: nn.Module, x: Tensor, w: Tensor, y: Tensor) -> Sum | None:
    """Of x [N,C,H,W], w [O,C/groups,h,w], y [N,O,H,W]; places in the padding add nothing."""
    if x.dim() != 4 or y.dim() != 4 or getattr(module, "padding_mode", "") != "zeros":
        return None
    if w[0].numel() > LARGEST:
        return None
    stride, dilation = _pair(module, "stride"), _pair(module, "dilation")
    if getattr(module, "padding", None) == "same":
        padding = tuple(d * (k - 1) // 2 for d, k in zip(dilation, w.shape[2:], strict=True))
    else:
        padding = _pair(module, "padding")
    o, row, column = _unravelled(int(y[0].abs().argmax()), y.shape[1:])
    first = o // (len(w) // int(getattr(module, "groups", 1))) * w.shape[1]
    rows = [row * stride[0] - padding[0] + i * dilation[0] for i in range(w.shape[2])]
    columns = [column * stride[1] - padding[1] + j * dilation[1] for j in range(w.shape[3])]
    inside_rows = [i for i, r in enumerate(rows) if 0 <= r < x.shape[2]]
    inside_columns = [j for j, c in enumerate(columns) if 0 <= c < x.shape[3]]
    if not inside_rows or not inside_columns:
        return None
    here = [rows[i] for i in inside_rows], [columns[j] for j in inside_columns]
    part = x[0, first : first + w.shape[1]]
    inputs = part[:, here[0]][:, :, here[1]]
    weights = w[o][:, inside_rows][:, :, inside_columns]
    input_places: list[Place] = [
        (0, first + c, r, s) for c in range(w.shape[1]) for r in here[0] for s in here[1]
    ]
    weight_places: list[Place] = [
        (o, c, i, j) for c in range(w.shape[1]) for i in inside_rows for j in inside_columns
    ]
    return (0, o, row, column), inputs, weights, input_places, weight_places


def _terms(
    value: Tensor,
    bias: Tensor | None,
    inputs: Tensor,
    weights: Tensor,
    places: tuple[Place, list[Place], list[Place]],
) -> Worked | None:
    at, input_places, weight_places = places
    xs, ws = inputs.reshape(-1), weights.reshape(-1)
    products = xs.double() * ws.double()
    sum_of_all, of_sizes = products.sum().item(), products.abs().sum().item()
    constant = bias.double().item() if bias is not None else 0.0
    # As far as rounding may take it: each product and sum in the output's own precision.
    precision = max(torch.finfo(t.dtype).eps for t in (value, xs, ws))
    bound = 8 * precision * (of_sizes + abs(constant)) + 1e-30
    gone = value.double().item() - (sum_of_all + constant)
    if not abs(gone) <= bound:  # NaN is no number that could be worked
        return None
    count = len(input_places)
    chosen = (
        range(count) if count <= MOST_TERMS else sorted(products.abs().topk(TOP).indices.tolist())
    )
    # All at once: from an accelerator each reading has to wait.
    some = list(chosen)
    numbers = zip(some, xs[some].tolist(), ws[some].tolist(), strict=True)
    terms = tuple(
        Term(input_places[i], weight_places[i], exact(one, xs.dtype), exact(other, ws.dtype))
        for i, one, other in numbers
    )
    others = count - len(terms)
    rest = sum_of_all - products[some].sum().item() if others else 0.0
    return Worked(
        at,
        exact(value.item(), value.dtype),
        terms,
        exact(bias.item(), bias.dtype) if bias is not None else None,
        others,
        exact(rest, torch.float64),
    )


def _pair(module: nn.Module, name: str) -> tuple[int, int]:
    value = getattr(module, name, 0)
    if isinstance(value, tuple) and len(value) == 2:
        return int(value[0]), int(value[1])
    return (value, value) if isinstance(value, int) else (0, 0)  # "valid" is no padding


def _unravelled(index: int, shape: Sequence[int]) -> tuple[int, int, int]:
    index, column = divmod(index, shape[2])
    channel, row = divmod(index, shape[1])
    return channel, row, column
