"""`gd.why` from Python: on a run, from start to end."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
import torch
from tests.same import small

import goingdeep as gd
from goingdeep.errors import UnknownNameError
from goingdeep.explained import Explained
from goingdeep.record.answer import read_answers
from goingdeep.why.catalogue import catalogue, find
from goingdeep.why.experiment import Bound

BOUND = Bound(steps=9, seconds=60)


pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("explained")
    np.savez(folder / "data.npz", **small.arrays(200, side=24))
    return gd.train(
        folder / "data.npz", recipe="fast", out=folder / "run", quiet=True,
        settings={"model": "mlp", "epochs": 2, "batch_size": 8},
    )  # fmt: skip


def files(run) -> dict[str, str]:
    return {
        path.relative_to(run.path).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in run.path.rglob("*")
        if path.is_file() and "answers" not in path.parts
    }


def test_it_shows_itself_and_changes_nothing_of_the_run(run):
    before, generator = files(run), torch.get_rng_state()
    found = gd.why("zero-grad", run, bound=BOUND)
    assert isinstance(found, Explained)
    assert repr(found).startswith("Why zero the gradients?\n")
    assert "Replay equals the run" in repr(found)
    assert found._repr_html_().startswith("<div><h3>Why zero the gradients?</h3>")
    assert found.tables
    assert found.figures[0].curves[0].name == "as recorded"
    assert [claim.verdict for claim in found.claims][:2] == ["true", "false"]
    assert files(run) == before
    assert torch.equal(torch.get_rng_state(), generator)


def test_the_answer_is_kept_in_the_run(run):
    found = gd.why("zero-grad", run.path, bound=BOUND)
    assert found.path == run.path / "answers" / "zero-grad.json"
    (kept,) = [answer for answer in read_answers(run.path) if answer.topic == "zero-grad"]
    assert kept == found.answer
    assert kept.places[-1].source == "optimizer.zero_grad()"


def test_a_question_in_words_says_what_it_was_taken_for(run):
    found = gd.why("what happens when I forget zero_grad", run, bound=BOUND)
    assert found.answer.topic == "zero-grad"
    assert repr(found).startswith("The nearest topic is zero-grad")


def test_no_question_gives_the_topics():
    assert "zero-grad" in repr(gd.why())
    assert gd.why().names == list(catalogue())


@pytest.mark.parametrize(
    ("asked", "topic"),
    [
        ("why do we flatten?", "flatten"),
        ("Why cross-entropy and not MSE?", "cross-entropy"),
        ("should I put softmax before the loss", "cross-entropy"),
        ("what is the N in NCHW", "nchw"),
        ("expected input[64, 28, 28, 1] to have 1 channels, but got 28 channels", "nchw"),
        ("mat1 and mat2 shapes cannot be multiplied", "flatten"),
        ("what does model.eval() do", "eval"),
        ("do I have to shuffle", "batch"),
        ("how large should my batch size be", "batch"),
        ("what does the optimizer do", "learning"),
        ("what is nn.Sequential", "sequential"),
        ("gradients are not reset", "zero-grad"),
        ("dropout at test time", "eval"),
    ],
)
def test_the_nearest_topic(asked, topic):
    assert find(asked)[0].topic == topic


@pytest.mark.parametrize("asked", ["xyzzy", "the", "?!", "靴"])
def test_nothing_is_near(asked):
    with pytest.raises(UnknownNameError, match="there is no topic called"):
        find(asked)
