"""Tensors in numbers: statistics, exact values, a hash; of any tensor, changing none.

Whatever a program computes with may come here: half precision, integers, sparse, quantised, nested,
on the meta device, wrapped by `torch.func`, a subclass with code of its own. What has no numbers
gets a note instead. Nothing here raises, draws random numbers, moves a version, keeps a tensor, or
is seen by the user's own modes.

Traps:
  * `Tensor.numpy()` marks the storage as one that cannot be resized, for ever: we only call it on
    copies of ours.
  * `torch.std` takes thirty times as long as a sum (PyTorch 2.14 on a CPU), and the running sum of
    `torch.linalg.vector_norm` is off by 1e-4 at four million values. So squares are summed by
    `sum`, which adds pairwise, after the mean is taken off.
  * Making a warning silent touches the program's own filters, so only calls that never warn are
    used.
"""
# ruff: noqa: SLF001 - only torch._C knows a wrapped tensor

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from goingdeep.record.look import Values
from goingdeep.watch.aside import aside

MOST = 1 << 22
"""Of tensors with more values, `SAMPLE` values are looked at, evenly spread."""
SAMPLE = 1 << 18

HASHED_VALUES = 64
HASHED_TENSORS = 2048

_PLAIN = (Tensor, torch.nn.Parameter)
_TENS = np.array([float(f"1e{places}") for places in range(23)])


def values(tensor: Tensor) -> Values:
    """Statistics of a tensor; std is of the population (divided by the number of values).

    Numbers have seven digits; low and high of integers are exact up to 2**53. A side of a nested
    tensor that differs from row to row is given as -1.
    """
    with aside():
        try:
            return _values(tensor)
        except Exception:  # noqa: BLE001 - whatever a foreign tensor does, it has no numbers then
            return _without_numbers(tensor, "unreadable")


def readable(tensor: Tensor) -> str:
    """Why a tensor's numbers cannot be read as they are; "" where they can."""
    if tensor.is_nested:
        return "nested"
    if type(tensor).__torch_dispatch__ is not torch._C._disabled_torch_dispatch_impl:
        return "subclass"
    if torch._C._functorch.is_functorch_wrapped_tensor(tensor):
        return "functorch"
    if tensor.layout is not torch.strided:
        return "sparse" if "sparse" in str(tensor.layout) else "layout"
    kinds = (("meta", tensor.is_meta), ("quantised", tensor.is_quantized))
    note = next((name for name, it_is in kinds if it_is), "")
    return note or ("complex" if tensor.is_complex() else "")


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
    if _dense(tensor):
        while math.gcd(step, count) > 1:
            step += 1
        return tensor.as_strided((-(-count // step),), (step,), tensor.storage_offset())
    while tensor.numel() > most:
        axis = max(range(tensor.dim()), key=lambda axis: tensor.shape[axis])
        tensor = tensor[(slice(None),) * axis + (slice(None, None, 2),)]
    return tensor


def exact(value: float, dtype: torch.dtype = torch.float32) -> float | str:
    """A number as it is written into a record: read back in its own precision it is the same bits.

    The shortest such number is given: 0.1 of float32, not 0.10000000149011612.

    >>> exact(torch.tensor(0.1).item()), exact(float("-inf"))
    (0.1, '-inf')
    """
    if not math.isfinite(value):
        return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
    return float(value) if dtype is torch.float64 else float(str(np.float32(value)))


def exact_values(tensor: Tensor) -> list[float | str]:
    """`exact` of every value of a one-dimensional tensor, about twenty times as fast."""
    with aside():
        if tensor.dtype is torch.float64:
            return [exact(value, torch.float64) for value in tensor.tolist()]
        array = tensor.to(torch.float32, copy=True).cpu().numpy()
    return _shortest(array)


def short(value: float) -> float:
    """A statistic with seven digits; whole numbers are kept.

    >>> short(1 / 3), short(16777217.0)
    (0.3333333, 16777217.0)
    """
    return value if value.is_integer() and abs(value) < 1e15 else float(f"{value:.7g}")


def content_hash(tensors: Iterable[Tensor]) -> str:
    """A hash of up to 64 values of each tensor, evenly spread; of 2,048 tensors at most.

    Equal for equal shapes, dtypes and values, on whatever device they are.
    """
    chosen = list(tensors)
    chosen = chosen[:: -(-len(chosen) // HASHED_TENSORS) or 1]
    digest = hashlib.blake2b(digest_size=16)
    samples: list[Tensor] = []
    with aside():
        for tensor in chosen:
            note = readable(tensor)
            digest.update(f"{_shape(tensor)}{tensor.dtype}{note};".encode())
            if not note and tensor.numel():
                sample = spread(plain(tensor).detach(), HASHED_VALUES)
                sample = sample.clone(memory_format=torch.contiguous_format).view(-1)
                samples.append(sample.view(torch.uint8).cpu())
        if samples:
            digest.update(torch.cat(samples).numpy().tobytes())
    return digest.hexdigest()


def _values(tensor: Tensor) -> Values:
    note = readable(tensor)
    if note and note != "quantised":
        return _without_numbers(tensor, note)
    tensor = plain(tensor)
    if not tensor.numel():
        return _without_numbers(tensor, "no values")
    looked = tensor.dequantize() if note else tensor
    looked = spread(looked, MOST if looked.numel() <= MOST else SAMPLE)
    if looked.dtype not in {torch.float32, torch.float64}:
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
        sampled=looked.numel() if looked.numel() != tensor.numel() else 0,
    )


Statistics = tuple[float | None, float | None, float, float | None, float | None, int]
"""low, high, share of zeros, mean, std, how many are not finite"""


def statistics(numbers: Tensor) -> Statistics:
    """Of at least one float32 or float64 value; see `Values` for what they mean."""
    count = numbers.numel()
    low, high = (bound.item() for bound in torch.aminmax(numbers))
    non_finite = 0
    if not (math.isfinite(low) and math.isfinite(high)):
        numbers = numbers[torch.isfinite(numbers)]
        non_finite = count - numbers.numel()
        if not numbers.numel():
            return None, None, 0.0, None, None, non_finite
        low, high = (bound.item() for bound in torch.aminmax(numbers))
    zeros = 0.0
    if low <= 0 <= high:
        zeros = (numbers.numel() - int(torch.count_nonzero(numbers))) / count
    mean, std = _mean_and_std(numbers)
    # Squares of float32 leave its range long before the values do.
    if numbers.dtype is torch.float32 and low < high and not 1e-15 < std < 1e18:
        mean, std = _mean_and_std(numbers.double())
    return (
        short(low), short(high), short(zeros), _finite(mean), _finite(std), non_finite,
    )  # fmt: skip


def norm(numbers: Tensor) -> float:
    """L2 norm of floating point values, of a sample scaled up where there are more than `MOST`."""
    looked = spread(numbers, MOST if numbers.numel() <= MOST else SAMPLE)
    if looked.dtype not in {torch.float32, torch.float64}:
        looked = looked.to(torch.float32)
    squares = (looked * looked).sum().item()
    # Too small or too large for float32; NaN comes here too, and stays NaN.
    if looked.dtype is torch.float32 and not 1e-30 < squares < 1e37:
        looked = looked.double()
        squares = (looked * looked).sum().item()
    return math.sqrt(squares * (numbers.numel() / max(1, looked.numel())))


def _mean_and_std(numbers: Tensor) -> tuple[float, float]:
    if numbers.numel() == 1:
        return numbers.item(), 0.0
    mean = numbers.sum().item() / numbers.numel()
    if not math.isfinite(mean):
        return mean, math.nan
    centred = numbers - mean
    return mean, math.sqrt(centred.square_().sum().item() / numbers.numel())


def _finite(value: float) -> float | None:
    return short(value) if math.isfinite(value) else None


def _without_numbers(tensor: Tensor, note: str) -> Values:
    try:
        dtype, device = str(tensor.dtype).removeprefix("torch."), str(tensor.device)
    except Exception:  # noqa: BLE001
        dtype, device = "unknown", "unknown"
    return Values(shape=_shape(tensor), dtype=dtype, device=device, note=note)


def _shape(tensor: Tensor) -> tuple[int, ...]:
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


def _shortest(array: npt.NDArray[np.float32]) -> list[float | str]:
    """Round to ever more digits until each value, read as float32, is itself again."""
    with np.errstate(invalid="ignore"):  # a signalling NaN complains
        wide = array.astype(np.float64)
    size = np.abs(wide)
    # Within these bounds a power of ten is exact in float64, and so the quotient is the nearest
    # float64 to the decimal number: the same as reading its text.
    usual = (size > 1e-12) & (size < 1e12)
    power = np.floor(np.log10(size, where=usual, out=np.zeros_like(wide))).astype(np.int64)
    found = np.zeros_like(wide)
    missing = usual
    for digits in (6, 7, 8, 9):
        places = digits - 1 - power
        up, down = _TENS[np.maximum(places, 0)], _TENS[np.maximum(-places, 0)]
        found = np.where(missing, np.rint(wide * up / down) / up * down, found)
        missing = usual & (found.astype(np.float32) != array)
        if not missing.any():
            break
    result: list[float | str] = found.tolist()
    for index in np.flatnonzero(~usual | missing).tolist():
        result[index] = exact(float(wide[index]))
    return result
