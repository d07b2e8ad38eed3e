"""The state of every generator of random numbers that a forward may draw from."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True)
class Generators:
    """States of PyTorch's, NumPy's and Python's global generators.

    accelerator: one for each device, where it has been used in this process.
    """

    torch_cpu: Tensor
    accelerator: tuple[Tensor, ...]
    numpy: Any
    python: Any

    @classmethod
    def now(cls) -> Generators:
        """As they are. Nothing is drawn."""
        return cls(
            torch.get_rng_state(),
            tuple(torch.cuda.get_rng_state_all()) if torch.cuda.is_initialized() else (),
            np.random.get_state(),  # noqa: NPY002 - the global one is what programs draw from
            random.getstate(),
        )

    def restore(self) -> None:
        """As they were."""
        torch.set_rng_state(self.torch_cpu)
        if self.accelerator:
            torch.cuda.set_rng_state_all(self.accelerator)
        np.random.set_state(self.numpy)  # noqa: NPY002
        random.setstate(self.python)
