"""Channels of the record: kinds of facts that a rule may need.

A rule names the channels without which it cannot judge. A channel that a run lacks makes the rule
*not checked*, with the reason that stands here; one that was lost in part (a gap) makes silence of
the rule *not checked*, while what it did find counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from goingdeep.record.event import Gap
from goingdeep.record.seen import Probed

if TYPE_CHECKING:
    from goingdeep.check.run import Run


@dataclass(frozen=True)
class Channel:
    """One kind of facts. seen: whether a run has them. lacking: what to say where it has not.

    lost: beginnings of what a gap says is missing, where that means facts of this kind.
    """

    seen: Callable[[Run], bool]
    lacking: str
    lost: tuple[str, ...] = ()


CHANNELS: dict[str, Channel] = {
    "forward": Channel(
        lambda run: bool(run.models), "no model was called", ("modules", "models", "inside torch.")
    ),
    "backward": Channel(
        lambda run: run.has("backward"), "no backward was seen", ("backward", "torch.autograd")
    ),
    "step": Channel(
        lambda run: bool(run.by_optimizer),
        "no optimizer step was seen",
        ("optimizers", "steps", "step"),
    ),
    "optimizer": Channel(
        lambda run: any(not o.by_hand for o in run.optimizers.values()),
        "no optimizer was seen",
        ("optimizers",),
    ),
    "loss": Channel(
        lambda run: bool(run.losses),
        "no loss function of PyTorch's was called",
        ("loss functions", "torch._C._nn"),
    ),
    "loader": Channel(
        lambda run: bool(run.loaders), "no DataLoader was walked", ("loaders", "torch.utils.data")
    ),
    "training": Channel(
        lambda run: any(p.role == "training" for p in run.passes),
        "no pass over a DataLoader was used for training",
        ("passes", "torch.utils.data"),
    ),
    "evaluation": Channel(
        lambda run: any(p.role == "evaluation" for p in run.passes),
        "no pass over a DataLoader was used for evaluation",
        ("passes", "torch.utils.data"),
    ),
    "samples": Channel(
        lambda run: any(p.order or p.distinct for p in run.passes),
        "no samples were told apart",
        ("samples", "hashes", "passes"),
    ),
    "look": Channel(
        lambda run: bool(run.looks), "no step was looked at closely", ("look", "close look")
    ),
    "probes": Channel(
        lambda run: bool(run.of(Probed)),
        "no model was probed: gd check SCRIPT does it",
        ("probes",),
    ),
    "ranks": Channel(
        lambda run: bool(run.others), "one process: there are no replicas", ("other ranks",)
    ),
    "workers": Channel(
        lambda run: bool(run.workers), "no worker process was seen", ("workers", "worker")
    ),
}


def lacking(run: Run, needs: tuple[str, ...]) -> Iterator[str]:
    """Why a rule with these needs cannot judge; nothing where it can."""
    for name in needs:
        channel = CHANNELS[name]
        if not channel.seen(run):
            gap = lost(run, (name,))
            yield f"{channel.lacking} ({gap})" if gap else channel.lacking


def lost(run: Run, needs: tuple[str, ...]) -> str:
    """What the first gap in these channels says; "" where there is none."""
    for name in needs:
        for gap in run.gaps:
            if gap.what.startswith(CHANNELS[name].lost):
                return spoken(gap)
    return ""


def spoken(gap: Gap) -> str:
    """A gap in one line."""
    return f"{gap.what}: {gap.reason}"
