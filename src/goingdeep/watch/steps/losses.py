"""Calls of loss functions: which one, on what, and where its input came from.

PyTorch's functions are met one level below `torch.nn.functional`, where modules, functions and
names that were imported before us all come through. A loss written by hand has no call: it is seen
in the graph, from the root of backward down.
"""

from __future__ import annotations

import sys
from types import FrameType
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.nn import functional as F

from goingdeep.record.seen import Fact, LossFunction
from goingdeep.watch.reading import graph
from goingdeep.watch.reading.aside import not_now
from goingdeep.watch.reading.later import scalar
from goingdeep.watch.reading.tensors import values

if TYPE_CHECKING:
    from goingdeep.watch.lane import Lane
    from goingdeep.watch.watcher import Watcher

MAX_FUNCTIONS = 256
HAND_WRITTEN = "hand-written"
MAX_FRAMES = 8
"""Of ours, between a function of torch.nn.functional and here."""

ROW_SUM_TOLERANCE = 1e-4
REDUCTIONS = {0: "none", 1: "mean", 2: "sum"}

# The functions below torch.nn.functional: their module, and the names of their arguments.
_SETTINGS = ("weight", "reduction", "ignore_index", "label_smoothing")
FUNCTIONS: dict[str, tuple[str, tuple[str, ...]]] = {
    "cross_entropy_loss": ("torch._C._nn", ("input", "target", *_SETTINGS)),
    "nll_loss_nd": ("torch._C._nn", ("input", "target", *_SETTINGS[:3])),
    "mse_loss": ("torch._C._nn", ("input", "target", "reduction")),
    "l1_loss": ("torch._C._nn", ("input", "target", "reduction")),
    "smooth_l1_loss": ("torch._C._nn", ("input", "target", "reduction", "beta")),
    "huber_loss": ("torch._C._nn", ("input", "target", "reduction", "delta")),
    "binary_cross_entropy": ("torch._C._nn", ("input", "target", "weight", "reduction")),
    "soft_margin_loss": ("torch._C._nn", ("input", "target", "reduction")),
    "multilabel_margin_loss": ("torch._C._nn", ("input", "target", "reduction")),
    "multi_margin_loss": (
        "torch._C._nn", ("input", "target", "p", "margin", "weight", "reduction"),
    ),
    "binary_cross_entropy_with_logits": (
        "torch", ("input", "target", "weight", "pos_weight", "reduction"),
    ),
    "kl_div": ("torch", ("input", "target", "reduction", "log_target")),
    "ctc_loss": ("torch", ("input", "target")),
    "poisson_nll_loss": ("torch", ("input", "target", "log_input", "full", "eps", "reduction")),
    "cosine_embedding_loss": ("torch", ("input", "input2", "target", "margin", "reduction")),
    "margin_ranking_loss": ("torch", ("input", "input2", "target", "margin", "reduction")),
    "triplet_margin_loss": ("torch", ("input", "positive", "target")),
    "hinge_embedding_loss": ("torch", ("input", "target", "margin", "reduction")),
}  # fmt: skip

_TARGETS = {name: at.index("target") for name, (_, at) in FUNCTIONS.items() if "target" in at}
_REDUCTIONS = {
    name: at.index("reduction") if "reduction" in at else -1 for name, (_, at) in FUNCTIONS.items()
}

BROADCASTING = frozenset({"mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"})
"""What `torch.nn.functional` stretches to one shape before it calls the function below it."""

# What people call them.
NAMES = {"cross_entropy_loss": "cross_entropy", "nll_loss_nd": "nll_loss"}


class LossFunctions:
    """Numbers the ways in which loss functions are called."""

    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher
        self._numbers: dict[tuple[Any, ...], int] = {}
        self._names: list[str] = []
        self._by_hand: set[tuple[int, tuple[str, ...]]] = set()

    def name(self, number: int) -> str:
        """What a loss function is called; "" where it has no number."""
        return self._names[number] if 0 <= number < len(self._names) else ""

    def called(
        self, lane: Lane, name: str, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any
    ) -> None:
        """One call has returned."""
        if not_now():
            return
        loss_input = args[0] if args else kwargs.get("input")
        if not isinstance(loss_input, Tensor) or not isinstance(result, Tensor):
            return
        at = _TARGETS[name]
        target = args[at] if len(args) > at >= 0 else kwargs.get("target")
        target = target if isinstance(target, Tensor) else None
        chain = graph.came_from(loss_input)
        site = self._watcher.recorder.sites.here(4)
        at = _REDUCTIONS[name]
        reduction = args[at] if len(args) > at >= 0 else kwargs.get("reduction")
        if target is None:
            key: tuple[Any, ...] = (
                name, site, chain, reduction, loss_input.dtype, loss_input.dim(),
            )  # fmt: skip
        else:
            key = (
                name, site, chain, reduction, loss_input.dtype, target.dtype, loss_input.dim(),
                target.dim(), name in BROADCASTING and _expanded(loss_input, target),
            )  # fmt: skip
        number = self._numbers.get(key)
        given: dict[str, Any] = {}
        if number is None or lane.look is not None:
            given = {**dict(zip(FUNCTIONS[name][1], args, strict=False)), **kwargs}
        if number is None:
            number = self._new(key, lane, name, given, loss_input, target, result, chain, site)
        lane.loss(number, site, loss_input, target, result, given)

    def _new(
        self, key: tuple[Any, ...], lane: Lane, name: str, given: dict[str, Any],
        loss_input: Tensor, target: Tensor | None, result: Tensor, chain: tuple[str, ...], site: int,
    ) -> int:  # fmt: skip
        number = len(self._numbers)
        if number >= MAX_FUNCTIONS:
            self._watcher.recorder.gap("loss functions", f"more than {MAX_FUNCTIONS} ways to call")
            return -1
        self._numbers[key] = number
        self._names.append(NAMES.get(name, name))
        seen = values(loss_input)
        low, high = seen.low, seen.high
        trailing, trailing_value = trailing_targets(
            target, graph.rows_before_flattening(loss_input)
        )
        own_input, own_target = _own_shapes(loss_input, target)
        stretched = target is not None and own_input != own_target and _expanded(loss_input, target)
        aimed = values(target) if target is not None else None
        self._watcher.recorder.event(
            LossFunction,
            id=number,
            function=NAMES.get(name, name),
            site=site,
            module=lane.loss_module(),
            reduction=_reduction(given.get("reduction")),
            input=own_input,
            target=own_target,
            input_dtype=str(loss_input.dtype).removeprefix("torch."),
            target_dtype=str(target.dtype).removeprefix("torch.") if target is not None else "",
            broadcast=tuple(loss_input.shape) if stretched else (),
            settings=_settings(given),
            came_from=chain,
            came_from_sites=graph.came_from_sites(loss_input),
            softmax_dim=graph.softmax_dim(loss_input),
            low=low,
            high=high,
            rows_sum_to_one=_rows_sum_to_one(loss_input),
            zeros=seen.zeros,
            value=_value(result),
            target_low=aimed.low if aimed else None,
            target_high=aimed.high if aimed else None,
            ignored=_ignored(target, given.get("ignore_index")),
            trailing=trailing,
            trailing_value=trailing_value,
        )
        return number

    def written_by_hand(self, root: Tensor, chain: tuple[str, ...], site: int) -> None:
        """A backward began whose loss is no function of PyTorch's: are its shapes what they seem?"""
        key = (site, chain)
        if key in self._by_hand or len(self._by_hand) >= MAX_FUNCTIONS:
            return
        self._by_hand.add(key)
        shapes = graph.stretched_difference(root)
        if shapes is None or len(self._numbers) >= MAX_FUNCTIONS:
            return
        number = self._numbers[HAND_WRITTEN, *key] = len(self._numbers)
        self._names.append(HAND_WRITTEN)
        self._watcher.recorder.event(
            LossFunction, id=number, function=HAND_WRITTEN, site=site, input=shapes[1],
            broadcast=shapes[0], came_from=chain, value=_value(root),
        )  # fmt: skip


def _reduction(value: Any) -> str:
    return REDUCTIONS.get(value, "") if isinstance(value, int) else ""


def _expanded(one: Tensor, other: Tensor) -> bool:
    """Whether either was stretched to fit the other: a length above 1 that takes no stride.

    `F.mse_loss` and its like broadcast both before the function that we see.
    """
    if one.dim() == 0 or one.layout != torch.strided or other.layout != torch.strided:
        return False
    return any(
        length > 1 and stride == 0
        for tensor in (one, other)
        for length, stride in zip(tensor.shape, tensor.stride(), strict=True)
    )


def _own_shapes(one: Tensor, other: Tensor | None) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The shapes of input and target as the program gave them, before any broadcasting.

    The function of torch.nn.functional that stretched them still has both under their names. What
    was stretched cannot be told from the result alone: an axis without a stride had length 1, or
    was not there.
    """
    if other is None:
        return tuple(one.shape), ()
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001
    for _ in range(MAX_FRAMES):
        if frame is None or frame.f_code.co_filename == F.__file__:
            break
        frame = frame.f_back
    if frame is not None and frame.f_code.co_filename == F.__file__:
        given, aimed = frame.f_locals.get("input"), frame.f_locals.get("target")
        if isinstance(given, Tensor) and isinstance(aimed, Tensor):
            return tuple(given.shape), tuple(aimed.shape)
    return tuple(one.shape), tuple(other.shape)


def _settings(given: dict[str, Any]) -> dict[str, Fact]:
    found: dict[str, Fact] = {}
    for name, value in given.items():
        if name in ("input", "target", "reduction", "input2", "positive"):
            continue
        if isinstance(value, Tensor):
            found[name] = f"tensor of {tuple(value.shape)}"
        elif isinstance(value, bool | int | float | str):
            found[name] = value
    return found


def _value(result: Tensor) -> float | None:
    value = scalar(result)
    return value if value is not None and abs(value) < float("inf") else None


@torch.no_grad()
def _rows_sum_to_one(tensor: Tensor) -> bool:
    if tensor.dim() < 2 or not tensor.is_floating_point() or tensor.layout != torch.strided:
        return False
    if tensor.device.type == "meta" or not tensor.numel() or tensor.shape[1] < 2:
        return False
    rows = tensor.detach()[:64].float()
    sums = rows.sum(1)
    close = (sums - 1).abs().max() <= ROW_SUM_TOLERANCE
    return bool(close) and bool(rows.min() >= 0)


@torch.no_grad()
def _ignored(target: Tensor | None, ignore_index: Any) -> float:
    if target is None or not isinstance(ignore_index, int) or target.is_floating_point():
        return 0.0
    if not target.numel() or target.device.type == "meta":
        return 0.0
    return float((target == ignore_index).float().mean())


@torch.no_grad()
def trailing_targets(target: Tensor | None, rows: int = 0) -> tuple[float, int | None]:
    """Share of targets that are one constant up to the end of their row, and that constant.

    Padding looks so, and stands nowhere else: a constant that is met before the end of a row, too,
    gives (0, None), as does a target without rows.

    Args:
        target: class indices, a row each; or all of them one after the other.
        rows: how many rows there are then.
    """
    if target is None or target.is_floating_point() or target.numel() < 4:
        return 0.0, None
    if target.dim() == 1 and rows > 1 and target.numel() % rows == 0:
        target = target.reshape(rows, -1)
    if target.dim() != 2 or target.shape[1] < 2 or target.device.type == "meta":
        return 0.0, None
    seen = target.detach()[:256].cpu()
    value = int(seen[:, -1].mode().values)
    equal = seen == value
    ends = equal.long().flip(1).cumprod(1)
    if int(ends.sum()) < int(equal.sum()) or bool(equal.all()):
        return 0.0, None
    return float(ends.sum()) / seen.numel(), value
