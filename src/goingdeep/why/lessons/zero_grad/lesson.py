"""Why zero the gradients?

## Short answer
`backward()` adds to `.grad`; it never overwrites it. That is meant: several backwards can share one
step. So somebody has to say where a new sum begins, and that is `optimizer.zero_grad()`. Without it
every step follows the sum of all gradients so far, of old batches at weights that are long gone.

## Asked as
* why zero_grad, what does zero_grad do, optimizer.zero_grad, forgot to zero the gradients
* why do gradients accumulate, add up, are not cleared, reset, set_to_none
* gradient accumulation, effective batch size

## Sources
* PyTorch, torch.optim.Optimizer.zero_grad: https://docs.pytorch.org/docs/stable/generated/torch.optim.Optimizer.zero_grad.html
* PyTorch, Zeroing out gradients: https://docs.pytorch.org/tutorials/recipes/recipes/zeroing_out_gradients.html

## Read next
learning, batch
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from goingdeep.record import look
from goingdeep.record.answer import Blocks, Figure, Table, Text
from goingdeep.record.reading import Seen
from goingdeep.show.numbers import exact, number
from goingdeep.watch.player import Player
from goingdeep.watch.recorded import Clip, Unscale
from goingdeep.watch.variant import Variant
from goingdeep.why.damage import Trial, curve, damage
from goingdeep.why.lab import Lab, cosine, grads_of, norm
from goingdeep.why.lesson import Claim, Judged, Lesson, judged

TWICE = 1e-3
"""How near to 2 a doubled gradient must be: float32 has seven digits, bfloat16 fewer than three."""
SAME_WAY = 0.99
"""Cosine from which on two gradients point the same way."""


@dataclass(frozen=True)
class Found:
    """What was measured.

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
    moved = _Moved(lab)
    between = lab.trial(
        Variant("cleared between backward and step", clear="between"), look=moved.look
    )
    right = lab.replay(Variant("cleared right after each step", clear="right"))
    sizes, apart, evaluated = _halves(lab)
    return Found(
        recorded=lab.recorded,
        never=never,
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
    i = max(range(len(names)), key=lambda i: (gradients[i].dim() > 1, i))
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


# ---------------------------------------------------------------- see it


def recorded(seen: Seen) -> Iterator[Blocks]:
    """The state of the gradients at each close look."""
    rows = []
    for step, close in sorted(seen.looks.items()):
        backward = next(iter(close.of(look.LookBackward)), None)
        if backward is None:
            continue
        clear = next(iter(close.of(look.LookClear)), None)
        values = [g.norm for g in backward.gradients if isinstance(g.norm, int | float)]
        length = math.sqrt(sum(v * v for v in values))
        after = _states(clear.after) if clear else "not seen"
        rows.append((number(step), _states(backward.before), number(length), after))
    if rows:
        yield Table(
            "gradients at the steps that were looked at closely",
            ("step", "before backward", "norm after it", "after clear"),
            tuple(rows[:12]),
            "rlrl",
        )


def _states(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {state}" for state, count in counts.items()) or "none"


def see(found: Found) -> Iterator[Blocks]:
    """One weight's gradient through backward, backward again and clear."""
    yield Table(
        f"the gradient of one weight, {found.weight}",
        ("", ".grad", "norm of all gradients"),
        (
            ("before backward", "None", ""),
            ("after backward", exact(found.once), number(found.norm_once)),
            ("after a second backward, same batch", exact(found.twice), number(found.norm_twice)),
            ("after zero_grad()", found.cleared, ""),
        ),
        "lrr",
        note=f"by hand {exact(found.once)} + ({exact(found.once)}) = {exact(2 * found.once)}, "
        f"PyTorch {exact(found.twice)}",
    )
    if not math.isnan(found.apart):
        one, two = found.sizes
        mode = " (in eval mode, so that Dropout and BatchNorm do not differ)" * found.evaluated
        yield Text(
            f"Accumulation done right: the gradients of {one} and {two} samples, each weighted by its"
            f" share and added up in .grad, differ from the gradient of all {one + two} at once by"
            f" {found.apart:.1e} of its length{mode}: that is rounding."
            if found.apart < 1e-3
            else f"The gradients of {one} and {two} samples, added up, differ from the gradient of "
            f"all {one + two} at once by {found.apart:.1e} of its length{mode}: in this model one "
            "sample's gradient depends on the others."
        )


# ---------------------------------------------------------------- break it


def broken(found: Found) -> Iterator[Blocks]:
    """Never cleared, and cleared too early."""
    yield from damage(found.recorded, [found.never, found.between], title="the loss, step by step")
    if found.used:
        length = len(found.used)
        yield Figure(
            "never cleared: how long the gradient is that a step uses",
            (
                curve("used by the step: the sum so far", found.used, length),
                curve("this batch's own", found.fresh, length),
            ),
            xs=tuple(float(i) for i in range(1, length + 1)),
            y="norm",
            log=True,
        )
    yield Text(
        f"Cleared between backward and step: {found.moved} of {found.parameters} parameters changed. "
        + ("The optimizer finds no gradient, and nothing is learned." if not found.moved else "")
    )


# ---------------------------------------------------------------- claims


def _after_step(found: Found) -> Judged:
    if found.right:
        return judged(
            "true",
            f"With gradients cleared right after each step, all {len(found.recorded)} losses are the "
            "recorded ones, bit for bit: nothing read them any more. Left where they are, they do "
            "harm: the next backward adds to them.",
            steps=len(found.recorded),
        )
    return judged(
        "false",
        "With gradients cleared right after each step the losses are other ones than recorded: this "
        "loop goes on using them.",
        steps=len(found.recorded),
    )


def _overwrites(found: Found) -> Judged:
    factor = found.norm_twice / found.norm_once if found.norm_once else math.nan
    numbers = {"once": found.norm_once, "twice": found.norm_twice}
    if abs(factor - 2) < TWICE * 10:
        return judged(
            "false",
            f"After one backward the gradients have the norm {number(found.norm_once)}, after a "
            f"second one on the same batch {number(found.norm_twice)}: {factor:.3f} times as much. "
            "It adds.",
            **numbers,
        )
    if abs(factor - 1) < TWICE * 10:
        return judged(
            "true",
            f"A second backward left the norm at {number(found.norm_twice)}, as it was.",
            **numbers,
        )
    return judged(
        "not measured",
        f"A second backward on the same batch gave {number(factor)} times the norm of the first.",
        **numbers,
    )


def _larger_rate(found: Found) -> Judged:
    if len(found.used) < 2:
        return judged(
            "not measured", "The loop clips or scales its gradients, so they are no sums."
        )
    ratio, along = found.used[-1] / max(found.fresh[-1], 1e-30), found.along[-1]
    numbers = {"ratio": ratio, "cosine": along, "steps": len(found.used)}
    if not (math.isfinite(ratio) and math.isfinite(along)):
        return judged(
            "false",
            f"After {len(found.used)} steps the sum is {number(found.used[-1])}: no longer finite.",
            **{k: number(v) if not math.isfinite(v) else v for k, v in numbers.items()},
        )
    said = (
        f"At step {len(found.used)} the gradient in use is {ratio:.3g} times as long as the batch's "
        f"own, and the cosine between the two is {along:.2f}."
    )
    if along >= SAME_WAY:
        return judged("true", f"{said} They point the same way.", **numbers)
    if along >= 0.5:
        return judged(
            "half true",
            f"{said} It acts like a rate that grows with every step, and it drifts from the way down.",
            **numbers,
        )
    return judged("false", f"{said} Most of it points where this batch does not.", **numbers)


LESSON = Lesson(
    measure=measure,
    recorded=recorded,
    see=see,
    broken=broken,
    claims=(
        Claim("After step the gradients are no longer needed.", _after_step),
        Claim("backward overwrites the gradient.", _overwrites),
        Claim("Forgetting to clear is just a bigger learning rate.", _larger_rate),
    ),
    places=("backward", "step", "clear"),
)
