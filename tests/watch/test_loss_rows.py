"""Losses, and single samples of them worked by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from tests.watch.looked import PLAIN, watcher_of
from torch.nn import functional as F

from goingdeep.record.look import LookLoss
from goingdeep.watch.looks.look import Look


def test_the_scores_of_sixteen_samples_are_exact_and_give_the_loss_again():
    torch.manual_seed(2)
    scores, labels = torch.randn(20, 10, requires_grad=True), torch.randint(0, 10, (20,))
    watcher = watcher_of()
    look = Look(watcher, 1)
    loss = F.cross_entropy(scores, labels)
    look.loss(5, "cross_entropy", scores, labels, loss, 2, PLAIN)
    look.finish()
    (event,) = watcher.recorder.events
    assert (event.loss, event.function, event.input.shape) == (5, "cross_entropy", (20, 10))
    assert np.float32(event.value) == loss.item()
    assert [row.sample for row in event.rows] == list(range(16))
    assert [row.label for row in event.rows] == labels[:16].tolist()
    array = np.array([row.scores for row in event.rows])
    assert np.array_equal(array.astype(np.float32), scores[:16].detach().numpy())
    # Worked by hand, in float64.
    worked = np.log(np.exp(array).sum(1)) - array[np.arange(16), labels[:16]]
    assert [row.loss for row in event.rows] == pytest.approx(worked, rel=1e-5)


@pytest.mark.parametrize(
    "settings",
    [
        {"weight": torch.linspace(0.5, 2, 10)},
        {"label_smoothing": 0.2},
        {"ignore_index": 3},
        {"weight": torch.linspace(0.5, 2, 10), "label_smoothing": 0.1, "ignore_index": 1},
    ],
    ids=["weight", "smoothing", "ignore", "all"],
)
@pytest.mark.parametrize("function", ["cross_entropy", "nll_loss"])
def test_the_loss_of_a_sample_follows_the_settings(function, settings):
    if function == "nll_loss":
        settings = {key: value for key, value in settings.items() if key != "label_smoothing"}
    call = getattr(F, function)
    scores, labels = torch.randn(12, 10).log_softmax(1), torch.arange(12) % 10
    watcher = watcher_of()
    look = Look(watcher, 1)
    look.loss(0, function, scores, labels, call(scores, labels, **settings), 2, PLAIN | settings)
    look.finish()
    losses = [row.loss for row in watcher.recorder.events[0].rows]
    known = call(scores, labels, **settings, reduction="none")
    assert losses == pytest.approx(known.tolist(), rel=1e-6, abs=1e-7)


def test_of_many_classes_the_top_the_label_and_the_rest_are_kept():
    torch.manual_seed(3)
    scores, labels = torch.randn(3, 1000), torch.tensor([0, 0, 0])
    labels[1] = scores[1].argmax()
    watcher = watcher_of()
    look = Look(watcher, 1)
    look.loss(0, "cross_entropy", scores, labels, F.cross_entropy(scores, labels), 2, PLAIN)
    look.finish()
    rows = watcher.recorder.events[0].rows
    assert [len(row.scores) for row in rows] == [9, 8, 9]
    for row, known in zip(rows, scores.double(), strict=True):
        assert list(row.classes[:8]) == known.argsort(descending=True)[:8].tolist()
        assert list(row.scores) == pytest.approx(known[list(row.classes)].tolist(), rel=1e-7)
        assert row.label in row.classes
        every = torch.tensor([*row.scores, row.rest], dtype=torch.float64).logsumexp(0)
        assert every.item() == pytest.approx(known.logsumexp(0).item(), rel=1e-7)
        right = row.scores[row.classes.index(row.label)]
        assert row.loss == pytest.approx(every.item() - right, rel=1e-5)


def test_a_loss_that_is_not_finite_is_written_as_text():
    scores = torch.tensor([[math.nan, 1.0], [math.inf, 0.0], [-math.inf, 2.0]])
    labels = torch.tensor([1, 1, 1])
    watcher = watcher_of()
    look = Look(watcher, 1)
    look.loss(0, "cross_entropy", scores, labels, F.cross_entropy(scores, labels), 2, PLAIN)
    wide = torch.full((1, 100), -math.inf)
    look.loss(0, "cross_entropy", wide, labels[:1], torch.tensor(math.inf), 2, PLAIN)
    look.finish()
    first, second = watcher.recorder.of(LookLoss)
    assert first.value == "nan"
    assert first.rows[0].scores == ("nan", 1.0)
    assert first.rows[1].scores == ("inf", 0.0)
    assert [row.loss for row in first.rows] == ["nan", "nan", 0.0]
    assert (second.value, second.rows[0].rest, second.rows[0].loss) == ("inf", "-inf", "nan")
    assert first.sentence == "cross_entropy of 3x2 scores and 3 labels: nan"


BY_OUTPUT = [
    ("binary_cross_entropy_with_logits", {}),
    ("binary_cross_entropy_with_logits", {"pos_weight": torch.tensor([0.5, 1.0, 2.0])}),
    ("binary_cross_entropy", {"weight": torch.linspace(0.5, 2, 60).reshape(20, 3)}),
    ("mse_loss", {}),
]


@pytest.mark.parametrize(("function", "settings"), BY_OUTPUT)
def test_a_loss_by_output_has_a_target_for_each(function, settings):
    torch.manual_seed(4)
    call = getattr(F, function)
    outputs, targets = torch.randn(20, 3), torch.randint(0, 2, (20, 3)).float()
    outputs = outputs.sigmoid() if function == "binary_cross_entropy" else outputs
    watcher = watcher_of()
    look = Look(watcher, 1)
    look.loss(0, function, outputs, targets, call(outputs, targets, **settings), 2, settings)
    look.finish()
    (event,) = watcher.recorder.events
    known = call(outputs, targets, **settings, reduction="none")
    assert [row.loss for row in event.rows] == pytest.approx(known.mean(1)[:16].tolist(), rel=1e-6)
    array = np.array([row.scores for row in event.rows]).astype(np.float32)
    assert np.array_equal(array, outputs[:16].numpy())
    assert [list(row.targets) for row in event.rows] == targets[:16].tolist()


def test_of_many_outputs_those_with_the_largest_losses_are_kept():
    torch.manual_seed(5)
    outputs, targets = torch.randn(2, 1, 10, 10), torch.zeros(2, 1, 10, 10)
    watcher = watcher_of()
    look = Look(watcher, 1)
    look.loss(0, "mse_loss", outputs, targets, F.mse_loss(outputs, targets), 2, {})
    look.finish()
    rows = watcher.recorder.events[0].rows
    for row, squares in zip(rows, outputs.double().square().reshape(2, -1), strict=True):
        assert sorted(row.classes) == sorted(squares.topk(8).indices.tolist())
        kept = sum((a - b) ** 2 for a, b in zip(row.scores, row.targets, strict=True))
        assert kept + row.rest == pytest.approx(squares.sum().item(), rel=1e-6)
        assert row.loss == pytest.approx(squares.mean().item(), rel=1e-6)


def test_losses_without_rows():
    x = torch.randn(4, 3)
    cases = [
        ("mse_loss", x, torch.ones(4, 3, dtype=torch.int64)),
        ("cross_entropy", x, x.softmax(1)),  # probabilities
        ("cross_entropy", torch.randn(2, 3, 5), torch.zeros(2, 5, dtype=torch.int64)),
        ("cross_entropy", torch.randn(3), torch.tensor(1)),
        ("cross_entropy", x.to("meta"), torch.zeros(4, dtype=torch.int64, device="meta")),
        ("ctc_loss", x, None),
    ]
    watcher = watcher_of()
    look = Look(watcher, 1)
    for function, scores, target in cases:
        look.loss(0, function, scores, target, torch.tensor([1.0, 2.0]), 2, {"weight": "unknown"})
    look.finish()
    events = watcher.recorder.of(LookLoss)
    assert len(events) == len(cases)
    assert all((event.rows, event.value) == ((), None) for event in events)
    assert events[0].sentence == "mse_loss of 4x3 and 4x3: not one number"
    assert events[5].target is None


def test_the_loss_of_a_sample_is_unknown_where_the_weight_is():
    scores, labels = torch.randn(2, 3), torch.tensor([0, 7])
    watcher = watcher_of()
    look = Look(watcher, 1)
    look.loss(0, "cross_entropy", scores, labels, torch.tensor(1.0), 2, {"weight": "a tensor"})
    look.loss(0, "cross_entropy", scores, labels, torch.tensor(1.0), 2, {})  # no class 7
    look.finish()
    assert [row.loss for e in watcher.recorder.events for row in e.rows] == [None] * 4
