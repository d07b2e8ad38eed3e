"""Tensors in numbers: statistics, norms; of any tensor, changing none.

Whatever a program computes with may come here: half precision, integers, sparse, quantised, nested,
on the meta device, wrapped by `torch.func`, a subclass with code of its own. What has no numbers
gets a note instead. Nothing here raises, draws random numbers, moves a version, keeps a tensor, or
is seen by the user's own modes.

Traps:
  * `Tensor.numpy()` marks the storage as one that cannot be resized, for ever: we only call it on
    copies of ours.
  * `torch.std` takes thirty times as long as a sum (PyTorch 2.14 on a CPU), and the running sum of
    `torch.linalg.vector_norm` is off by 1e-4 at four million values. So squares are summed in
    pieces, after the mean is taken off.
  * Making a warning silent touches the program's own filters, so only calls that never warn are
    used.
"""
# ruff: noqa: SLF001 - only torch._C knows a wrapped tensor

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from goingdeep.record.look import Values
from goingdeep.watch.reading.aside import aside
from goingdeep.watch.reading.exact import short

MOST = 1 << 22
"""Of tensors with more values, `SAMPLE` values are looked at, evenly spread."""
SAMPLE = 1 << 18

PIECE = 1 << 17
"""Values of one piece of a sum: few enough to stay in a processor's cache."""

_PLAIN = (Tensor, torch.nn.Parameter)
_NO_CODE = torch._C._disabled_torch_dispatch_impl
_is_wrapped = torch._C._functorch.is_functorch_wrapped_tensor


def values(tensor: Tensor) -> Values:
    """Statistics of a tensor; std is of the population (divided by the number of values).

    Numbers have seven digits; low and high of integers are exact up to 2**53. A side of a nested
    tensor that differs from row to row is given as -1.
    """
    with aside():
        return read(tensor)


def read(tensor: Tensor) -> Values:
    """`values`, for those who are aside already."""
    try:
        return _values(tensor)
    except Exception:  # noqa: BLE001 - whatever a foreign tensor does, it has no numbers then
        return _without_numbers(tensor, "unreadable")


def readable(tensor: Tensor) -> str:
    """Why a tensor's numbers cannot be read as they are; "" where they can."""
    if tensor.is_nested:
        return "nested"
    if type(tensor) not in _PLAIN and type(tensor).__torch_dispatch__ is not _NO_CODE:
        return "subclass"
    if _is_wrapped(tensor):
        return "functorch"
    if tensor.layout is not torch.strided:
        return "sparse" if "sparse" in str(tensor.layout) else "layout"
    if tensor.is_meta or tensor.is_quantized:
        return "meta" if tensor.is_meta else "quantised"
    return "complex" if tensor.is_complex() else ""


def plain(tensor: Tensor) -> Tensor:
    """The same memory without a subclass of the user's, whose attributes may be their code."""
    return tensor if type(tensor) in _PLAIN else Tensor.as_subclass(tensor, Tensor)


def spread(tensor: Tensor, most: int) -> Tensor:
    """A view of at most `most` values of a strided tensor, evenly spread over it.

    The step has no factor in common with the number of values, so that it does not fall on the same
    channel or column each time.
    """
    count = tensor.numel()
    if count <= most:
        return tensor
    step = -(-count // most)
    if tensor.is_contiguous() or _dense(tensor):
        while math.gcd(step, count) > 1:
            step += 1
        return tensor.as_strided((-(-count // step),), (step,), tensor.storage_offset())
    while tensor.numel() > most:
        axis = max(range(tensor.dim()), key=lambda axis: tensor.shape[axis])
        tensor = tensor[(slice(None),) * axis + (slice(None, None, 2),)]
    return tensor


def _values(tensor: Tensor) -> Values:
    note = readable(tensor)
    if note and note != "quantised":
        return _without_numbers(tensor, note)
    tensor = plain(tensor)
    count = tensor.numel()
    if not count:
        return _without_numbers(tensor, "no values")
    looked = tensor.dequantize() if note else tensor
    if count > MOST:
        looked = spread(looked, SAMPLE)
    if looked.dtype is not torch.float32 and looked.dtype is not torch.float64:
        looked = looked.to(torch.float32 if looked.is_floating_point() else torch.float64)
    low, high, zeros, mean, std, non_finite = statistics(looked)
    return Values(
        shape=tuple(tensor.shape),
        dtype=str(tensor.dtype).removeprefix("torch."),
        device=str(tensor.device),
        low=low,
        high=high,
        mean=mean,
        std=std,
        zeros=zeros,
        non_finite=non_finite,
        sampled=looked.numel() if count > MOST else 0,
        tracked=tensor.requires_grad,
    )


Statistics = tuple[float | None, float | None, float, float | None, float | None, int]
"""low, high, share of zeros, mean, std, how many are not finite"""


def statistics(numbers: Tensor) -> Statistics:
    """Of at least one float32 or float64 value; see `Values` for what they mean."""
    count = numbers.numel()
    if count == 1:
        low = high = numbers.item()
    else:
        low, high = (bound.item() for bound in torch.aminmax(numbers))
    non_finite = 0
    if not (math.isfinite(low) and math.isfinite(high)):
        numbers = numbers[torch.isfinite(numbers)]
        non_finite = count - numbers.numel()
        if not numbers.numel():
            return None, None, 0.0, None, None, non_finite
        low, high = (bound.item() for bound in torch.aminmax(numbers))
    zeros = zeros_in(numbers) / count if low <= 0 <= high else 0.0
    if low == high:
        return short(low), short(high), zeros, short(low), 0.0, non_finite
    mean, std = _mean_and_std(numbers)
    # Squares of float32 leave its range long before the values do.
    if numbers.dtype is torch.float32 and not 1e-15 < std < 1e18:
        mean, std = _mean_and_std(numbers.double())
    return (
        short(low), short(high), short(zeros), _finite(mean), _finite(std), non_finite,
    )  # fmt: skip


def zeros_in(numbers: Tensor) -> int:
    """How many values are exactly 0. As bits, and by NumPy, they are counted five times as fast."""
    bits = numbers.bool()  # new, so NumPy may have it
    found = np.count_nonzero(bits.numpy()) if bits.is_cpu else torch.count_nonzero(bits)
    return numbers.numel() - int(found)


def largest_at(numbers: Tensor) -> tuple[int, ...]:
    """Where the number that is largest by size stands, the first such place; there is one at least."""
    if numbers.dtype.itemsize < 4:
        numbers = numbers.float()
    if numbers.is_cpu and numbers.is_contiguous():
        # NumPy is eight times as fast, and by this way of lending does not mark the storage.
        array = np.from_dlpack(numbers.detach()).ravel()
        ends = sorted((int(array.argmax()), int(array.argmin())))
        flat = max(ends, key=lambda place: abs(array[place]))
        return tuple(int(here) for here in np.unravel_index(flat, numbers.shape))
    row: tuple[int, ...] = ()
    if numbers.dim() > 1:
        # Two short searches instead of one over everything: reductions along rows are ten times as
        # fast as `argmax`.
        rows = numbers.reshape(len(numbers), -1)
        row = (int(torch.maximum(rows.amax(1), -rows.amin(1)).argmax()),)
        numbers = numbers[row]
    flat = int(numbers.abs().argmax())
    return (*row, *(int(here) for here in np.unravel_index(flat, numbers.shape)))


def norm(numbers: Tensor) -> float:
    """L2 norm of values in one dimension.

    Squares of float32 leave its range long before the values do: these are summed in float64.
    """
    squares = 0.0
    for dtype in (torch.float32, torch.float64):
        squares = _sum_of_squares(numbers, dtype)
        if in_range(squares):
            break
    return math.sqrt(squares)


def in_range(squares: float) -> bool:
    """Whether a sum of squares was made within what float32 can hold; NaN was not."""
    return 1e-30 < squares < 1e37


def pieces(numbers: Tensor) -> Iterator[Tensor]:
    """Values in one dimension, a cache full at a time.

    What is done with one piece is done while it is near: memory is what takes the time. And pieces
    summed one by one, in float64 from there on, keep many values as exact as few. An accelerator sums
    in a tree, and waits for each piece: there all is one piece.
    """
    if numbers.numel() <= PIECE or not numbers.is_cpu:
        yield numbers
        return
    for start in range(0, numbers.numel(), PIECE):
        yield numbers[start : start + PIECE]


def flat(tensor: Tensor) -> Tensor:
    """All values in one dimension, in the order of memory where they lie in one stretch."""
    if tensor.is_contiguous():
        return tensor.view(-1)
    if _dense(tensor):
        return tensor.as_strided((tensor.numel(),), (1,), tensor.storage_offset())
    return tensor.reshape(-1)


def _sum_of_squares(numbers: Tensor, dtype: torch.dtype) -> float:
    total = 0.0
    for piece in pieces(numbers):
        wide = piece if piece.dtype.itemsize >= dtype.itemsize else piece.to(dtype)
        total += torch.dot(wide, wide).item()
    return total


def _mean_and_std(numbers: Tensor) -> tuple[float, float]:
    mean = numbers.sum().item() / numbers.numel()
    if not math.isfinite(mean):
        return mean, math.nan
    squares = 0.0
    for piece in pieces(flat(numbers)):
        centred = piece - mean
        squares += torch.dot(centred, centred).item()
    return mean, math.sqrt(squares / numbers.numel())


def _finite(value: float) -> float | None:
    return short(value) if math.isfinite(value) else None


def _without_numbers(tensor: Tensor, note: str) -> Values:
    try:
        dtype, device = str(tensor.dtype).removeprefix("torch."), str(tensor.device)
        tracked = tensor.requires_grad
    except Exception:  # noqa: BLE001
        dtype, device, tracked = "unknown", "unknown", None
    return Values(shape=shape_of(tensor), dtype=dtype, device=device, note=note, tracked=tracked)


def shape_of(tensor: Tensor) -> tuple[int, ...]:
    """The shape of any tensor; a side of a nested one that differs from row to row is -1."""
    try:
        return tuple(_length(tensor, axis) for axis in range(tensor.dim()))
    except Exception:  # noqa: BLE001 - a parameter without a shape yet
        return ()


def _length(tensor: Tensor, axis: int) -> int:
    try:
        return int(tensor.size(axis))
    except Exception:  # noqa: BLE001 - nested: it differs from row to row
        return -1


def _dense(tensor: Tensor) -> bool:
    """Whether its values fill one stretch of memory, each once, in whatever order."""
    expected = 1
    for stride, length in sorted(zip(tensor.stride(), tensor.shape, strict=True)):
        if length != 1:
            if stride != expected:
                return False
            expected *= length
    return True
