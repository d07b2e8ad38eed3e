"""Gradients are clipped while they are still scaled.

## What happens
With a `GradScaler` the gradients after backward are multiplied by the scale (65,536 at first).
`clip_grad_norm_` was called on them as they are, without `scaler.unscale_(optimizer)` before it.

## Why it hurts
The limit is compared with a norm that is tens of thousands of times too large, so nearly every
gradient is cut down to almost nothing once the scaler divides by the scale. Training is slow, and
depends on a scale that changes by itself.

## How to fix it
    scaler.scale(loss).backward()
    scaler.unscale_(optimizer)
    torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm=1.0)
    scaler.step(optimizer)
    scaler.update()

## When it is fine
A scaler that is switched off (bfloat16, CPU) does not scale.

## Sources
pytorch/examples#1196, milesial/Pytorch-UNet#468, TorchSSL/TorchSSL#59,
Lightning-AI/pytorch-lightning#9599.
"""

from __future__ import annotations

from collections.abc import Iterator

from goingdeep.check.proof import Remedy
from goingdeep.check.rule import Finding, Rule
from goingdeep.check.run import Run
from goingdeep.record.seen import Op

RULE = Rule("clip-before-unscale", "warning", needs=("backward", "step"))

LEAST_STEPS = 3


def check(run: Run) -> Iterator[Finding]:
    """Yield a finding for each place that clips scaled gradients."""
    places = set()
    for number in run.by_optimizer:
        clips = {way: _scaled_clip(run, way) for way in run.ways(number)}
        for streak in run.streaks(number, {a for a, op in clips.items() if op is not None}):
            clip = clips[streak.anatomy]
            if streak.count < LEAST_STEPS or clip is None or clip.site in places:
                continue
            places.add(clip.site)
            yield RULE.found(
                "gradients were clipped to {limit} while they were scaled, in {steps} steps: no "
                "unscale_ came before",
                site=clip.site,
                step=streak.first,
                count=streak.count,
                remedy=_clipped(clip),
                fix="scaler.unscale_(optimizer)  # before this line",
                limit=clip.facts.get("limit"),
                how=clip.facts.get("how"),
                steps=streak.count,
                first_step=streak.first,
            )


def _clipped(clip: Op) -> Remedy | None:
    limit = clip.facts.get("limit")
    if clip.facts.get("how") != "norm" or not isinstance(limit, int | float):
        return None
    return Remedy(name=f"clipped to {limit:g} after unscaling", clip=float(limit))


def _scaled_clip(run: Run, anatomy: int) -> Op | None:
    """The clip of a step that came after backward of a scaled loss and before unscale_."""
    scaled = went_back = False
    for op in run.operations(anatomy):
        if op.op == "scale":
            scaled, went_back = bool(op.facts.get("enabled")), False
        elif op.op == "unscale":
            scaled = False
        elif op.op == "backward":
            went_back = True
        elif op.op == "clip" and scaled and went_back and op.facts.get("limit") is not None:
            return op
    return None
