"""The test of a finished model, from `result.json` and `predictions.safetensors`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from goingdeep.record import read_result
from goingdeep.record.events import WorstErrors
from goingdeep.train.calibration import BINS, bin_of
from goingdeep.train.metrics import F64, Labels, Scores, log_softmax
from goingdeep.view.contract import Mistake, Results

LARGEST = 256 << 20
MOST_CLASSES = 200
"""Of a test with more classes the confusion is left out: a million cells can be seen by nobody."""


def results(folder: Path, worst: WorstErrors | None) -> Results | None:
    """What is known of a run's test; None where there was none."""
    found = read_result(folder)
    if found is None:
        return None
    test: dict[str, Any] = found["test"]
    if len(test.get("per_class", ())) > MOST_CLASSES:
        test = {**test, "confusion": None}
    predictions = _predictions(folder)
    if predictions is None:
        return Results(test)
    logits, labels = predictions
    log_probabilities = log_softmax(logits)
    temperature = test.get("temperature")
    after: tuple[tuple[float, float, int], ...] = ()
    if isinstance(temperature, float | int) and temperature > 0:
        after = bins(np.exp(log_softmax(logits / temperature)), labels)
    return Results(
        test,
        bins=bins(np.exp(log_probabilities), labels),
        bins_after=after,
        worst=_mistakes(log_probabilities, labels, worst) if worst is not None else (),
        pictures=worst.pictures if worst is not None else None,
    )


def bins(
    probabilities: F64, labels: Labels, count: int = BINS
) -> tuple[tuple[float, float, int], ...]:
    """Samples by how sure their prediction is: mean confidence, share right, how many.

    Bins without a sample are left out.

    >>> bins(np.array([[0.75, 0.25]] * 4), np.array([0, 0, 1, 1]))
    ((0.75, 0.5, 4),)
    """
    known = ~np.isnan(probabilities).any(axis=1)
    probabilities, labels = probabilities[known], labels[known]
    confidence = probabilities.max(axis=1) if len(labels) else np.zeros(0)
    right = probabilities.argmax(axis=1) == labels if len(labels) else np.zeros(0, bool)
    which = bin_of(confidence, count)
    return tuple(
        (float(confidence[inside].mean()), float(right[inside].mean()), int(inside.sum()))
        for number in range(count)
        if (inside := which == number).any()
    )


def _mistakes(log_probabilities: F64, labels: Labels, worst: WorstErrors) -> tuple[Mistake, ...]:
    # Each stands for one picture: where one sample cannot be, none of them is to be trusted.
    if not all(0 <= sample < len(labels) for sample in worst.samples):
        return ()
    said = log_probabilities.argmax(axis=1)
    return tuple(
        Mistake(
            index=sample,
            label=int(labels[sample]),
            prediction=int(said[sample]),
            probability=float(np.exp(log_probabilities[sample, said[sample]])),
            loss=_finite(-log_probabilities[sample, labels[sample]]),
        )
        for sample in worst.samples
    )


def _predictions(folder: Path) -> tuple[Scores, Labels] | None:
    """Scores f32[N,K] and labels i64[N] of the test part; None where they are not there or odd."""
    path = folder / "predictions.safetensors"
    try:
        if path.stat().st_size > LARGEST:
            return None
        from safetensors.numpy import load_file

        arrays = load_file(path)
        logits, labels = arrays["logits"], arrays["labels"]
    except Exception:  # noqa: BLE001 - a file that anyone could have written
        return None
    fits = logits.ndim == 2 and logits.shape[1] and labels.shape == logits.shape[:1]
    if not fits or logits.dtype.kind != "f" or labels.dtype.kind not in "iu" or not len(labels):
        return None
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        return None
    return logits, labels


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
