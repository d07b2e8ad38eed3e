"""Each sentence of a close look, word for word."""

from __future__ import annotations

import pytest

from goingdeep.record import sentences
from goingdeep.record.look import Gradient, Update, Values


def of(*shape: int, dtype: str = "float32", **more) -> Values:
    return Values(shape, dtype, **more)


@pytest.mark.parametrize(
    ("names", "tensors", "sentence"),
    [
        ((), (), "a batch without tensors"),
        (("",), (of(64, 784),), "a batch of 64x784 (float32)"),
        (("0", "1"), (of(64, 1, 28, 28), of(64, dtype="int64")),
         "a batch of 64x1x28x28 (float32) and 64 (int64)"),
        (("image", "meta.id"), (of(2, 3), of(dtype="int64")),
         "a batch of image 2x3 (float32) and meta.id one number (int64)"),
        ([str(i) for i in range(7)], [of(i + 1) for i in range(7)],
         "a batch of 1 (float32), 2 (float32), 3 (float32), 4 (float32) and 3 more"),
        (("x" * 200,), (of(1),), f"a batch of {'x' * 79}… 1 (float32)"),
    ],
)  # fmt: skip
def test_a_batch(names, tensors, sentence):
    assert sentences.batch(names, tensors) == sentence


@pytest.mark.parametrize(
    ("name", "inputs", "outputs", "parameters", "sentence"),
    [
        ("Flatten", [of(64, 1, 28, 28)], [of(64, 784)], 0, "Flatten: 64x1x28x28 becomes 64x784"),
        ("Linear", [of(64, 784)], [of(64, 512)], 401_920,
         "Linear: 64x784 becomes 64x512, 401,920 parameters"),
        ("Scale", [of(3)], [of(3)], 1, "Scale: 3 keeps its shape, 1 parameter"),
        ("ReLU", [of(2, 8)], [of(2, 8, zeros=0.4375)], 0,
         "ReLU: 2x8 keeps its shape, 44 % are 0"),
        ("Linear", [of(2, 8)], [of(2, 8, zeros=0.0009)], 0, "Linear: 2x8 keeps its shape"),
        ("Sum", [of(5)], [of(zeros=1.0)], 0, "Sum: 5 becomes one number"),
        ("LSTM", [of(5, 2), of(1, 2), of(1, 2)], [of(5, 3), of(1, 3), of(1, 3), of(9)], 12,
         "LSTM: 5x2, 1x2 and 1x2 become 5x3, 1x3, 1x3 and 1 more, 12 parameters"),
        ("Swap", [of(2), of(3)], [of(2), of(3)], 0, "Swap: 2 and 3 keep their shapes"),
        ("Maker", [], [of(4)], 0, "Maker: nothing becomes 4"),
        ("Fails", [of(4)], [], 0, "Fails: 4 went in, no tensor came out"),
        ("Ragged", [of(2, -1, 3)], [of(2, 3)], 0, "Ragged: 2x?x3 becomes 2x3"),
        ("Log", [of(4)], [of(4, non_finite=2)], 0, "Log: 4 keeps its shape, 2 values not finite"),
        ("make.<locals>.Net", [of(1)], [of(2)], 0, "Net: 1 becomes 2"),
    ],
)  # fmt: skip
def test_a_call(name, inputs, outputs, parameters, sentence):
    assert sentences.call(name, inputs, outputs, parameters) == sentence


@pytest.mark.parametrize(
    ("function", "scores", "target", "value", "sentence"),
    [
        ("cross_entropy", of(64, 10), of(64, dtype="int64"), 2.302585,
         "cross_entropy of 64x10 scores and 64 labels: 2.3026 nats"),
        ("cross_entropy", of(64, 10), of(64, 10), 0.5,
         "cross_entropy of 64x10 scores and 64x10 probabilities: 0.5 nats"),
        ("nll_loss", of(8, 3), of(8, dtype="int64"), -0.25,
         "nll_loss of 8x3 log-probabilities and 8 labels: -0.25 nats"),
        ("mse_loss", of(64, 1), of(64), 12345.678, "mse_loss of 64x1 and 64: 12346"),
        ("binary_cross_entropy", of(4), of(4), "nan", "binary_cross_entropy of 4 and 4: nan"),
        ("l1_loss", of(4), of(4), None, "l1_loss of 4 and 4: not one number"),
        ("triplet_margin_loss", of(4, 2), None, 0.1, "triplet_margin_loss of 4x2: 0.1"),
        ("loss", None, None, "inf", "loss: inf"),
    ],
)  # fmt: skip
def test_a_loss(function, scores, target, value, sentence):
    assert sentences.loss(function, scores, target, value) == sentence


FINE = Gradient(0, "a", norm=1.0)
NONE, ZERO = Gradient(0, "b", state="none"), Gradient(0, "c", state="zero")
BROKEN = Gradient(0, "d", norm="nan", non_finite=3)


@pytest.mark.parametrize(
    ("reached", "trainable", "unreached", "gradients", "sentence"),
    [
        (6, 6, (), (FINE,) * 6, "backward reached 6 of 6 trainable parameters"),
        (1, 1, (), (FINE,), "backward reached 1 of 1 trainable parameter"),
        (5, 6, ("head.bias",), (NONE,),
         "backward reached 5 of 6 trainable parameters, not head.bias"),
        (0, 1000, [f"p{i}" for i in range(256)], (),
         "backward reached 0 of 1,000 trainable parameters, not p0, p1, p2 and 997 more"),
        (2, 2, (), (ZERO, ZERO),
         "backward reached 2 of 2 trainable parameters; 2 gradients are zero"),
        (2, 2, (), (ZERO, BROKEN),
         ("backward reached 2 of 2 trainable parameters; 1 gradient is zero;"
         " 1 gradient is not finite")),
        (0, 0, (), (FINE, FINE), "backward reached 2 tensors outside of any model"),
        (None, 9, (), (FINE, NONE),
         "backward left 1 gradient; its graph is too large to be walked"),
    ],
)  # fmt: skip
def test_a_backward(reached, trainable, unreached, gradients, sentence):
    assert sentences.backward(reached, trainable, unreached, gradients) == sentence


def test_a_backward_that_raised():
    assert sentences.backward(None, 2, (), (), ended=False) == "backward did not come to its end"


def moved(ratio, change=1.0, *, changed=True) -> Update:
    return Update(0, "w", 1.0, change, ratio, changed)


@pytest.mark.parametrize(
    ("settings", "updates", "sentence"),
    [
        ({"lr": 0.001}, [moved(0.0012)] * 6,
         "SGD with lr 0.001 moved 6 parameters; the largest change is 0.12 % of its weight"),
        ({"lr": 20}, [moved(0.5)],
         "SGD with lr 20 moved 1 parameter; the largest change is 50 % of its weight"),
        ({"lr": 3e-05}, [moved(0.0, 0.0, changed=False)] * 2,
         "SGD with lr 3e-05 moved none of 2 parameters"),
        ({"lr": 0.1}, [moved(0.02), moved(9.0, changed=False)],
         "SGD with lr 0.1 moved 1 of 2 parameters; the largest change is 2 % of its weight"),
        ({"lr": 0.1}, [moved("inf")], "SGD with lr 0.1 moved 1 parameter"),
        ({"lr": 0.1}, [moved("nan", "nan"), moved(0.1)],
         ("SGD with lr 0.1 moved 2 parameters; the largest change is 10 % of its weight;"
         " 1 change is not finite")),
        ({}, [], "SGD moved no parameter that could be read"),
        ({"lr": "nan"}, [moved(2.0)],
         "SGD with lr nan moved 1 parameter; the largest change is 200 % of its weight"),
        ({"lr": None}, [moved(1e-9)],
         "SGD moved 1 parameter; the largest change is 1e-07 % of its weight"),
    ],
)  # fmt: skip
def test_a_step(settings, updates, sentence):
    assert sentences.step("SGD", settings, updates) == sentence


@pytest.mark.parametrize(
    ("by", "before", "after", "sentence"),
    [
        ("optimizer", {"value": 6}, {"none": 6}, "the optimizer cleared 6 gradients: none left"),
        ("module", {"value": 6}, {"zero": 6}, "the model cleared 6 gradients: all are 0"),
        ("hand", {"value": 1}, {"none": 1}, "the loop cleared 1 gradient: none left"),
        ("optimizer", {"none": 6}, {"none": 6}, "the optimizer had no gradient to clear"),
        ("optimizer", {}, {}, "the optimizer had no gradient to clear"),
        ("optimizer", {"value": 4, "none": 2}, {"zero": 3, "none": 3},
         "the optimizer cleared 4 gradients: 3 are 0, the rest gone"),
        ("module", {"value": 4, "zero": 1}, {"value": 2, "none": 3},
         "the model cleared 5 gradients: 2 of them still have values"),
        ("module", {"value": 4}, {"value": 1, "none": 3},
         "the model cleared 4 gradients: 1 of them still has values"),
        ("?", {"value": 1}, {"zero": 1}, "it cleared 1 gradient: all are 0"),
    ],
)  # fmt: skip
def test_a_clear(by, before, after, sentence):
    assert sentences.clear(by, before, after) == sentence


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0, "0 %"), (1, "100 %"), (0.5, "50 %"), (0.004, "0.4 %"), (0.12345, "12 %"),
        (0.0000456, "0.0046 %"), (0.994, "99.4 %"), (0.99999, "nearly 100 %"), (3.2, "320 %"),
        (1234.5, "123,450 %"),
    ],
)  # fmt: skip
def test_a_share_is_written_with_the_digits_that_count(share, text):
    assert sentences.percent(share) == text
