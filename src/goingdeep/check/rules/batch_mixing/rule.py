"""The answer for one sample depends on the other samples of its batch.

## What happens
In a copy of the model, in evaluation mode, one sample of a batch was replaced, and the answers for
other samples changed. Usual ways there: a recurrent or attention layer without `batch_first=True`
that is given the batch first, `view` or `reshape` where `transpose` or `permute` was meant.

## Why it hurts
The model learns from neighbours that are there by chance, and its answers change with the batch
size and with who else is in the batch. The loss still falls, because a part of each answer is the
sample's own.

## How to fix it
Tell the layer where the batch is, or move the axis instead of cutting the memory anew:

    self.recurrent = nn.GRU(features, hidden, batch_first=True)
    steps = x.transpose(0, 1)      # not x.view(length, batch, features)

A test that finds it: the answers for `x[:1]` and for `x` must agree in their first row.

## When it is fine
Models whose subject is the batch: attention between the samples, the deviation within a group, a
BatchNorm without running statistics. They do not care for the order of the samples, or each answer
depends on its own sample most; there is a hint at most.

## Sources
DaoyuanLi2816/Molecule-Generator#22, IBM/TabFormer#14, aipixel/AEMatter#3, Exorust/TorchLeet#5.
"""

from __future__ import annotations

from collections.abc import Iterator

from goingdeep.check.rule import Finding, NotSeen, Rule, Severity
from goingdeep.check.run import Run
from goingdeep.record.seen import Probed

RULE = Rule(
    "batch-mixing",
    "error",
    needs=("probes",),
    silenced_by=("softmax-wrong-dim",),
    unproved="it happens inside of the program's own forward, which a replay runs as it is",
)

PROBE = "batch-mixing"
LEAST_SPREAD = 2
"""Samples that must change others: a router that drops what is too much may do it once."""

OWN = 0.5
"""Share of the samples that must change their own answer most, for the mixing to be a side effect."""


def check(run: Run) -> Iterator[Finding]:
    """Yield a finding for each model that mixes the samples of a batch."""
    asked = [probed for probed in run.of(Probed) if probed.probe == PROBE]
    answered = [probed for probed in asked if not probed.reason]
    if not answered:
        raise NotSeen(asked[0].reason if asked else "no model was probed")
    answered = [probed for probed in answered if _holds_samples(run, probed)]
    if not answered:
        raise NotSeen("the first axis of what the model was given is not as long as a batch")
    for probed in answered:
        severity = _severity(run, probed)
        if severity is not None:
            yield RULE.found(
                "replacing {spread} of {asked} samples, one at a time, changed the answers for up "
                "to {reached:other sample}"
                + (", first in {part}" if probed.class_name else ""),
                site=probed.site,
                step=probed.step + 1,
                severity=severity,
                fix="batch_first=True" if probed.sequence_first else
                "move the axis with transpose or permute, not view; keep the samples on axis zero",
                spread=probed.spread,
                asked=probed.asked,
                reached=probed.reached,
                rows=probed.rows,
                part=_part(probed),
                given=probed.shape or None,
                own_answer_changed_most=probed.own,
                order_matters=probed.ordered,
            )  # fmt: skip


def _holds_samples(run: Run, probed: Probed) -> bool:
    """Whether the first axis can be that of the samples: a collate_fn may put time first."""
    loader = run.loaders.get(probed.loader)
    if loader is None or not loader.batch_size or not probed.input:
        return True
    whole = loader.dataset.length or 0
    last = whole % loader.batch_size if whole else probed.input[0]
    return probed.input[0] in (loader.batch_size, last)


def _severity(run: Run, probed: Probed) -> Severity | None:
    if probed.spread < LEAST_SPREAD or "BatchNorm" in probed.class_name:
        return None
    if probed.sequence_first:
        # A sequence of one, with the samples along it, was put so on purpose.
        return "error" if probed.shape[1] > 1 else "hint"
    loader = run.loaders.get(probed.loader)
    flat = len(probed.shape) == 2 and probed.sequence_first is not None
    if flat and (loader is None or loader.shuffle is not True):
        return "hint"  # rows that follow each other in time, read in their order
    if probed.ordered and (flat or probed.own < OWN * probed.asked):
        return "error"
    return "hint"


def _part(probed: Probed) -> str | None:
    if not probed.class_name:
        return None
    return f"{probed.module} ({probed.class_name})" if probed.module else probed.class_name
