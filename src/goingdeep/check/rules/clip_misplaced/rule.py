"""Gradients are clipped where there are none to clip.

## What happens
`clip_grad_norm_` (or `clip_grad_value_`) was called before backward or after `step`: at that
moment there are no new gradients, so the ones that the next step uses are never clipped.

## Why it hurts
The protection against exploding gradients is switched off, while the code says that it is on.

## How to fix it
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm=1.0)
    optimizer.step()

## When it is fine
Clipping with an infinite or huge limit only measures the norm, and may do so anywhere.

## Sources
taesunwhang/UMS-ResSel#3, jongwook/onsets-and-frames#24, VGraphRNN/VGRNN#4, awslabs/graphstorm#1366,
simchowitzlabpublic/nano-world-model#22.
"""

from __future__ import annotations

from collections.abc import Iterator

from goingdeep.check.proof import Remedy
from goingdeep.check.rule import Finding, Rule
from goingdeep.check.run import Run
from goingdeep.record.seen import Op

RULE = Rule(
    "clip-misplaced",
    "warning",
    needs=("backward", "step"),
    silenced_by=("grads-not-cleared", "loss-rewrapped", "ga-cleared-early"),
)

LEAST_STEPS = 3

MEASURES_ONLY = 1e6
"""A limit from which on nothing is clipped: the call is for its result, the norm."""

NOTHING_NEW = {"none", "zero", "left-over"}


def check(run: Run) -> Iterator[Finding]:
    """Yield a finding for each place that clips when there is nothing new."""
    places = set()
    for number in run.by_optimizer:
        clips = {way: _idle_clip(run, way) for way in run.ways(number)}
        for streak in run.streaks(number, {a for a, op in clips.items() if op is not None}):
            clip = clips[streak.anatomy]
            if streak.count < LEAST_STEPS or clip is None or clip.site in places:
                continue
            places.add(clip.site)
            yield RULE.found(
                "gradients were clipped by {how} in {steps} steps while there were {states}",
                site=clip.site,
                step=streak.first,
                count=streak.count,
                remedy=_clipped(clip),
                fix="clip between loss.backward() and optimizer.step()",
                how=str(clip.facts.get("how", "norm")),
                steps=streak.count,
                states="only gradients that a step had used"
                if "left-over" in str(clip.facts.get("grads"))
                else "none",
                limit=clip.facts.get("limit"),
            )


def _clipped(clip: Op) -> Remedy | None:
    limit = clip.facts.get("limit")
    if clip.facts.get("how") != "norm" or not isinstance(limit, int | float):
        return None
    return Remedy(name=f"clipped to {limit:g} before each step", clip=float(limit))


def _idle_clip(run: Run, anatomy: int) -> Op | None:
    """A clip of a step that met no new gradient, if no other one did."""
    clips = [op for op in run.operations(anatomy) if op.op == "clip"]
    idle = None
    for clip in clips:
        limit, text = clip.facts.get("limit"), clip.facts.get("grads")
        if (
            not isinstance(limit, int | float)
            or limit >= MEASURES_ONLY
            or not isinstance(text, str)
        ):
            return None
        states = [part.partition(":")[2] or part for part in text.split()]
        if not all(state in NOTHING_NEW for state in states):
            return None  # clipped rightly, too
        idle = idle or clip
    return idle
