"""Evaluation records a graph that nobody uses.

## What happens
The model ran over evaluation data with gradients switched on: each forward kept everything that a
backward would need, and no backward came.

## Why it hurts
Evaluation takes up to twice the memory and more time than it needs. If the outputs or losses are
collected, every graph stays alive until the end, and memory runs out.

## How to fix it
    with torch.no_grad():
        for inputs, labels in test_loader:
            ...

or `@torch.no_grad()` above the function; `torch.inference_mode()` is a little faster still.

## When it is fine
Evaluations that need gradients (attacks on the inputs, saliency maps) call backward, or
torch.autograd.grad. The scores are the same either way, so this is a hint.

## Sources
skorch-dev/skorch#218, OpenNMT/OpenNMT-py#1141, hszhao/semseg#60; the language_translation example
in pytorch/examples validates this way.
"""

from __future__ import annotations

from collections.abc import Iterator

from goingdeep.check.rule import Finding, Rule
from goingdeep.check.run import Run
from goingdeep.record.seen import Pass

RULE = Rule(
    "no-grad-missing-eval",
    "hint",
    needs=("evaluation",),
    unproved="it costs memory and time, and changes no number",
)

LEAST_BATCHES = 5
"""Forwards with a graph, over all passes of a loader."""


def check(run: Run) -> Iterator[Finding]:
    """Yield a finding for each loader whose evaluation keeps graphs."""
    by_loader: dict[int, list[Pass]] = {}
    for walk in run.passes_of("evaluation"):
        asked = any(op.op == "grad" for op in walk.ops)  # torch.autograd.grad went through it
        if walk.kept_graph and not asked:
            by_loader.setdefault(walk.loader, []).append(walk)
    for walks in by_loader.values():
        kept = sum(walk.kept_graph for walk in walks)
        if kept >= LEAST_BATCHES:
            yield RULE.found(
                "{kept} forwards in {passes} evaluation passes kept a graph, and no backward came",
                site=walks[0].site,
                step=walks[0].step,
                count=kept,
                fix="with torch.no_grad():  # around this loop",
                kept=kept,
                passes=len(walks),
                forwards=sum(walk.forwards for walk in walks),
            )
