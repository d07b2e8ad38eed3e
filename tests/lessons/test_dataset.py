"""What is said of dataset and loader is what PyTorch does; verdicts follow from it."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from torch.utils.data import default_collate

from goingdeep.record.reading import Seen
from goingdeep.why.catalogue import catalogue
from goingdeep.why.lab import Lab
from goingdeep.why.lesson import NoLabError, NotHereError


@pytest.fixture
def found(measured):
    return measured("dataset")


def test_the_numbers_are_the_loaders(trained, found):
    assert (found.samples, found.size, found.batches) == (2_000, 64, 32)
    assert found.by_hand == len(trained.loader)
    assert found.last == 2_000 % 64 == [len(y) for _, y in trained.loader][-1]
    assert found.same is True
    assert found.bytes == 64 * (784 * 4 + 8)


def test_the_error_is_pytorchs(trained, found):
    image = trained.loader.dataset[0][0]
    with pytest.raises(RuntimeError) as error:
        default_collate([image, image[..., :-1]])
    assert found.sizes.error == f"RuntimeError: {error.value}"


def test_a_generator_of_the_datasets_own_draws_the_same_in_both_workers(found):
    copied, global_ = found.draws["a generator of the dataset's own"], found.draws["numpy.random"]
    assert copied[0] == copied[1]
    assert global_[0] != global_[1]


def test_a_batch_that_has_been_used_is_not_held(found):
    assert (found.alive, found.before) == (0, 3)
    assert sorted(found.seconds) == [0, 1, 2]


@pytest.mark.parametrize(
    ("change", "claim", "verdict"),
    [
        ({"seconds": {0: 1.0, 1: 0.6, 2: 0.4}}, 0, "true"),
        ({"seconds": {0: 1.0, 1: 0.6, 2: 0.9}}, 0, "false"),
        ({"seconds": {0: 1.0, 1: 0.6, 2: 0.6}}, 0, "half true"),
        ({"seconds": {0: 1.0}}, 0, "not measured"),
        ({"alive": 3}, 1, "true"),
        ({"alive": 1}, 1, "half true"),
        ({"alive": 0}, 1, "false"),
        ({"before": 0}, 1, "not measured"),
        ({"last": 16}, 2, "false"),
        ({"last": 64}, 2, "half true"),
    ],
)
def test_another_fact_is_another_verdict(found, verdicts, change, claim, verdict):
    assert verdicts("dataset", dataclasses.replace(found, **change))[claim] == verdict


def test_a_loader_that_is_gone_is_said(trained):
    from goingdeep.why.answering import answered
    from goingdeep.why.catalogue import catalogue

    gone = dataclasses.replace(trained.experiment, loader=None)
    answer = answered(catalogue()["dataset"], gone)
    assert "the training's loader is not there any more, only its record" in answer.says
    assert torch.is_grad_enabled()


@pytest.mark.parametrize(("seen", "error"), [(True, NoLabError), (False, NotHereError)])
def test_a_loader_that_is_gone_is_not_one_that_never_was(trained, seen, error):
    alone = dataclasses.replace(
        trained.experiment, loader=None, seen=trained.experiment.seen if seen else Seen()
    )
    lab = Lab(alone)
    with lab.alone(), pytest.raises(error):
        catalogue()["dataset"].lesson().measure(lab)
