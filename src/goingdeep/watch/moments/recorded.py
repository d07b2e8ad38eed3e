"""What a moment consists of: the operations of some steps, with what they were given.

Slots number what forwards and losses returned, so that one operation can refer to another's result
(`links.Made`). Modules, parameters and optimizers are those of the moment's own copies.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from goingdeep.watch.moments.links import Sum
from goingdeep.watch.reading.generators import Generators


@dataclass(eq=False)
class Constant:
    """A tensor that came from outside: a batch, its labels, class weights. size: in bytes."""

    tensor: Tensor
    kind: type[Tensor]
    size: int
    users: int = 0

    def fresh(self) -> Tensor:
        """A copy: a model may write into its input."""
        tensor = copy_tensor(self.tensor)
        tensor = tensor if self.kind is Tensor else tensor.as_subclass(self.kind)
        return tensor.requires_grad_(self.tensor.requires_grad)


@dataclass(frozen=True, eq=False)
class Use:
    """A constant as an operation was given it.

    role: "input" for the first one of a forward, "target" for a loss's second argument, "" else.
    """

    constant: Constant
    role: str


@dataclass(frozen=True, eq=False)
class Own:
    """A parameter or buffer of the moment's own copies."""

    tensor: Tensor


@dataclass(frozen=True)
class Modes:
    """What PyTorch was told around an operation: grad mode, autocast by kind of device."""

    grad: bool
    autocast: tuple[tuple[str, bool, torch.dtype], ...]
    cache: bool

    @classmethod
    def now(cls) -> Modes:
        """As they are."""
        return cls(
            torch.is_grad_enabled(),
            tuple(
                (kind, torch.is_autocast_enabled(kind), torch.get_autocast_dtype(kind))
                for kind in _devices()
            ),
            torch.is_autocast_cache_enabled(),
        )

    @contextlib.contextmanager
    def again(self) -> Iterator[None]:
        """As they were."""
        with contextlib.ExitStack() as stack:
            stack.enter_context(torch.set_grad_enabled(self.grad))
            for kind, enabled, dtype in self.autocast:
                if enabled or torch.is_autocast_enabled(kind):
                    stack.enter_context(
                        torch.autocast(kind, dtype, enabled=enabled, cache_enabled=self.cache)
                    )
            yield


@dataclass(eq=False)
class Forward:
    """A call of a model. training: the mode of each of its modules, in their order."""

    slot: int
    module: nn.Module
    modes: Modes
    training: tuple[bool, ...]
    generators: Generators
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(default_factory=dict)
    constants: list[Constant] = field(default_factory=list)
    needs: set[int] = field(default_factory=set)
    broken: str = ""


@dataclass(eq=False)
class Loss:
    """A call of a loss function, below torch.nn.functional."""

    slot: int
    function: Callable[..., Any]
    modes: Modes
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(default_factory=dict)
    constants: list[Constant] = field(default_factory=list)
    needs: set[int] = field(default_factory=set)
    broken: str = ""


@dataclass(eq=False)
class Backward:
    """Gradients were added to `.grad`.

    whole: for each root whether its own value is the loss, because its parts have none.
    """

    roots: tuple[Sum, ...]
    whole: tuple[bool, ...]
    retain: bool


@dataclass(eq=False)
class Clip:
    """Gradients were clipped. how: "norm" (the L2 norm of all) or "value"."""

    how: str
    parameters: tuple[Tensor, ...]
    limit: float


@dataclass(eq=False)
class Unscale:
    """Gradients were multiplied by `factor`, to undo a GradScaler's scale."""

    optimizer: torch.optim.Optimizer
    factor: float


@dataclass(eq=False)
class Step:
    """An optimizer's step. settings: by group, what the loop had changed since the last one."""

    optimizer: torch.optim.Optimizer
    settings: tuple[dict[str, Any], ...]


@dataclass(eq=False)
class Clear:
    """Gradients were cleared."""

    parameters: tuple[Tensor, ...]
    to_none: bool


Operation = Forward | Loss | Backward | Clip | Unscale | Step | Clear


@dataclass(eq=False)
class RecordedStep:
    """Everything up to the end of one optimizer step.

    values: of the losses that were differentiated, in the order of backward.
    """

    operations: list[Operation] = field(default_factory=list)
    values: list[Tensor] = field(default_factory=list)


def copy_tensor(x: Tensor) -> Tensor:
    """The same numbers with the same strides, where that takes no more memory than needed."""
    x = x.detach()
    if x.layout != torch.strided or x.is_quantized or x.is_conj() or x.is_neg() or not x.numel():
        return x.clone()
    axes = list(zip(x.shape, x.stride(), strict=True))
    lengths = [1 if stride == 0 else length for length, stride in axes]
    extent = 1 + sum((n - 1) * stride for n, (_, stride) in zip(lengths, axes, strict=True))
    narrow = x.as_strided(lengths, x.stride())
    if extent != narrow.numel():  # a slice of something larger: its own numbers only
        return x.clone()
    new = torch.empty_strided(lengths, x.stride(), dtype=x.dtype, device=x.device)
    return new.copy_(narrow).expand(x.shape)


def _devices() -> list[str]:
    kinds = ["cpu"]
    accelerator = torch.accelerator.current_accelerator()
    if accelerator is not None:
        kinds.append(accelerator.type)
    return kinds
