"""Functional dropout goes on in evaluation.

## What happens
`F.dropout(x)` was called without `training=self.training`. Its own default is `True`, so it
dropped values although the module around it was in evaluation mode. `F.scaled_dot_product_attention`
knows no mode at all: it drops wherever its `dropout_p` is not 0.

## Why it hurts
Scores and predictions are random: the same input gives other outputs each time, and they are
those of a model with parts missing. `model.eval()` has no effect on it.

## How to fix it
    x = nn.functional.dropout(x, p=0.5, training=self.training)
    x = F.scaled_dot_product_attention(q, k, v, dropout_p=0.1 if self.training else 0.0)

or an `nn.Dropout(0.5)` made in `__init__`.

## When it is fine
Dropout on purpose in evaluation, to see how sure the model is: there the same batch is run
several times.

## Sources
rixwew/pytorch-fm#21, delip/PyTorchNLPBook#28; of the attention: pytorch/pytorch#124464.
"""

from __future__ import annotations

from collections.abc import Iterator

from goingdeep.check.rule import Finding, Rule
from goingdeep.check.run import Run
from goingdeep.record.seen import CallMode

RULE = Rule(
    "functional-dropout-always-on",
    "error",
    needs=("forward",),
    unproved="it happens inside of the program's own forward, which a replay runs as it is",
)

ATTENTION = "scaled_dot_product_attention"
FUNCTIONS = {
    "dropout": "F.dropout", "feature_dropout": "F.dropout2d (or 1d, 3d)",
    "alpha_dropout": "F.alpha_dropout", "feature_alpha_dropout": "F.feature_alpha_dropout",
    ATTENTION: "F.scaled_dot_product_attention",
}  # fmt: skip

REPEATS_ON_PURPOSE = 4
"""Forwards for one batch from which on Dropout is being averaged over."""


def check(run: Run) -> Iterator[Finding]:
    """Yield a finding for each functional dropout that ignores the mode of its module."""
    averaged = any(
        walk.forwards >= REPEATS_ON_PURPOSE * max(1, walk.batches)
        for walk in run.passes_of("evaluation")
    )
    seen = set()
    for call in run.of(CallMode):
        if call.function not in FUNCTIONS or not call.training or call.module_training is not False:
            continue
        if call.root_training is not False or averaged or call.site in seen:
            continue
        # The module form passes its own mode on; in it a difference is somebody's purpose.
        if "Dropout" in call.class_name:
            continue
        seen.add(call.site)
        yield RULE.found(
            "{function} dropped with p={p} while {module} was in evaluation mode",
            site=call.site,
            step=call.step,
            fix="dropout_p=p if self.training else 0.0"
            if call.function == ATTENTION
            else "training=self.training",
            function=FUNCTIONS[call.function],
            p=call.p if call.p is not None else 0.5,
            module=_name(call),
        )


def _name(call: CallMode) -> str:
    return f"{call.class_name} ({call.module})" if call.module else call.class_name
