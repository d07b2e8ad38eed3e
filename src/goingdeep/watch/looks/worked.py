"""One number of a layer's output with all it was made of, so that it can be worked by hand.

Axes in this file: N samples, C channels in, O channels out, H height, W width, F features.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from goingdeep.record.look import Term, Worked
from goingdeep.watch.reading.exact import exact
from goingdeep.watch.reading.tensors import largest_at, plain, readable

MOST_TERMS = 64
TOP = 8
LARGEST = 1 << 16
"""Products of one number that are looked at; no common layer has more."""

Place = tuple[int, ...]

Places = Callable[[int], Place]
Sum = tuple[Place, Tensor, Tensor, Places, Places]
"""An output's place; the inputs and weights that are multiplied, and where each of them is."""


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
    at, inputs, weights, input_place, weight_place = found
    constant = b[0][at[1] if kind is nn.Conv2d else at[-1]] if b else None
    return _terms(y[at], constant, inputs, weights, (at, input_place, weight_place))


def _linear(x: Tensor, w: Tensor, y: Tensor) -> Sum | None:
    """Of x [...,F], w [K,F], y [...,K]."""
    if w.dim() != 2 or x.shape[-1:] != w.shape[1:] or y.shape != (*x.shape[:-1], len(w)):
        return None
    if w.shape[1] > LARGEST:
        return None
    row = (0,) * (y.dim() - 1)
    k = int(y[row].abs().argmax())
    return (*row, k), x[row], w[k], lambda f: (*row, f), lambda f: (k, f)


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
    o, row, column = largest_at(y[0])
    first = o // (len(w) // int(getattr(module, "groups", 1))) * w.shape[1]
    top, left = row * stride[0] - padding[0], column * stride[1] - padding[1]
    rows = _inside(top, dilation[0], w.shape[2], x.shape[2])
    columns = _inside(left, dilation[1], w.shape[3], x.shape[3])
    height, width = len(rows), len(columns)
    if not height or not width:
        return None
    part = x[0, first : first + w.shape[1]]
    inputs = part[:, _here(rows, top, dilation[0]), _here(columns, left, dilation[1])]
    weights = w[o, :, rows.start : rows.stop, columns.start : columns.stop]

    def input_place(index: int) -> Place:
        c, i, j = _unravelled(index, (0, height, width))
        return 0, first + c, top + rows[i] * dilation[0], left + columns[j] * dilation[1]

    def weight_place(index: int) -> Place:
        c, i, j = _unravelled(index, (0, height, width))
        return o, c, rows[i], columns[j]

    return (0, o, row, column), inputs, weights, input_place, weight_place


def _inside(start: int, step: int, count: int, length: int) -> range:
    """Which of the places start, start + step, ... lie in 0 to length - 1: by their numbers."""
    return range(max(0, -(start // step)), min(count, -(-(length - start) // step)))


def _here(numbers: range, start: int, step: int) -> slice:
    return slice(start + numbers.start * step, start + (numbers.stop - 1) * step + 1, step)


def _terms(
    value: Tensor,
    bias: Tensor | None,
    inputs: Tensor,
    weights: Tensor,
    places: tuple[Place, Places, Places],
) -> Worked | None:
    at, input_place, weight_place = places
    # Copies of ours, which NumPy may have: it needs a third of the time for so few numbers.
    xs, ws = (t.cpu().to(torch.float64, copy=True).numpy().ravel() for t in (inputs, weights))
    with np.errstate(all="ignore"):
        products = xs * ws
        sizes = np.abs(products)
        sum_of_all, of_sizes = float(products.sum()), float(sizes.sum())
    made, constant = value.item(), bias.item() if bias is not None else 0.0
    # As far as rounding may take it: each product and sum in the output's own precision.
    precision = max(torch.finfo(t.dtype).eps for t in (value, inputs, weights))
    bound = 8 * precision * (of_sizes + abs(constant)) + 1e-30
    gone = made - (sum_of_all + constant)
    if not abs(gone) <= bound:  # NaN is no number that could be worked
        return None
    count = len(products)
    some = np.arange(count)
    if count > MOST_TERMS:
        some = np.sort(np.argpartition(sizes, -TOP)[-TOP:])
    numbers = zip(some.tolist(), xs[some].tolist(), ws[some].tolist(), strict=True)
    terms = tuple(
        Term(input_place(i), weight_place(i), exact(one, inputs.dtype), exact(other, weights.dtype))
        for i, one, other in numbers
    )
    others = count - len(some)
    rest = sum_of_all - float(products[some].sum()) if others else 0.0
    return Worked(
        at,
        exact(made, value.dtype),
        terms,
        exact(constant, bias.dtype) if bias is not None else None,
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
