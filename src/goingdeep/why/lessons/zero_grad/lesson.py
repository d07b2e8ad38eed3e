"""Why zero the gradients?

## Short answer
`backward()` adds to `.grad`; it never overwrites it. That is meant: several backwards can share one
step. So somebody has to say where a new sum begins, and that is `optimizer.zero_grad()`. Without it
every step follows the sum of all gradients so far, of old batches at weights that are long gone.

## Asked as
* why zero_grad, what does zero_grad do, optimizer.zero_grad, forget or forgot to zero the gradients
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

from goingdeep.record import look
from goingdeep.record.answer import Blocks, Figure, Table, Text
from goingdeep.record.reading import Seen
from goingdeep.show.numbers import exact, number
from goingdeep.why.damage import curve, damage
from goingdeep.why.lesson import Claim, Judged, Lesson, judged
from goingdeep.why.lessons.zero_grad.measured import FASTER, Found, measure

TWICE = 1e-3
"""How near to 2 a doubled gradient must be: float32 has seven digits, bfloat16 fewer than three."""
SAME_WAY = 0.99
"""Cosine from which on two gradients point the same way."""


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
    if found.faster:
        cleared, never = found.faster
        yield Text(
            "Here the loss falls faster with the mistake: a sum of many gradients is long, and this "
            "learning rate is so small that long steps help. At a rate that is not too small:"
        )
        title = f"{FASTER} times the learning rate"
        yield from damage(cleared.losses, [never], title=title, base=cleared.name)
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
            **numbers,
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
