"""The data that the model is evaluated on was trained on.

## What happens
Samples of an evaluation have the same content as samples of the training that came before it, or
both loaders read the same dataset. Usual ways there: splitting after augmenting or duplicating,
`subset.dataset` (which is the whole dataset again), a loader copied with its training set.

## Why it hurts
The score then says how well the model remembers, not how it does on new data. Every choice made
by it (when to stop, which model is better) is made on the wrong ground, and nothing looks odd:
the numbers are good.

## How to fix it
Split once, by sample, before anything is copied or augmented, and make each loader from its part:

    train_set, val_set = torch.utils.data.random_split(dataset, [0.8, 0.2])
    train_loader = DataLoader(train_set, shuffle=True)
    val_loader = DataLoader(val_set)

## When it is fine
Walking over the training data again to report a training score, or to look up nearest neighbours in
it, beside an evaluation of other data; cross-validation (each fold is compared with its own
training), graphs with masks over one tensor, and data that repeats by nature (few columns with few
values): there the evaluation set repeats itself, too.

## Sources
marin-community/marin#2700, MakazhanAlpamys/Soup#680, IBM/Hestia-GOOD#126,
abdoelsayed2016/TNCR_Dataset#3, theislab/multimil#75.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Iterator

from goingdeep.check.rule import Finding, Rule
from goingdeep.check.run import Run
from goingdeep.record.seen import Dataset, Loader, Pass

RULE = Rule(
    "train-eval-overlap",
    "error",
    needs=("training", "evaluation", "samples"),
    unproved="the training's steps are what they should be: what the evaluation says is wrong",
)

LEAST_SHARE = 0.01
"""Of the evaluation's samples: below it, data that was collected repeats by chance."""

LEAST_SAMPLES = 10

LEAST_BYTES = 16
"""In one sample: fewer values than that repeat by nature."""

ALL = 0.98
"""Of both: from there on the evaluation's samples are the training set, and no part of it."""

NEAR = 8
"""Training passes before an evaluation among which one of another loader is looked for."""

LEAST_VALUES = 8
"""Measured numbers in one sample, from which on two samples do not agree by chance."""

NATURAL = 5.0
"""How many times more often samples must be shared than they repeat within one of the two sets."""


WHOLE = {"SequentialSampler", "RandomSampler", "WeightedRandomSampler", "DistributedSampler", ""}
"""Samplers that leave nothing out; another one may draw one part of a dataset for each loader."""


def check(run: Run) -> Iterator[Finding]:
    """Yield a finding for each evaluation loader whose samples were trained on."""
    trainings = _Trainings(run.passes_of("training"))
    pairs: set[tuple[int, int]] = set()
    found: dict[int, tuple[Finding, bool]] = {}
    clean: set[int] = set()
    for walk in run.passes_of("evaluation"):
        trained = trainings.before(walk)
        if trained is None or walk.loader in found or (walk.loader, trained.loader) in pairs:
            continue
        pairs.add((walk.loader, trained.loader))
        finding = _judge(run, walk, trained)
        if finding is not None:
            found[walk.loader] = finding, _all_of_it(run, walk, trained)
        else:
            clean.add(walk.loader)
    for number, (finding, whole) in found.items():
        # Beside an evaluation of other data, a pass over the training data is a training score.
        beside = any(_data(run, other) != _data(run, number) for other in clean)
        if not (whole and beside):
            yield finding


def _all_of_it(run: Run, walk: Pass, trained: Pass) -> bool:
    """Whether what is evaluated is the training set itself, and not some samples of it."""
    shared, how = _shared(run, walk, trained)
    return how == "same" or shared >= ALL * max(_whole(run, walk), _whole(run, trained))


def _data(run: Run, loader: int) -> int:
    known = run.loaders.get(loader)
    return known.dataset.id if known is not None else -1


class _Trainings:
    """The passes that trained each model, by their first step."""

    def __init__(self, walks: list[Pass]) -> None:
        self._walks: dict[int, list[Pass]] = {}
        for walk in sorted(walks, key=lambda walk: walk.first_step):
            for model in walk.models:
                if walk.first_step > 0:
                    self._walks.setdefault(model, []).append(walk)
        self._steps = {m: [walk.first_step for walk in ws] for m, ws in self._walks.items()}

    def before(self, walk: Pass) -> Pass | None:
        """The pass that trained the same model last before an evaluation, by another loader."""
        newest: Pass | None = None
        for model in walk.models:
            at = bisect.bisect_right(self._steps.get(model, []), walk.step) - 1
            for other in self._walks.get(model, [])[max(0, at - NEAR + 1) : at + 1][::-1]:
                if other.loader != walk.loader:
                    if newest is None or other.first_step > newest.first_step:
                        newest = other
                    break
        return newest


def _judge(run: Run, walk: Pass, trained: Pass) -> Finding | None:
    shared, how = _shared(run, walk, trained)
    in_all = _whole(run, walk)
    if how == "same":
        times = sum(1 for p in run.passes_of("evaluation") if p.loader == walk.loader)
        return RULE.found(
            "this evaluation ({passes} passes) reads the dataset that was trained on: "
            "{samples} samples",
            site=run.loader_site(walk.loader, walk),
            step=walk.step,
            count=times,
            severity="warning" if times > 1 else "hint",
            fix="evaluate on data that is held out: random_split(dataset, [0.8, 0.2])",
            passes=times,
            samples=in_all,
            dataset=run.loaders[walk.loader].dataset.class_name,
            trained_at=run.place(run.loader_site(trained.loader, trained)),
        )
    share = shared / in_all if in_all else 0.0
    if shared < LEAST_SAMPLES or share < LEAST_SHARE:
        return None
    if how == "content" and (
        _small(walk)
        or (_may_repeat(walk) and share < NATURAL * max(_repeats(walk), _repeats(trained)))
    ):
        return None
    return RULE.found(
        "{shared} of {samples} samples of this evaluation ({share} %) were trained on",
        site=run.loader_site(walk.loader, walk),
        step=walk.step,
        count=shared,
        # Without a loss and without labels nothing is scored: predictions for all there is.
        severity=None if walk.losses or walk.labels is not None else "hint",
        fix="split by sample before copying or augmenting; make each loader from its own part",
        shared=shared,
        samples=in_all,
        share=round(100 * share, 1),
        found_by="equal content" if how == "content" else "equal indices of one dataset",
        trained_at=run.place(run.loader_site(trained.loader, trained)),
        evaluated_at=run.place(walk.site),
    )


def _shared(run: Run, walk: Pass, trained: Pass) -> tuple[int, str]:
    """How many samples both have, and how that is known: "same", "indices" or "content"."""
    one, other = run.loaders.get(walk.loader), run.loaders.get(trained.loader)
    if one is not None and other is not None and _all_of(one) and _all_of(other):
        mine, theirs = one.dataset, other.dataset
        if mine.id == theirs.id and not mine.iterable:
            return _whole(run, walk), "same"
        indices = max(mine.shared.get(theirs.id, 0), theirs.shared.get(mine.id, 0))
        if not indices and mine.root == theirs.root and (not mine.indices or not theirs.indices):
            indices = _in_both(mine, theirs)
        if indices:
            return indices, "indices"
    overlaps = _overlaps(run)
    pair = (walk.loader, trained.loader)
    return max(overlaps.get(pair, 0), overlaps.get(pair[::-1], 0)), "content"


def _all_of(loader: Loader) -> bool:
    """Whether its sampler draws from the whole dataset."""
    return loader.sampler in WHOLE


def _in_both(one: Dataset, other: Dataset) -> int:
    """One of them is the whole dataset: it holds all that the other holds."""
    lengths = [dataset.length for dataset in (one, other) if dataset.length is not None]
    return min(lengths, default=0)


def _whole(run: Run, walk: Pass) -> int:
    """Samples of an evaluation."""
    loader = run.loaders.get(walk.loader)
    length = loader.dataset.length if loader is not None else None
    return walk.samples if length is None else max(walk.samples, length)


def _small(walk: Pass) -> bool:
    inputs = walk.inputs
    if inputs is None or not inputs.shape:
        return True
    digits = "".join(c for c in inputs.dtype if c.isdigit())
    size = int(digits) // 8 if digits else 1
    return math.prod(inputs.shape[1:]) * size < LEAST_BYTES


def _may_repeat(walk: Pass) -> bool:
    """Whether equal samples can be different ones: few values, or counts and codes."""
    inputs = walk.inputs
    if inputs is None:
        return True
    picture = len(inputs.shape) == 4
    return not picture and (inputs.whole or math.prod(inputs.shape[1:]) < LEAST_VALUES)


def _repeats(walk: Pass) -> float:
    """The share of a pass's samples that repeat another one of it."""
    counted = walk.samples - walk.constant
    return max(0.0, 1 - walk.distinct / counted) if counted > 0 and walk.distinct else 0.0


def _overlaps(run: Run) -> dict[tuple[int, int], int]:
    """{(loader, other): the most samples of a pass of the first that the other gave, too}."""
    found: dict[tuple[int, int], int] = {}
    for walk in run.passes:
        for other, count in walk.overlap.items():
            found[walk.loader, other] = max(count, found.get((walk.loader, other), 0))
    return found
