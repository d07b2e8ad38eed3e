"""A mask is given to the model and changes nothing.

## What happens
In a copy of the model, values of a mask were turned (kept became hidden, hidden became kept), and
no answer changed, neither in training mode nor in evaluation mode.

## Why it hurts
Padding takes part as if it were data: it is attended to and averaged in, and an answer depends on
how long the longest sequence of its batch is.

## How to fix it
Pass the mask on, to the layers and to whatever sums over positions:

    h = self.encoder(h, src_key_padding_mask=padding)
    mean = (h * kept).sum(1) / kept.sum(1)

## When it is fine
A causal model padded at the end does not see its padding, and the loss leaves it out; a mask that
the model takes from the tokens themselves.

## Sources
jingyaogong/minimind-v#76, unslothai/unsloth#903, TransformerLensOrg/TransformerLens#467.
"""

from __future__ import annotations

from collections.abc import Iterator

from goingdeep.check.rule import Finding, NotSeen, Rule
from goingdeep.check.run import Run
from goingdeep.record.seen import Probed

RULE = Rule(
    "mask-ignored",
    "hint",
    needs=("probes",),
    unproved="it happens inside of the program's own forward, which a replay runs as it is",
)

PROBE = "mask-ignored"


def check(run: Run) -> Iterator[Finding]:
    """Yield a finding for each mask of which no value matters."""
    asked = [probed for probed in run.of(Probed) if probed.probe == PROBE]
    if asked and all(probed.reason for probed in asked):
        raise NotSeen(asked[0].reason)
    if not asked:
        raise NotSeen("no probed model was given a mask")
    for probed in asked:
        if not probed.reason and not probed.spread and probed.values:
            yield RULE.found(
                "{values} values of {argument} were turned, and none of {rows} answers changed",
                site=probed.site,
                step=probed.step + 1,
                fix=f"use {probed.argument} in forward, in every layer that looks across positions",
                values=probed.values,
                argument=probed.argument,
                rows=probed.rows,
                given=probed.input or None,
            )
