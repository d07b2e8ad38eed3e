"""An optimizer is made, and gradients are cleared: by an optimizer, torch's or not, or by a module."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from torch import nn

if TYPE_CHECKING:
    from goingdeep.watch.watcher import Watcher

Args = tuple[Any, ...]
Kwargs = dict[str, Any]


def optimizer_made(watcher: Watcher, token: Any, args: Args, kwargs: Kwargs, result: Any) -> None:
    """Number it at first sight, with the line that made it."""
    watcher.optimizers.seen(args[0], watcher.recorder.sites.here(4))


def optimizer_clear(watcher: Watcher, args: Args, kwargs: Kwargs, *, to: str = "") -> None:
    """An optimizer is about to clear. to: "none" or "zero"; by default as it was told."""
    optimizer, lane = args[0], watcher.lane()
    known = watcher.optimizers.seen(optimizer)
    if known is not None:
        known.lane = lane
    lane.clear_started(
        "optimizer",
        known.number if known is not None else -1,
        to or _told(args, kwargs),
        lambda: [p for group in optimizer.param_groups for p in group["params"]],
    )


def module_clear(watcher: Watcher, args: Args, kwargs: Kwargs) -> None:
    """A module is about to clear."""
    module = args[0]
    watcher.lane().clear_started(
        "module",
        watcher.models.number(module),
        _told(args, kwargs),
        lambda: list(nn.Module.parameters(module)),
    )


def cleared(watcher: Watcher, token: Any, args: Args, kwargs: Kwargs, result: Any) -> None:
    """One of them has."""
    lane = watcher.lane()
    if lane.looking:
        lane.clear_ended()


def _told(args: Args, kwargs: Kwargs) -> str:
    """What gradients are set to by `zero_grad(set_to_none)`."""
    to_none = args[1] if len(args) > 1 else kwargs.get("set_to_none", True)
    return "none" if to_none else "zero"
