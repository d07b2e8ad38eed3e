"""What decides the last bits of a sum, besides the numbers: threads and choices of algorithms."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Arithmetic:
    """PyTorch's switches. threads: decides the order in which parts of a sum are added."""

    threads: int
    cudnn: tuple[bool, bool]
    deterministic: bool
    matmul: str

    @classmethod
    def now(cls) -> Arithmetic:
        """As they are."""
        return cls(
            torch.get_num_threads(),
            (torch.backends.cudnn.benchmark, torch.backends.cudnn.deterministic),
            torch.are_deterministic_algorithms_enabled(),
            torch.get_float32_matmul_precision(),
        )

    def restore(self) -> None:
        """As they were; what is so already is left alone."""
        now = Arithmetic.now()
        if now.threads != self.threads:
            torch.set_num_threads(self.threads)
        if now.cudnn != self.cudnn:
            torch.backends.cudnn.benchmark, torch.backends.cudnn.deterministic = self.cudnn
        if now.deterministic != self.deterministic:
            torch.use_deterministic_algorithms(self.deterministic)
        if now.matmul != self.matmul:
            torch.set_float32_matmul_precision(self.matmul)

    @contextlib.contextmanager
    def again(self) -> Iterator[None]:
        """As they were, for a while."""
        before = Arithmetic.now()
        self.restore()
        try:
            yield
        finally:
            before.restore()
