"""Whose an error is that ended an experiment: what the user's model said is no fault of ours."""

from __future__ import annotations

import traceback
from pathlib import Path

PACKAGE = Path(__file__).parents[1]
RUN = frozenset({("lab.py", "outputs"), ("lab.py", "loss")})
"""In why/: what runs the user's model and loss."""


def is_of_the_model(error: BaseException) -> bool:
    """Whether it came out of the model, its loss or its data, or is a want of memory.

    It did where the user's code was on the way to it, or PyTorch was running a module or reading data.
    """
    import torch
    from torch import nn

    from goingdeep.watch.reading.sites import USER, kind_of

    if isinstance(error, MemoryError | torch.OutOfMemoryError) or "enough memory" in str(error):
        return True
    reads = str(Path(torch.utils.data.__file__).parent)
    for frame, _ in traceback.walk_tb(error.__traceback__):
        code = frame.f_code
        place = Path(code.co_filename)
        runs = place.parent == PACKAGE / "why" and (place.name, code.co_name) in RUN
        if runs or code is nn.Module._call_impl.__code__ or code.co_filename.startswith(reads):  # noqa: SLF001
            return True
        if kind_of(code.co_filename) == USER:
            return True
    return False


def place_in_ours(error: BaseException) -> str:
    """The last line of ours on the way to it: "why/lessons/eval/measured.py:133"."""
    found = ""
    for frame, line in traceback.walk_tb(error.__traceback__):
        place = Path(frame.f_code.co_filename)
        if place.is_relative_to(PACKAGE):
            found = f"{place.relative_to(PACKAGE).as_posix()}:{line}"
    return found
