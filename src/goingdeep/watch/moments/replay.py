"""Replays of a moment, unchanged or with one thing changed.

    verify(moment) -> bool              does an unchanged replay give the same losses, bit for bit?
    replay(moment, variant=..., steps=...) -> Replay
    compare(moment, variant, steps=...) -> Comparison

        comparison.recorded.losses      one curve: the loop as it is
        comparison.changed.measured     the other: the variant, by the recorded loss function
        comparison.sentence             "In 60 steps the loss went from 2.303 to 1.871 as recorded,
                                        and to 2.301 with gradients cleared before each step."

`Variant` says what can be changed. `why/` and `check --prove` rest on these three. A moment is good
for a comparison only after `verify`: a loop that cannot be repeated unchanged proves nothing.

Each replay works on copies of its own, with the generators of random numbers put back afterwards,
with its prints thrown away, and unseen by the watcher. The program's own objects are never met.
`steps` may be more than were recorded: the recorded batches then come again.
"""

from __future__ import annotations

import contextlib
import hashlib
import math
import statistics
import struct
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from goingdeep.watch.moments.budget import Budget
from goingdeep.watch.moments.moment import GAP, Moment, means
from goingdeep.watch.moments.player import Player
from goingdeep.watch.moments.variant import UNCHANGED, Variant
from goingdeep.watch.reading.generators import Generators

MOST_LETTERS = 2_000


@dataclass
class Replay:
    """What came of a replay.

    values: for each step its losses; losses: their mean. measured: the same by the recorded loss
    function, which differs where the variant minimises something else. error: "" or why it ended
    early. hash: of all parameters and buffers at the end. cut: whether time ran out before the end.
    seconds: of this thread's processor time, for each step.
    """

    values: list[list[float]] = field(default_factory=list)
    measured: list[float] = field(default_factory=list)
    error: str = ""
    hash: str = ""
    cut: bool = False
    seconds: list[float] = field(default_factory=list)

    @property
    def losses(self) -> list[float]:
        """One number a step."""
        return means(self.values)

    @property
    def finite(self) -> bool:
        """Whether every loss was a finite number."""
        return all(math.isfinite(loss) for losses in self.values for loss in losses)


@dataclass(frozen=True)
class Comparison:
    """The loop as it is, and with one thing changed."""

    recorded: Replay
    changed: Replay
    sentence: str


def replay(
    moment: Moment,
    *,
    steps: int | None = None,
    variant: Variant | None = None,
    seconds: float = math.inf,
    look: Callable[[Player], None] | None = None,
) -> Replay:
    """Do the steps of a moment again.

    Args:
        moment: is not changed.
        steps: how many; None for as many as it has batches.
        variant: what is done differently.
        seconds: no further step is begun after these (see `Budget`).
        look: called after each step, with its gradients and weights still there. It may draw random
            numbers only beyond the recorded steps.
    """
    found = Replay()
    measured: list[list[float]] = []
    with alone(moment):
        try:
            budget = Budget(seconds)
            player = Player(moment, variant or UNCHANGED)
            for values, also in player.play(steps):
                found.values.append(values)
                found.seconds.append(budget.spent - sum(found.seconds))
                measured.append(also)
                if look is not None:
                    look(player)
                if not budget.left:
                    found.cut = True
                    break
            found.hash = _hash(list(player.models.values()))
        except Exception as error:  # noqa: BLE001 - that a mistake raises is an answer too
            found.error = _text(error)
    found.measured = means(measured)
    return found


def verify(moment: Moment, *, steps: int | None = None, seconds: float = math.inf) -> bool:
    """Whether an unchanged replay gives the recorded losses, bit for bit. Asked once.

    Args:
        seconds: steps that are not done again within these are taken off the moment.
    Changes:
        moment.replayable, reason and cost; where it cannot be replayed, a gap is recorded.
    """
    if moment.replayable is None:
        found = replay(moment, steps=steps, seconds=seconds)
        if found.cut:
            done = len(found.values)
            moment.steps, moment.values = moment.steps[:done], moment.values[:done]
        if found.seconds:
            moment.cost = statistics.median_low(found.seconds)
        expected = moment.values[: len(moment.steps) if steps is None else steps]
        moment.replayable = not found.error and _bits(found.values) == _bits(expected)
        if not moment.replayable:
            moment.reason = _why(moment, found, expected)
            moment.watcher.recorder.gap(GAP, moment.reason)
    return moment.replayable


def compare(moment: Moment, variant: Variant, *, steps: int | None = None) -> Comparison:
    """Replay a moment as it is and with one thing changed.

    Args:
        moment: a verified one.
        variant: its name is used in the sentence.
        steps: how many of each.
    """
    recorded = replay(moment, steps=steps)
    changed = replay(moment, steps=steps, variant=variant)
    return Comparison(recorded, changed, _sentence(recorded, changed, variant))


def _sentence(recorded: Replay, changed: Replay, variant: Variant) -> str:
    name = variant.name or "with one thing changed"
    losses = recorded.losses
    if recorded.error or not losses:
        return f"The loop could not be repeated: {recorded.error or 'it has no loss'}"
    start = (
        f"In {len(losses)} steps the loss went from {losses[0]:.4g} to {losses[-1]:.4g} as recorded"
    )
    if changed.error:
        return f"{start}; {name} it ended at step {len(changed.values) + 1} with {changed.error}"
    bad = next((i for i, loss in enumerate(changed.measured, 1) if not math.isfinite(loss)), None)
    if bad is not None:
        return f"{start}; {name} it was {changed.measured[bad - 1]} at step {bad}."
    return f"{start}, and to {changed.measured[-1]:.4g} {name}."


def _why(moment: Moment, found: Replay, expected: list[list[float]]) -> str:
    if found.error:
        reason = f"an unchanged replay ended with {found.error}"
        return "; ".join([reason, *moment.left_out[:1]])
    for i, (now, then) in enumerate(zip(found.values, expected, strict=False), 1):
        if _bits([now]) != _bits([then]):
            return f"an unchanged replay gave other losses from its step {i} on"
    return "an unchanged replay had another number of steps"


def _bits(values: list[list[float]]) -> list[list[bytes]]:
    """Numbers by their bits: NaN is equal to itself, and 0.0 is not -0.0."""
    return [[struct.pack("<d", value) for value in losses] for losses in values]


def _text(error: Exception) -> str:
    try:
        return f"{type(error).__name__}: {error}"[:MOST_LETTERS]
    except Exception:  # noqa: BLE001 - an exception of the program's may fail to say what it is
        return type(error).__name__


def _hash(modules: list[nn.Module]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for module in modules:
        for tensor in (*nn.Module.parameters(module), *nn.Module.buffers(module)):
            plain = tensor.detach().cpu().contiguous().reshape(-1)
            digest.update(plain.view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


@contextlib.contextmanager
def alone(moment: Moment) -> Iterator[None]:
    """Leave no trace: generators, modes, threads, prints, warnings, record."""
    before = Generators.now()
    with contextlib.ExitStack() as stack:
        stack.enter_context(moment.watcher.paused())
        stack.callback(before.restore)
        stack.enter_context(moment.arithmetic.again())
        stack.enter_context(torch.inference_mode(mode=False))
        stack.enter_context(torch.enable_grad())
        for kind in {
            kind for kind in ("cpu", "cuda", "mps", "xpu") if torch.is_autocast_enabled(kind)
        }:
            stack.enter_context(torch.autocast(kind, enabled=False))
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")
        stack.enter_context(contextlib.redirect_stdout(_Silent(sys.stdout)))
        stack.enter_context(contextlib.redirect_stderr(_Silent(sys.stderr)))
        yield


class _Silent:
    """Throws away what this thread prints: a model's forward may print, and did so before."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._thread = threading.get_ident()

    def write(self, text: str) -> Any:
        """Write what other threads print."""
        return len(text) if threading.get_ident() == self._thread else self._stream.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
