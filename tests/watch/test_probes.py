"""Questions to a copy of a model: the answers, and that nobody notices."""

from __future__ import annotations

import copy
import random
import warnings

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from goingdeep.watch.probes import effects, masks, mixing
from goingdeep.watch.probes.trial import CannotAskError, Trial
from goingdeep.watch.reading.sites import Sites

BATCH = 12
SHOWN: list[float] = []


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


def asked(model: nn.Module, x: Tensor, **given: Tensor):
    """The answer to the first question."""
    with torch.no_grad():
        output = copy.deepcopy(model)(x, **given)
    trial = Trial(model, (x,), given, len(x), [output.shape])
    return mixing.ask(trial, trial.begin(), Sites(lambda *_, **__: None))


class Shifted(nn.Module):
    """Each answer is that of the next sample in the batch."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 3)

    def forward(self, x):
        return self.layer(x.roll(1, 0))


class Centred(Shifted):
    """The batch's mean is taken away: by its own nature indifferent to the order."""

    def forward(self, x):
        return self.layer(x - x.mean(0))


def test_a_model_that_answers_for_the_neighbour():
    facts = asked(Shifted(), torch.randn(BATCH, 4))
    assert (facts["asked"], facts["spread"], facts["reached"], facts["own"]) == (6, 6, 1, 0)
    # The copy's first answer is for its last sample: in another order it gets another one.
    assert facts["ordered"]
    assert "class_name" not in facts  # one sample's share of the output is all that changes


def test_a_mean_over_the_batch_does_not_care_for_the_order():
    facts = asked(Centred(), torch.randn(BATCH, 4))
    assert facts["spread"] == 6
    assert facts["own"] > 3
    assert facts["reached"] == 5
    assert not facts["ordered"]


@pytest.mark.parametrize(
    "model",
    [
        nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Dropout(0.5), nn.Linear(8, 2)),
        nn.Sequential(nn.Unflatten(1, (1, 2, 2)), nn.Conv2d(1, 8, 2), nn.Flatten()),
        nn.Sequential(nn.Linear(4, 9), nn.LayerNorm(9), nn.GELU()),
    ],
)
def test_ordinary_layers_do_not_mix(model):
    facts = asked(model, torch.randn(BATCH, 4))
    assert (facts["spread"], facts["own"]) == (0, 6)


def test_tokens_are_replaced_too():
    model = nn.Sequential(nn.Embedding(9, 4), nn.Flatten(1), nn.Linear(20, 2))
    assert asked(model, torch.randint(9, (BATCH, 5)))["spread"] == 0


class Remembers(nn.Module):
    """A state as large as the batch, left behind by the training step."""

    def __init__(self):
        super().__init__()
        self.cell = nn.GRUCell(4, 3)
        self.state = torch.zeros(BATCH, 3)

    def forward(self, x):
        self.state = self.cell(x, self.state.detach())
        return self.state


def test_a_state_that_belongs_to_the_batch_needs_the_whole_batch():
    model = Remembers()
    facts = asked(model, torch.randn(BATCH, 4))
    assert (facts["rows"], facts["spread"]) == (BATCH, 0)
    assert not model.state.any()


def test_scores_between_all_pairs_are_no_answers_for_samples():
    class Pairs(Shifted):
        def forward(self, x):
            h = self.layer(x)
            return h @ h.T

    x = torch.randn(BATCH, 4)
    trial = Trial(Pairs(), (x,), {}, BATCH, [torch.Size((BATCH, 5))])
    with pytest.raises(CannotAskError, match="no row for each sample"):
        trial.begin()


def test_an_axis_that_cannot_be_told():
    x = torch.randn(3, 3)
    with pytest.raises(CannotAskError, match="length of another axis"):
        Trial(nn.Linear(3, 2), (x,), {}, 3, [torch.Size((3, 2))])


def test_a_failure_is_a_reason():
    with pytest.raises(CannotAskError, match=r"failed .* RuntimeError: mat1"):
        Trial(nn.Linear(5, 2), (torch.randn(BATCH, 4),), {}, BATCH, []).begin()


# -------------------------------------------------------------------- nobody notices


class Noisy(nn.Module):
    """Draws from every generator, warns, and writes down what it saw."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 2)
        self.norm = nn.BatchNorm1d(2)
        self.seen = []

    def forward(self, x):
        self.seen.append(x)
        warnings.warn("from the model", stacklevel=1)
        noise = torch.rand(1) + random.random() + np.random.rand()  # noqa: NPY002
        return self.norm(self.layer(x)) + noise


def test_nothing_is_left_behind():
    model, x = Noisy(), torch.randn(BATCH, 4)
    before = copy.deepcopy(model.state_dict())
    filters = warnings.filters
    torch.manual_seed(3)
    random.seed(3)
    np.random.seed(3)  # noqa: NPY002
    wanted = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
    version = x._version
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        trial = Trial(model, (x,), {}, BATCH, [torch.Size((BATCH, 2))])
        facts = mixing.ask(trial, trial.begin(), Sites(lambda *_, **__: None))
    assert facts["spread"] == 0
    assert torch.equal(torch.get_rng_state(), wanted[0])
    assert random.getstate() == wanted[1]
    assert np.random.get_state()[1].tolist() == wanted[2]  # noqa: NPY002
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert model.seen == []
    assert model.training
    assert x._version == version
    assert warnings.filters is filters


def test_a_warning_that_is_shown_once_is_shown_once():
    model, x = Noisy(), torch.randn(BATCH, 4)
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("default")
        Trial(model, (x,), {}, BATCH, []).begin()
        assert heard == []
        model(x)
        assert [str(one.message) for one in heard] == ["from the model"]  # it was not used up
        Trial(model, (x,), {}, BATCH, []).begin()
        model(x)
        assert len(heard) == 1  # and is not shown once more


def test_what_the_program_hooked_is_not_called():
    model = nn.Sequential(nn.Linear(4, 2))
    called = []
    model[0].register_forward_hook(lambda *_: called.append(1))
    facts = asked(model, torch.randn(BATCH, 4))
    assert facts["spread"] == 0
    assert called == [1]  # by `asked` itself, whose deepcopy shares the hook


class Prints(Shifted):
    def forward(self, x):
        print(x.shape)
        return self.layer(x)


class Collects(Shifted):
    def forward(self, x):
        SHOWN.append(float(x.sum()))
        return self.layer(x)


class Counts(Shifted):
    calls = 0

    def forward(self, x):
        Counts.calls += 1
        return self.layer(x)


class Shares(Shifted):
    history: list[int] = []  # noqa: RUF012

    def forward(self, x):
        self.history.append(1)
        return self.layer(x)


class Deeper(Shifted):
    def look(self, x):
        _helper(x)

    def forward(self, x):
        self.look(x)
        return self.layer(x)


def _helper(x):
    SHOWN.append(float(x.sum()))


@pytest.mark.parametrize("kind", [Prints, Collects, Counts, Shares, Deeper])
def test_a_forward_with_a_side_effect_is_refused(kind):
    assert effects.side_effect(kind())
    assert effects.side_effect(nn.Sequential(kind()))
    with pytest.raises(CannotAskError, match="may touch more than itself"):
        effects.refuse_side_effects(kind())


@pytest.mark.parametrize(
    "model",
    [
        Shifted(), Centred(), Remembers(), nn.TransformerEncoderLayer(8, 2),
        nn.LSTM(4, 4), nn.MultiheadAttention(8, 2), nn.Sequential(nn.Conv2d(1, 1, 1), nn.Softmax(1)),
    ],
    ids=lambda model: type(model).__name__,
)  # fmt: skip
def test_an_ordinary_forward_is_not(model):
    assert effects.side_effect(model) == ""


# -------------------------------------------------------------------- masks


class Masked(nn.Module):
    def __init__(self, *, uses):
        super().__init__()
        self.layer, self.uses = nn.Linear(1, 2), uses

    def forward(self, x, mask=None, maskless=None):
        h = self.layer(x.unsqueeze(2))
        return (h * mask.unsqueeze(2)).sum(1) if self.uses else h.sum(1)


@pytest.mark.parametrize("uses", [False, True])
@pytest.mark.parametrize("kind", [torch.bool, torch.float32, torch.int64])
def test_a_mask_matters_or_does_not(uses, kind):
    x = torch.randn(BATCH, 9)
    mask = (torch.arange(9) < torch.randint(1, 9, (BATCH, 1))).to(kind)
    model = Masked(uses=uses)
    named = masks.masks(model, (x, mask), {"maskless": x}, BATCH)
    assert list(named) == ["mask"]
    trial = Trial(model, (x, mask), {}, BATCH, [torch.Size((BATCH, 2))])
    facts = masks.ask(trial, trial.begin(), "mask", mask)
    assert facts["values"] > 0
    assert bool(facts["spread"]) == uses
    if uses:
        assert facts["spread"] == facts["rows"]


def test_weights_are_no_mask():
    x = torch.randn(BATCH, 9)
    assert masks.masks(Masked(uses=True), (x,), {"mask": torch.rand(BATCH, 9)}, BATCH) == {}
    assert masks.masks(Masked(uses=True), (x,), {"mask": torch.ones(9, 9)}, BATCH) == {}
