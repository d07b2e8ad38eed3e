"""What zero-grad measures."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from goingdeep.show.numbers import number
from goingdeep.watch.moments.player import Player
from goingdeep.watch.moments.recorded import Clip, Unscale
from goingdeep.watch.moments.variant import Variant
from goingdeep.why.damage import Trial, last
from goingdeep.why.lab import Lab
from goingdeep.why.lesson import NoLabError
from goingdeep.why.vectors import cosine, grads_of, norm

FASTER = 100
"""Times the learning rate, for a loop that is so slow that a mistake is not seen in it."""


@dataclass(frozen=True)
class Found:
    """What was measured.

    faster: where forgetting to clear does no harm that is seen in these steps: the same with and
        without it, at FASTER times the learning rate.
    weight: one weight's name and index; once, twice: its gradient after one backward and after a
    second one on the same batch, cleared: after `zero_grad`. norm_once, norm_twice: of all.
    used, fresh: with gradients never cleared, the norm of what each step used and of what its own
    batch added; along: their cosine; all empty where the loop clips or scales.
    right: whether clearing right after each step gives the recorded losses, bit for bit.
    moved: how many parameters changed when gradients were cleared between backward and step.
    apart: distance between the gradient of two halves, averaged, and of the whole batch, as a share
    of its length; sizes: samples in the halves.
    """

    recorded: list[float]
    never: Trial
    faster: tuple[Trial, ...]
    between: Trial
    weight: str
    once: float
    twice: float
    cleared: str
    norm_once: float
    norm_twice: float
    right: bool
    moved: int
    parameters: int
    sizes: tuple[int, int]
    apart: float
    evaluated: bool
    used: list[float] = field(default_factory=list)
    fresh: list[float] = field(default_factory=list)
    along: list[float] = field(default_factory=list)


def measure(lab: Lab) -> Found:
    """Backward once and twice; the moment never cleared, and cleared too early; two halves."""
    lab.need_rows()
    model = lab.model()
    lab.seed()
    _, once = lab.gradients(model, lab.batches[0])
    name, index = _largest(model, once)
    first = float(_parameter(model, name).grad[index])  # type: ignore[index]
    lab.seed()
    _, twice = lab.gradients(model, lab.batches[0], clear=False)
    second = float(_parameter(model, name).grad[index])  # type: ignore[index]
    model.zero_grad()
    after = _parameter(model, name).grad

    used, fresh, along, never = _never_cleared(lab)
    helps = never.end <= last(lab.recorded) <= lab.recorded[0]
    faster = _faster(lab) if helps else ()
    moved = _Moved(lab)
    between = lab.trial(
        Variant("cleared between backward and step", clear="between"), look=moved.look
    )
    right = lab.replay(Variant("cleared right after each step", clear="right"))
    sizes, apart, evaluated = _halves(lab)
    return Found(
        recorded=lab.recorded,
        never=never,
        faster=faster,
        between=between,
        weight=f"{name}[{','.join(map(str, index))}]",
        once=first,
        twice=second,
        cleared="None" if after is None else number(float(after[index])),
        norm_once=norm(once),
        norm_twice=norm(twice),
        right=not right.error and right.losses == lab.recorded[: len(right.losses)],
        moved=moved.count,
        parameters=len(once),
        sizes=sizes,
        apart=apart,
        evaluated=evaluated,
        used=used,
        fresh=fresh,
        along=along,
    )


def _largest(model: nn.Module, gradients: list[Tensor]) -> tuple[str, tuple[int, ...]]:
    """The weight of the last parameter with the largest gradient."""
    names = [name for name, _ in model.named_parameters()]
    # One that is frozen, or that the loss does not depend on, has none.
    those = [i for i, p in enumerate(model.parameters()) if p.grad is not None and p.numel()]
    if not those:
        raise NoLabError("no weight of the model has a gradient")
    i = max(those, key=lambda i: (gradients[i].dim() > 1, i))
    flat = int(gradients[i].abs().argmax())
    return names[i], tuple(
        int(v) for v in torch.unravel_index(torch.tensor(flat), gradients[i].shape)
    )


def _parameter(model: nn.Module, name: str) -> nn.Parameter:
    return dict(model.named_parameters())[name]


def _never_cleared(lab: Lab) -> tuple[list[float], list[float], list[float], Trial]:
    """What each step uses is a sum; the difference to the sum before it is its own batch's."""
    changed = any(isinstance(op, Clip | Unscale) for s in lab.moment.steps for op in s.operations)
    used: list[float] = []
    fresh: list[float] = []
    along: list[float] = []
    before: list[list[Tensor]] = []

    def look(player: Player) -> None:
        (model,) = player.models.values()
        now = grads_of(model)
        own = [a - b for a, b in zip(now, before[-1], strict=True)] if before else now
        used.append(norm(now))
        fresh.append(norm(own))
        along.append(cosine(now, own))
        before[:] = [now]

    never = lab.trial(Variant("never cleared", clear="never"), look=None if changed else look)
    return used, fresh, along, never


def _faster(lab: Lab) -> tuple[Trial, ...]:
    """A sum of gradients walks faster: where the rate is far too small, that helps at first."""
    return (
        lab.trial(Variant(f"rate x{FASTER}, cleared", rate=FASTER)),
        lab.trial(Variant(f"rate x{FASTER}, never cleared", rate=FASTER, clear="never")),
    )


class _Moved:
    """Counts the parameters that are not what they were before the moment."""

    def __init__(self, lab: Lab) -> None:
        self._before = [p.detach().clone() for p in lab.model().parameters()]
        self.count = 0

    def look(self, player: Player) -> None:
        (model,) = player.models.values()
        self.count = sum(
            not torch.equal(a, b) for a, b in zip(model.parameters(), self._before, strict=True)
        )


def _halves(lab: Lab) -> tuple[tuple[int, int], float, bool]:
    """The gradient of a batch, and the average of those of its halves, at the same weights."""
    inputs, targets = lab.batches[0]
    size = len(inputs)
    half = size // 2
    if half == 0:
        return (0, 0), math.nan, False
    model = lab.model()
    # In training mode Dropout draws other numbers and BatchNorm sees other means for each half.
    evaluated = any(isinstance(part, SENSITIVE) for part in model.modules())
    model.train(not evaluated)
    _, whole = lab.gradients(model, (inputs, targets), exact=True)
    _, one = lab.gradients(model, (inputs[:half], targets[:half]), exact=True)
    _, two = lab.gradients(model, (inputs[half:], targets[half:]), exact=True)
    summed = [(half * a + (size - half) * b) / size for a, b in zip(one, two, strict=True)]
    difference = [a - b for a, b in zip(summed, whole, strict=True)]
    length = norm(whole)
    return (half, size - half), norm(difference) / length if length else math.nan, evaluated


SENSITIVE = (nn.modules.batchnorm._BatchNorm, nn.modules.dropout._DropoutNd)  # noqa: SLF001
