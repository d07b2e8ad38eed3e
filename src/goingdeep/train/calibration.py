"""How sure the answers are, and whether they may be that sure.

Axes in this file: N samples, K classes.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

F64 = npt.NDArray[np.float64]
Scores = npt.NDArray[np.floating[Any]]
Labels = npt.NDArray[np.integer[Any]]

# Temperatures are looked for between these; beyond them probabilities are all but 1 or all alike.
COLDEST, HOTTEST = 0.05, 20.0

BINS = 15
"""Of confidences; what papers use."""


def softmax(logits: Scores) -> F64:
    """Scores as probabilities, f64[N,K]: each row sums to 1. NaN or +inf makes its row NaN.

    >>> softmax(np.array([[0.0, 0.0]]))
    array([[0.5, 0.5]])
    """
    return np.exp(log_softmax(logits))


def log_softmax(logits: Scores) -> F64:
    """Natural logarithm of the probabilities, f64[N,K], at most 0, without overflow.

    Source: torch.nn.functional.log_softmax.
    """
    z = np.asarray(logits, dtype=np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        z = z - z.max(axis=1, keepdims=True)
        return z - np.log(np.exp(z).sum(axis=1, keepdims=True))  # type: ignore[no-any-return]


def negative_log_likelihood(logits: Scores, labels: Labels) -> F64:
    """How surprised the model is by each true label.

    Returns:
        f64[N] in nats, at least 0; log(K) is guessing.
    Source: torch.nn.functional.cross_entropy, reduction="none".

    >>> negative_log_likelihood(np.zeros((2, 10)), np.array([3, 7])).round(4)
    array([2.3026, 2.3026])
    """
    # 0 - x and not -x: a certain and right answer costs 0, not -0.
    return 0.0 - log_softmax(logits)[np.arange(len(labels)), labels]


def expected_calibration_error(probabilities: Scores, labels: Labels, bins: int = BINS) -> float:
    """By how much confidence and accuracy differ: 0 when 80 % sure means right in 80 % of cases.

    Samples are sorted into bins of equal width by the probability of their prediction.

    Args:
        probabilities: f64[N,K]; rows with NaN are left out.
        labels: i64[N].
        bins: of equal width.
    Returns:
        0 to 1; NaN when there is no sample.
    Source: Guo et al. 2017, arXiv:1706.04599. torchmetrics' MulticlassCalibrationError (norm "l1")
    differs where a probability lies exactly on an edge: 1 has a bin of its own there.

    >>> float(expected_calibration_error(np.array([[0.75, 0.25]] * 4), np.array([0, 0, 1, 1])))
    0.25
    """
    known = ~np.isnan(probabilities).any(axis=1)
    probabilities, labels = probabilities[known], labels[known]
    if not len(labels):
        return math.nan
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    surplus = np.bincount(bin_of(confidence, bins), weights=right - confidence, minlength=bins)
    return float(np.abs(surplus).sum() / len(labels))


def bin_of(confidence: F64, bins: int = BINS) -> npt.NDArray[np.intp]:
    """The bin of each probability, 0 to bins - 1, each with its upper edge: ((m-1)/bins, m/bins].

    A probability of 1 is in the last bin, and one that rounding left a hair above 1 too.

    Source: Guo et al. 2017, arXiv:1706.04599, section 2; sklearn.calibration.calibration_curve.

    >>> bin_of(np.array([0.2, 0.21, 1.0]), bins=5).tolist()
    [0, 1, 4]
    """
    return np.searchsorted(np.linspace(0, 1, bins + 1)[1:-1], confidence, side="left")


def fit_temperature(logits: Scores, labels: Labels) -> float:
    """The T for which softmax(logits / T) is least surprised by the labels.

    Above 1 the model is too sure of itself, below 1 not sure enough. The loss is convex in 1 / T,
    so its slope is followed to zero: by Newton's steps, halving the interval where one leaves it.

    Returns:
        0.05 to 20. Exactly 1 when the data cannot tell: no sample, none that is wrong (any lower T
        would then be better still), or all scores alike.
    Source: Guo et al. 2017, arXiv:1706.04599.

    >>> round(fit_temperature(np.array([[4.0, 0.0]] * 4), np.array([0, 0, 0, 1])), 3)
    3.641
    """
    z = np.asarray(logits, dtype=np.float64)
    known = np.isfinite(z).all(axis=1)
    z, labels = z[known], labels[known]
    if not len(z) or bool((z.argmax(axis=1) == labels).all()):
        return 1.0
    z = z - z.max(axis=1, keepdims=True)
    true = z[np.arange(len(z)), labels].mean()

    def slope_and_bend(inverse: float) -> tuple[float, float]:
        """First and second derivative of the mean loss by 1 / T."""
        p = softmax(z * inverse)
        expected = (p * z).sum(axis=1)
        return float(expected.mean() - true), float(((p * z * z).sum(axis=1) - expected**2).mean())

    low, high = 1 / HOTTEST, 1 / COLDEST
    if slope_and_bend(low)[0] >= 0:
        # With all scores alike every temperature is as good as any other.
        return HOTTEST if z.any() else 1.0
    if slope_and_bend(high)[0] <= 0:
        return COLDEST
    inverse = 1.0
    for _ in range(60):
        slope, bend = slope_and_bend(inverse)
        low, high = (inverse, high) if slope < 0 else (low, inverse)
        step = inverse - slope / bend if bend > 0 else math.nan
        # The comparison is false for NaN too.
        following = step if low < step < high else (low + high) / 2
        if abs(following - inverse) < 1e-12 * inverse:
            break
        inverse = following
    return 1 / inverse


def calibrated(
    logits: Scores, labels: Labels, fit: tuple[Scores, Labels] | None
) -> tuple[F64, float, str]:
    """Probabilities with a temperature that was never fitted on the samples it is used for.

    With `fit`, scores and labels of the validation part, it comes from there. Otherwise the even
    samples are judged with the temperature of the odd ones and the other way round.

    Returns:
        Probabilities f64[N,K]; the temperature (of two, the geometric mean); where it is from.
    """
    z = np.asarray(logits, dtype=np.float64)
    if fit is not None:
        value = fit_temperature(*fit)
        return softmax(z / value), value, "validation"
    even = np.arange(len(labels)) % 2 == 0
    first, second = fit_temperature(z[even], labels[even]), fit_temperature(z[~even], labels[~even])
    each = np.where(even, second, first)
    return softmax(z / each[:, None]), math.sqrt(first * second), "test, other half"
