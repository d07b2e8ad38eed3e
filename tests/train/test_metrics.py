"""Numbers from scikit-learn, torchmetrics and published tables.

These are imported by the tests that ask them: this file is imported by every process of tests, and
they take seconds.
"""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from goingdeep.errors import LabelError, ShapeError
from goingdeep.train import metrics
from goingdeep.train.calibration import COLDEST, HOTTEST
from goingdeep.view.results import bins as viewed_bins

CASES = [(1, 2), (1, 10), (7, 2), (50, 3), (400, 10), (60, 40)]


def scores(n: int, classes: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, classes, n)
    logits = generator.normal(0, 2, (n, classes)).astype(np.float32)
    logits[np.arange(n), labels] += 1.5
    return logits, labels


@pytest.mark.parametrize(
    ("correct", "n", "low", "high"),
    [
        # Newcombe 1998, Two-sided confidence intervals for the single proportion, table I, method 3
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        # by hand: z**2 / (n + z**2) is the width at the ends
        (0, 10, 0.0, 0.2775),
        (5, 10, 0.2366, 0.7634),
        (10, 10, 0.7225, 1.0),
    ],
)
def test_wilson_gives_published_intervals(correct, n, low, high):
    assert metrics.wilson(correct, n) == pytest.approx((low, high), abs=5e-5)


@given(st.integers(0, 10**6).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_lies_around_the_share_and_is_its_own_mirror(pair):
    correct, n = pair
    low, high = metrics.wilson(correct, n)
    assert 0 <= low <= high <= 1
    if n:
        assert low <= correct / n <= high
    assert metrics.wilson(n - correct, n) == pytest.approx((1 - high, 1 - low), abs=1e-12)


def test_wilson_of_nothing_knows_nothing_and_refuses_more_than_all():
    assert metrics.wilson(0, 0) == (0.0, 1.0)
    with pytest.raises(ValueError, match="correct expects 0 to 3, got 4"):
        metrics.wilson(4, 3)


@pytest.mark.parametrize(("n", "classes"), CASES)
def test_confusion_and_classes_equal_scikit_learn(n, classes):
    from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

    logits, labels = scores(n, classes)
    said = logits.argmax(1)
    names = np.arange(classes)
    matrix = metrics.confusion(labels, said, classes)
    assert np.array_equal(matrix, confusion_matrix(labels, said, labels=names))
    theirs = precision_recall_fscore_support(labels, said, labels=names, zero_division=0)
    for ours, expected in zip(metrics.per_class(matrix), theirs, strict=True):
        assert ours == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(("n", "classes"), CASES)
def test_loss_equals_scikit_learn_and_torch(n, classes):
    from sklearn.metrics import log_loss

    logits, labels = scores(n, classes)
    ours = metrics.negative_log_likelihood(logits, labels)
    p = metrics.softmax(logits)
    assert ours.mean() == pytest.approx(log_loss(labels, p, labels=np.arange(classes)), rel=1e-9)
    theirs = torch.nn.functional.cross_entropy(
        torch.from_numpy(logits).double(), torch.from_numpy(labels), reduction="none"
    )
    assert ours == pytest.approx(theirs.numpy(), rel=1e-9)


@pytest.mark.parametrize(("n", "classes"), CASES)
@pytest.mark.parametrize("bins", [1, 10, 15])
def test_calibration_error_equals_torchmetrics(n, classes, bins):
    from torchmetrics.functional.classification import multiclass_calibration_error

    logits, labels = scores(n, classes)
    p = metrics.softmax(logits)
    theirs = multiclass_calibration_error(
        torch.from_numpy(p), torch.from_numpy(labels), classes, n_bins=bins, norm="l1"
    )
    assert metrics.expected_calibration_error(p, labels, bins) == pytest.approx(
        float(theirs), abs=1e-6
    )


@pytest.mark.parametrize("bins", [1, 10, 15])
def test_calibration_equals_sklearn_on_the_edges_of_bins_too(bins):
    from sklearn.calibration import calibration_curve

    # Certain predictions, and such that lie exactly between two bins.
    edges = np.linspace(0, 1, bins + 1)
    confidence = np.concatenate([edges[edges >= 0.5], [1.0, 1.0, 0.96, 0.5, 0.71, 0.97]])
    p = np.stack([confidence, 1 - confidence], axis=1)
    labels = np.arange(len(p)) % 2
    right, said = calibration_curve(p.argmax(axis=1) == labels, p.max(axis=1), n_bins=bins)
    ours = viewed_bins(p, labels, bins)
    assert np.array([one[:2] for one in ours]) == pytest.approx(np.stack([said, right], axis=1))
    error = sum(n * abs(r - c) for c, r, n in ours) / len(p)
    assert metrics.expected_calibration_error(p, labels, bins) == pytest.approx(error)


def test_softmax_does_not_overflow_and_keeps_minus_infinity():
    p = metrics.softmax(np.array([[1e30, 0.0], [-np.inf, 0.0], [np.nan, 0.0], [np.inf, 0.0]]))
    assert p[0].tolist() == [1.0, 0.0]
    assert p[1].tolist() == [0.0, 1.0]
    assert np.isnan(p[2:]).all()


@pytest.mark.parametrize("temperature", [0.2, 1.0, 3.0, 10.0])
def test_temperature_is_where_a_fine_search_finds_it(temperature):
    logits, labels = scores(500, 5)
    logits = logits * temperature
    found = metrics.fit_temperature(logits, labels)

    def loss(t: float) -> float:
        return float(metrics.negative_log_likelihood(logits.astype(np.float64) / t, labels).mean())

    grid = np.exp(np.linspace(math.log(COLDEST), math.log(HOTTEST), 400))
    assert loss(found) <= min(loss(t) for t in grid) + 1e-12
    assert found == metrics.fit_temperature(logits, labels)


def test_temperature_where_the_data_cannot_tell_is_one():
    logits, labels = scores(20, 3)
    assert metrics.fit_temperature(logits, logits.argmax(1)) == 1.0  # all right
    assert metrics.fit_temperature(logits[:0], labels[:0]) == 1.0
    assert metrics.fit_temperature(np.zeros((5, 3)), np.array([0, 1, 2, 1, 1])) == 1.0
    assert metrics.fit_temperature(np.full((3, 2), np.nan), np.zeros(3, np.int64)) == 1.0


def test_temperature_has_ends():
    all_wrong = np.array([[9.0, 0.0]] * 4)
    assert metrics.fit_temperature(all_wrong, np.ones(4, np.int64)) == pytest.approx(HOTTEST)
    # one hopeless tie, everything else right: the colder, the better
    nearly = np.array([[1.0, 0.0]] * 99 + [[0.0, 0.0]])
    labels = np.array([0] * 99 + [1])
    assert metrics.fit_temperature(nearly, labels) == pytest.approx(COLDEST)


@given(st.integers(1, 40), st.integers(2, 6), st.integers(0, 1000), st.floats(0.001, 1000))
def test_temperature_is_always_a_number_in_bounds(n, classes, seed, scale):
    logits, labels = scores(n, classes, seed)
    assert COLDEST <= metrics.fit_temperature(logits * scale, labels) <= HOTTEST


def test_worst_errors_are_wrong_and_sorted():
    logits, labels = scores(200, 4)
    worst = metrics.worst_errors(logits, labels, 10)
    p = metrics.softmax(logits).max(1)
    wrong = np.flatnonzero(logits.argmax(1) != labels)
    assert sorted(p[wrong], reverse=True)[:10] == pytest.approx(p[worst])
    assert set(worst) <= set(wrong)
    assert len(metrics.worst_errors(logits, logits.argmax(1), 10)) == 0


def test_summary_of_a_case_known_by_hand():
    logits = np.array([[2.0, 0], [0, 2.0], [2.0, 0], [0, 2.0]], np.float32)
    test = metrics.summarise(logits, np.array([0, 1, 1, 1]), ("cat", "dog"))
    assert (test["accuracy"], test["correct"], test["n"]) == (0.75, 3, 4)
    assert test["confusion"] == [[1, 0], [1, 2]]
    assert test["confused"] == [{"label": "dog", "prediction": "cat", "count": 1, "share": 1 / 3}]
    assert test["per_class"][0] == {
        "name": "cat", "precision": 0.5, "recall": 1.0, "f1": pytest.approx(2 / 3), "support": 1,
    }  # fmt: skip
    assert test["loss"] == pytest.approx(math.log(1 + math.exp(-2)) + 2 / 4)
    assert test["ece"] == pytest.approx(1 / (1 + math.exp(-2)) - 0.75)


def test_temperature_is_fitted_elsewhere_than_measured():
    logits, labels = scores(300, 3)
    logits *= 4
    names = ("a", "b", "c")
    crossed = metrics.summarise(logits, labels, names)
    assert crossed["temperature_from"] == "test, other half"
    first, second = (metrics.fit_temperature(logits[i::2], labels[i::2]) for i in (0, 1))
    assert crossed["temperature"] == pytest.approx(math.sqrt(first * second))
    assert crossed["ece_after"] < crossed["ece"]
    held_out = scores(100, 3, seed=1)
    given_fit = metrics.summarise(logits, labels, names, fit=held_out)
    assert given_fit["temperature_from"] == "validation"
    assert given_fit["temperature"] == metrics.fit_temperature(*held_out)


def test_nan_scores_are_wrong_and_said():
    logits, labels = scores(10, 3)
    labels[:] = logits.argmax(1)
    logits[0, 1] = np.nan
    test = metrics.summarise(logits, labels, ("a", "b", "c"))
    assert (test["correct"], test["not_a_number"], test["loss"]) == (9, 1, None)
    assert sum(row["support"] for row in test["per_class"]) == 10
    assert test["per_class"][labels[0]]["recall"] < 1
    nothing = metrics.summarise(np.full((2, 2), np.nan), np.array([0, 1]), ("a", "b"))
    assert (nothing["accuracy"], nothing["ece"], nothing["ece_after"]) == (0.0, None, None)


@given(
    st.integers(1, 30),
    st.integers(1, 6),
    st.integers(0, 1000),
    st.sampled_from([np.nan, np.inf, -np.inf, 1e38, 0.0]),
)
def test_every_summary_is_json(n, classes, seed, strange):
    logits, labels = scores(n, classes, seed)
    logits[seed % n, seed % classes] = strange
    test = metrics.summarise(logits, labels, [str(k) for k in range(classes)])
    assert json.loads(json.dumps(test, allow_nan=False)) == test


def test_what_does_not_fit_is_refused():
    logits, labels = scores(4, 3)
    with pytest.raises(ShapeError, match=r"with N at least 1, got \[0, 3\] for 0 labels and 3"):
        metrics.summarise(logits[:0], labels[:0], ("a", "b", "c"))
    with pytest.raises(ShapeError, match=r"got \[4, 3\] for 4 labels and 2 class names"):
        metrics.summarise(logits, labels, ("a", "b"))
    for bad in (3, -1):
        labels[0] = bad
        with pytest.raises(LabelError, match=f"labels expect 0 to 2, got {bad}"):
            metrics.summarise(logits, labels, ("a", "b", "c"))
    with pytest.raises(ShapeError, match="as many predictions as labels"):
        metrics.confusion(np.zeros(2, np.int64), np.zeros(3, np.int64), 2)
