"""kl_div is given probabilities where it expects their logarithms.

## What happens
The first argument of `kl_div` (and of `nn.KLDivLoss`) must be log-probabilities, the second
probabilities. Here the first is the output of a softmax, or has values above 0, which no logarithm of
a probability has.

## Why it hurts
The result is no divergence: it can be negative, it is smallest where nothing is right, and its
gradient does not pull the two distributions together.

## How to fix it
    log_p = torch.log_softmax(scores, dim=1)
    loss = nn.functional.kl_div(log_p, target, reduction="batchmean")

`reduction="mean"` divides by the number of classes as well; `"batchmean"` is the divergence.

## When it is fine
Logarithms of probabilities as both arguments, with `log_target=True`.

## Sources
sebastian-hofstaetter/matchmaker#18, baudm/MONet-pytorch#10, pytorch/pytorch#5282;
https://docs.pytorch.org/docs/stable/generated/torch.nn.KLDivLoss.html.
"""

from __future__ import annotations

from collections.abc import Iterator

from goingdeep.check.proof import Remedy
from goingdeep.check.provenance import maker, newest
from goingdeep.check.rule import Finding, Rule
from goingdeep.check.run import Run
from goingdeep.record.seen import LossFunction

RULE = Rule("kl-div-args", "error", needs=("loss",))

SOFTMAX = "SoftmaxBackward0"
ROUNDING = 1e-4
"""A log-probability of 0 may come out a little above it."""


def check(run: Run) -> Iterator[Finding]:
    """Yield a finding for each kl_div whose first argument is no logarithm of probabilities."""
    places = set()
    for loss in run.losses.values():
        if loss.function != "kl_div" or loss.site in places:
            continue
        above = loss.high is not None and loss.high > ROUNDING
        wrong = newest(loss) == SOFTMAX or (above and loss.rows_sum_to_one)
        if not wrong and not above and loss.reduction != "mean":
            continue
        places.add(loss.site)
        if wrong or above:
            message = "{function} was given " + (
                "probabilities (from {low} to {high}, rows sum to one) as its first argument"
                if wrong and loss.rows_sum_to_one
                else "values from {low} to {high} as its first argument, which expects logarithms of "
                "probabilities"
            )
            severity, why = (None if wrong else "warning"), ""
            fix = "torch.log_softmax(scores, dim=1) as the first argument"
        else:
            message = "{function} was called with reduction={reduction}"
            severity, why = "hint", "it divides by the number of classes too, and is no divergence"
            fix = 'reduction="batchmean"'
        yield RULE.found(
            message,
            remedy=_remedy(loss, probabilities=wrong, above=above),
            site=maker(loss) if wrong and newest(loss) == SOFTMAX else loss.site,
            step=run.first_step_with_loss(loss.id),
            count=max(1, run.calls_of_loss(loss.id)),
            severity=severity,  # type: ignore[arg-type]
            why=why,
            fix=fix,
            function=loss.module or loss.function,
            low=loss.low,
            high=loss.high,
            reduction=loss.reduction,
            loss_called_at=run.place(loss.site),
        )


def _remedy(loss: LossFunction, *, probabilities: bool, above: bool) -> Remedy | None:
    if probabilities or above:
        return Remedy(
            name="given logarithms of probabilities",
            before_loss="log" if probabilities else "log_softmax",
            measure="divergence",
        )
    classes = loss.input[-1] if loss.input else 1
    return Remedy(name="divided by the number of samples alone", scale=float(classes))
