"""Padding is counted in the loss.

## What happens
The targets of the loss are rows that end in one and the same number, which stands nowhere else, and
the loss was not told to leave it out: padding.

## Why it hurts
The easiest thing to learn is to say "padding", and a large part of the loss is paid for that: the
number falls quickly while the words are hardly learned, and it depends on how long the longest row of
each batch is.

## How to fix it
    nn.functional.cross_entropy(scores, targets, ignore_index=PAD)

or write -100, which is left out anyway, where the targets are padded.

## When it is fine
Rows of one length that happen to end alike. A class that also stands elsewhere (background, "no
entity") is data, and is not taken for padding.

## Sources
DaoyuanLi2816/Molecule-Generator#20, lucidrains/DALLE-pytorch#57, lukas-blecher/LaTeX-OCR#305.
"""

from __future__ import annotations

from collections.abc import Iterator

from goingdeep.check.proof import Remedy
from goingdeep.check.rule import Finding, Rule
from goingdeep.check.run import Run

RULE = Rule("pad-in-loss", "warning", needs=("loss",))

LEAST_SHARE = 0.2
"""Of all targets: below it padding costs little."""

FUNCTIONS = {"cross_entropy", "nll_loss"}


def check(run: Run) -> Iterator[Finding]:
    """Yield a finding for each loss over classes whose targets are padded, and all counted."""
    places = set()
    for loss in run.losses.values():
        if (
            loss.function not in FUNCTIONS
            or loss.site in places
            or not run.loss_in_training(loss.id)
        ):
            continue
        weighted = isinstance(loss.settings.get("weight"), str) or loss.reduction == "none"
        ignored = loss.settings.get("ignore_index") == loss.trailing_value or loss.ignored > 0
        if loss.trailing < LEAST_SHARE or loss.trailing_value is None or weighted or ignored:
            continue
        places.add(loss.site)
        yield RULE.found(
            "{share} % of the targets are {value}, at the ends of the rows and nowhere else, and "
            "{function} counts them",
            site=loss.site,
            step=run.first_step_with_loss(loss.id),
            count=max(1, run.calls_of_loss(loss.id)),
            fix=f"ignore_index={loss.trailing_value}",
            remedy=_remedy(loss.trailing_value) if loss.reduction == "mean" else None,
            share=round(100 * loss.trailing, 1),
            value=loss.trailing_value,
            function=loss.module or loss.function,
            target=loss.target,
        )


def _remedy(label: int) -> Remedy:
    return Remedy(
        name="without the padding",
        ignore=label,
        measure="cross-entropy",
        note="of all but the padding",
    )
