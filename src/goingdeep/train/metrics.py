"""How good the answers were: everything here follows from the scores and the true labels.

Axes in this file: N samples, K classes.
In numpy and float64, so that a stored run can be judged without torch. A sample with NaN among its
scores has no prediction: it counts as wrong, and is left out of confusion and calibration.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from goingdeep.errors import LabelError, ShapeError
from goingdeep.train.calibration import (
    calibrated,
    expected_calibration_error,
    fit_temperature,
    log_softmax,
    negative_log_likelihood,
    softmax,
)

__all__ = [
    "PerClass",
    "confusion",
    "expected_calibration_error",
    "fit_temperature",
    "log_softmax",
    "negative_log_likelihood",
    "per_class",
    "softmax",
    "summarise",
    "wilson",
    "worst_errors",
]

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
Scores = npt.NDArray[np.floating[Any]]
Labels = npt.NDArray[np.integer[Any]]

CONFUSED_PAIRS = 10


class PerClass(NamedTuple):
    """Shares from 0 to 1, each f64[K], and the number of samples of each class, i64[K]."""

    precision: F64
    recall: F64
    f1: F64
    support: I64


def wilson(correct: int, n: int, z: float = 1.959964) -> tuple[float, float]:
    """Where the true share lies, given that `correct` of `n` were right.

    Unlike p ± z * sqrt(p(1-p)/n) it stays within 0 to 1 and has a width when all or none are right.

    Args:
        correct: 0 to n.
        n: samples; with none, nothing is known: (0, 1).
        z: 1.959964 for 95 %.
    Returns:
        Lowest and highest share.
    Raises:
        ValueError: `correct` is not within 0 to n.
    Source: Wilson 1927, Probable inference, JASA 22, 209-212.

    >>> low, high = wilson(9261, 10000)
    >>> f"{low:.4f} to {high:.4f}"
    '0.9208 to 0.9311'
    """
    if not 0 <= correct <= n:
        raise ValueError(f"correct expects 0 to {n}, got {correct}")
    if n == 0:
        return 0.0, 1.0
    share, spread = correct / n, z * z / n
    middle = share + spread / 2
    half = z * math.sqrt(share * (1 - share) / n + spread / (4 * n))
    # Rounding can leave 1e-17 where the formula gives exactly 0 or 1.
    low = 0.0 if correct == 0 else (middle - half) / (1 + spread)
    high = 1.0 if correct == n else (middle + half) / (1 + spread)
    return low, high


def confusion(labels: Labels, predictions: Labels, classes: int) -> I64:
    """How often each class (row) was taken for each class (column).

    Raises:
        LabelError: a label or prediction is outside 0 to K-1.
        ShapeError: there are not as many predictions as labels.

    >>> confusion(np.array([0, 0, 1]), np.array([0, 1, 1]), 2)
    array([[1, 1],
           [0, 1]])
    """
    if labels.shape != predictions.shape or labels.ndim != 1:
        raise ShapeError(
            f"confusion expects as many predictions as labels, "
            f"got {list(predictions.shape)} and {list(labels.shape)}"
        )
    for name, values in (("labels", labels), ("predictions", predictions)):
        if values.size and (values.min() < 0 or values.max() >= classes):
            bad = values[(values < 0) | (values >= classes)][0]
            raise LabelError(f"{name} expect 0 to {classes - 1}, got {bad}")
    cells = labels.astype(np.int64) * classes + predictions
    return np.bincount(cells, minlength=classes * classes).reshape(classes, classes)


def per_class(matrix: I64, unpredicted: I64 | None = None) -> PerClass:
    """Precision, recall and F1 of each class, from its confusion; 0 where they are undefined.

    Args:
        matrix: i64[K,K], rows are the true classes.
        unpredicted: i64[K], samples of each class that got no prediction at all.

    >>> per_class(np.array([[1, 1], [0, 2]])).recall
    array([0.5, 1. ])
    """
    right = np.diagonal(matrix).astype(np.float64)
    support = matrix.sum(axis=1) + (0 if unpredicted is None else unpredicted)
    said = matrix.sum(axis=0)
    precision, recall = _share(right, said), _share(right, support)
    # 2PR / (P + R), written so that it is 0 / 0 only for a class that neither is nor is said.
    return PerClass(precision, recall, _share(2 * right, said + support), support)


def worst_errors(logits: Scores, labels: Labels, count: int) -> I64:
    """Indices of wrong predictions, the most confident first; at most `count` of them.

    >>> worst_errors(np.array([[1.0, 0.0], [5.0, 0.0], [9.0, 0.0]]), np.array([1, 1, 0]), 5)
    array([1, 0])
    """
    confidence = log_softmax(logits).max(axis=1)
    wrong = np.flatnonzero((np.asarray(logits).argmax(axis=1) != labels) & ~np.isnan(confidence))
    return wrong[np.argsort(-confidence[wrong], kind="stable")][:count].astype(np.int64)


def summarise(
    logits: Scores,
    labels: Labels,
    class_names: tuple[str, ...] | list[str],
    fit: tuple[Scores, Labels] | None = None,
) -> dict[str, Any]:
    """Everything that is said about a test, in JSON's types; null where a number does not exist.

    Args:
        logits: f32[N,K], raw scores.
        labels: i64[N], 0 to K-1.
        class_names: K of them.
        fit: scores and labels of the validation part.
    Returns:
        accuracy, interval, n, correct, not_a_number (samples), loss in nats, per_class rows,
        confusion (rows are the true classes), confused (the commonest mistakes), ece and ece_after,
        temperature and temperature_from (the samples it was fitted on, which are not those it is
        measured on).
    Raises:
        ShapeError: no samples, or sizes that do not fit together.
        LabelError: a label is outside 0 to K-1.
    """
    n, k = len(labels), len(class_names)
    if n == 0 or logits.shape != (n, k):
        raise ShapeError(
            f"a test expects scores [N,K] with N at least 1, got {list(logits.shape)} "
            f"for {n} labels and {k} class names"
        )
    log_probabilities = log_softmax(logits)
    known = ~np.isnan(log_probabilities).any(axis=1)
    predictions = np.asarray(logits).argmax(axis=1)
    matrix = confusion(labels[known], predictions[known], k)
    # A label out of range must not slip through because its sample has no prediction.
    missing = confusion(labels[~known], labels[~known], k).sum(axis=1)
    correct = int(np.trace(matrix))
    table = per_class(matrix, missing)
    after, temperature, source = calibrated(logits, labels, fit)
    return {
        "accuracy": correct / n,
        "interval": list(wilson(correct, n)),
        "n": n,
        "correct": correct,
        "not_a_number": int(n - known.sum()),
        "loss": _number(negative_log_likelihood(logits, labels).mean()),
        "per_class": [
            {
                "name": name,
                "precision": float(table.precision[i]),
                "recall": float(table.recall[i]),
                "f1": float(table.f1[i]),
                "support": int(table.support[i]),
            }
            for i, name in enumerate(class_names)
        ],
        "confusion": matrix.tolist(),
        "confused": _confused(matrix, class_names),
        "ece": _number(expected_calibration_error(np.exp(log_probabilities), labels)),
        "ece_after": _number(expected_calibration_error(after, labels)),
        "temperature": temperature,
        "temperature_from": source,
    }


def _confused(matrix: I64, names: tuple[str, ...] | list[str]) -> list[dict[str, Any]]:
    """The largest cells off the diagonal; `share` is of all that have the true class."""
    wrong = matrix.copy()
    np.fill_diagonal(wrong, 0)
    shares = _share(wrong.astype(np.float64), matrix.sum(axis=1, keepdims=True))
    order = np.argsort(-wrong, axis=None, kind="stable")[:CONFUSED_PAIRS]
    return [
        {
            "label": names[row],
            "prediction": names[column],
            "count": int(wrong[row, column]),
            "share": float(shares[row, column]),
        }
        for row, column in (divmod(int(cell), len(names)) for cell in order)
        if wrong[row, column]
    ]


def _share(part: F64, whole: I64) -> F64:
    """The part divided by the whole, and 0 where the whole is 0."""
    return np.divide(part, whole, out=np.zeros(part.shape), where=whole > 0)


def _number(value: float) -> float | None:
    """JSON has neither NaN nor infinity."""
    return float(value) if math.isfinite(value) else None
