"""The memory of a CPU tensor as a NumPy array, read in place, without an operation of PyTorch's.

`Tensor.numpy()` marks the storage as one that can never be resized again, and takes longer than
what is done with it here; an operation would be seen by the user's own modes. So the array is laid
over the address. It is valid while the tensor is alive, is only read, and is never kept.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

Array = npt.NDArray[Any]

DTYPES: dict[torch.dtype, np.dtype[Any]] = {
    torch.float32: np.dtype("f4"),
    torch.float64: np.dtype("f8"),
    torch.float16: np.dtype("f2"),
    torch.bfloat16: np.dtype("u2"),  # NumPy has none: `numbers` makes float32 of it
    torch.int64: np.dtype("i8"),
    torch.int32: np.dtype("i4"),
    torch.int16: np.dtype("i2"),
    torch.int8: np.dtype("i1"),
    torch.uint8: np.dtype("u1"),
    torch.uint16: np.dtype("u2"),
    torch.uint32: np.dtype("u4"),
    torch.uint64: np.dtype("u8"),
    torch.bool: np.dtype("b1"),
}

at_address: Callable[[int], Any] = (ctypes.c_char * (1 << 62)).from_address
"""Everything that lies behind an address; NumPy takes from it what the shape says, and no more."""

# Whose memory is what its shape says: other subclasses may be anything.
_DISABLED = torch._C._disabled_torch_dispatch_impl  # noqa: SLF001


def address(tensor: Tensor) -> int:
    """Where the first value of a CPU tensor lies; 0 where there is no memory to read.

    To be called with torch functions disabled: attributes of a subclass may be the user's code.
    """
    try:
        if (
            not tensor.is_cpu
            or tensor.layout is not torch.strided
            or type(tensor).__torch_dispatch__ is not _DISABLED
        ):
            return 0
        # A storage that was emptied keeps the shapes of its tensors (as FSDP's parameters).
        if tensor.untyped_storage().nbytes() < tensor.nbytes and not _inside(tensor):
            return 0
        return tensor.data_ptr()
    except (RuntimeError, NotImplementedError, TypeError):
        return 0  # wrapped by torch.func, quantised, or of a kind that has no storage


def _inside(tensor: Tensor) -> bool:
    """Whether a tensor lies within its storage although it has more values (expand)."""
    last = sum((n - 1) * s for n, s in zip(tensor.shape, tensor.stride(), strict=True))
    end = (tensor.storage_offset() + last + 1) * tensor.itemsize
    return int(end) <= tensor.untyped_storage().nbytes()


def array(tensor: Tensor) -> Array | None:
    """The tensor's values where they lie; None where they cannot be read. bfloat16 comes as u2."""
    dtype = DTYPES.get(tensor.dtype)
    if dtype is None or not tensor.numel():
        return None
    start = address(tensor)
    if not start:
        return None
    strides = [step * dtype.itemsize for step in tensor.stride()]
    return np.ndarray(tuple(tensor.shape), dtype, at_address(start), 0, strides)


def numbers(tensor: Tensor) -> Array | None:
    """As `array`, with bfloat16 as a copy in float32."""
    values = array(tensor)
    if values is not None and tensor.dtype is torch.bfloat16:
        return (values.astype(np.uint32) << np.uint32(16)).view(np.float32)
    return values
