"""The model gives one answer for everything.

## What happens
In an evaluation all samples were put into one class, although the labels have several, and the scores
hardly differ from sample to sample: the model does not look at its input.

## Why it hurts
Its accuracy is the share of the most frequent label, which can look like a weak but working model; no
further training of the last layer helps, because nothing of the input arrives there.

## How to fix it
Look for where the input gets lost, layer by layer (`gd show --step N`): dead ReLUs, a saturated
activation, inputs of the wrong scale, a learning rate that blew the weights up.

    print(model(inputs).std(0))      # over samples: zero means one answer for all

## When it is fine
Nearly all labels are of one class, so that one answer is the best one. The first epoch of a long
warm-up.

## Sources
WenjieDu/PyPOTS#163, keras-team/keras#6447, KasperGroesLudvigsen/influenza_transformer#16.
"""

from __future__ import annotations

from collections.abc import Iterator

from goingdeep.check.rule import Finding, NotSeen, Rule
from goingdeep.check.run import Run
from goingdeep.record.seen import Pass

RULE = Rule(
    "constant-predictions",
    "warning",
    needs=("evaluation",),
    silenced_by=("nan-loss", "nothing-trainable", "params-never-change", "dead-relu"),
    unproved="it is a symptom: which change would help is not known",
)

SAME = 1e-3
"""Deviation of a score over the samples of a batch; that of a fresh model is some hundreds of it."""

BALANCED = 0.95
"""From this share of one label on, always saying it is a fair answer."""

LEAST_SAMPLES = 50
LEAST_STEPS = 10


def check(run: Run) -> Iterator[Finding]:
    """Yield a finding for each loader whose last evaluation had one answer for all."""
    newest: dict[int, Pass] = {}
    for walk in run.passes_of("evaluation"):
        if walk.predictions and walk.labels is not None and walk.labels.counts:
            newest[walk.loader] = walk
    if not newest:
        raise NotSeen("no evaluation with class labels and scores was seen")
    for number, walk in newest.items():
        assert walk.labels is not None
        labels = walk.labels.counts
        share = max(labels.values()) / sum(labels.values())
        enough = sum(walk.predictions.values()) >= LEAST_SAMPLES and walk.step >= LEAST_STEPS
        if len(walk.predictions) > 1 or len(labels) < 2 or share >= BALANCED or not enough:
            continue
        if walk.logit_spread is None or walk.logit_spread > SAME:
            continue
        yield RULE.found(
            "all {samples} samples of this evaluation were put into class {answer}; their labels are "
            "of {classes} classes, and a score differs by {spread} from sample to sample",
            site=walk.site if walk.site >= 0 else run.loader_site(number, walk),
            step=walk.step,
            fix="look at what each layer gives, from the first one on: gd show --step N",
            samples=sum(walk.predictions.values()),
            answer=next(iter(walk.predictions)),
            classes=len(labels),
            spread=walk.logit_spread,
            most_frequent_label=round(share, 3),
        )
