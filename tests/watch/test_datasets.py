"""What is known of a dataset before anything is read from it."""

from __future__ import annotations

import functools

import numpy as np
import pytest
import torch
import torchvision.transforms as v1
from tests.watch.loading import watching
from torch import nn
from torch.utils.data import (
    ConcatDataset,
    DataLoader,
    Dataset,
    IterableDataset,
    Subset,
    TensorDataset,
    random_split,
)
from torchvision.datasets import FakeData
from torchvision.transforms import v2

from goingdeep.record.seen import Loader
from goingdeep.watch.data.datasets import Datasets
from goingdeep.watch.data.transforms import own_transforms
from goingdeep.watch.reading.attributes import length_of, plain


class Never(Dataset):
    """Nothing of it may be called but its length."""

    train = True

    def __init__(self, length: int = 10):
        self.length = length

    def __len__(self):
        return self.length

    def __getitem__(self, index):
        raise AssertionError

    def __getattr__(self, name):
        raise AssertionError(name)

    def __eq__(self, other):
        raise AssertionError

    __hash__ = None

    @property
    def dataset(self):
        raise AssertionError

    @property
    def transform(self):
        raise AssertionError


class Silent:
    def __init__(self):
        self.gaps = []

    def __call__(self, what, reason):
        self.gaps.append((what, reason))


@pytest.fixture
def gaps():
    return Silent()


@pytest.fixture
def datasets(gaps):
    return Datasets(gaps)


# -------------------------------------------------------------------- identity


def test_the_same_object_has_the_same_number(datasets):
    one, two = Never(), Never()
    assert [datasets.facts(d).id for d in (one, two, one)] == [0, 1, 0]


def test_a_number_is_not_given_to_the_next_object_at_the_same_address(datasets):
    assert len({datasets.facts(Never()).id for _ in range(50)}) == 50


def test_plain_facts(datasets):
    fact = datasets.facts(Never(7))
    assert (fact.class_name, fact.length, fact.train, fact.iterable) == ("Never", 7, True, False)
    assert (fact.root, fact.indices, fact.transforms) == (fact.id, "", ())


def test_lists_and_other_objects_are_datasets_too(datasets):
    fact = datasets.facts([1, 2, 3])
    assert (fact.class_name, fact.length, fact.root) == ("list", 3, fact.id)
    assert datasets.facts({"a": 1}).class_name == "dict"
    assert datasets.facts(None).class_name == "NoneType"


def test_a_flag_that_is_no_bool_is_no_flag(datasets):
    class Odd(Dataset):
        def __init__(self):
            self.train = "yes"

    assert datasets.facts(Odd()).train is None


def test_a_length_that_cannot_be_told_is_none(datasets):
    class Broken(Never):
        def __len__(self):
            raise ValueError

    class Stream(IterableDataset):
        def __len__(self):
            raise AssertionError

        def __iter__(self):
            raise AssertionError

    assert datasets.facts(Broken()).length is None
    stream = datasets.facts(Stream(), iterable=True)
    assert (stream.length, stream.iterable) == (None, True)


# -------------------------------------------------------------------- subsets


def test_subsets_of_one_root_share_what_their_indices_share(datasets):
    root = Never(100)
    draw = np.random.default_rng(0)
    one, two = (draw.integers(0, 100, 60).tolist() for _ in range(2))
    first = datasets.facts(a := Subset(root, one))
    second = datasets.facts(b := Subset(root, two))
    assert (first.root, second.root) == (second.root, first.root)
    assert first.root not in (first.id, second.id)
    assert first.shared == {}
    assert second.shared == {first.id: len(set(one) & set(two))}
    assert first.length == 60
    assert (a, b) != (b, a)


def test_a_clean_split_shares_nothing(datasets):
    parts = random_split(Never(100), [70, 20, 10])
    facts = [datasets.facts(part) for part in parts]
    assert [fact.shared for fact in facts] == [{}, {}, {}]
    assert len({fact.root for fact in facts}) == 1
    assert len({fact.indices for fact in facts}) == 3


def test_a_root_shares_everything_with_its_subsets(datasets):
    root = Never(100)
    subset = Subset(root, [1, 5, 5, 9])
    whole = datasets.facts(root)
    part = datasets.facts(subset)
    assert part.shared == {whole.id: 3}
    assert datasets.facts(root).shared == {part.id: 3}


def test_nested_subsets_are_followed_down_to_the_root(datasets):
    root = Never(100)
    outer = Subset(Subset(root, range(50, 100)), [0, 1, 2])
    other = datasets.facts(keep := Subset(root, [50, 51, 7]))
    fact = datasets.facts(outer)
    assert fact.root == other.root
    assert fact.shared == {other.id: 2}
    assert fact.indices == datasets.facts(Subset(root, [50, 51, 52])).indices
    assert keep is not None


def test_subsets_of_different_roots_share_nothing(datasets):
    one, two = Subset(Never(), [1, 2]), Subset(Never(), [1, 2])
    assert datasets.facts(one).indices == datasets.facts(two).indices
    assert datasets.facts(two).shared == {}


@pytest.mark.parametrize(
    "indices",
    [
        [3, 1, 2], (3, 1, 2), np.array([3, 1, 2]), np.array([3, 1, 2], dtype=np.uint8),
        torch.tensor([3, 1, 2]), [np.int64(3), 1, 2],
    ],
)  # fmt: skip
def test_indices_come_in_many_types(datasets, indices):
    root = Never()
    plain_list = datasets.facts(Subset(root, [3, 1, 2]))
    assert datasets.facts(Subset(root, indices)).indices == plain_list.indices != ""


@pytest.mark.parametrize(
    "indices",
    [["a"], [1.5], [[1], [2]], None, "text", [None], torch.zeros(2, 2), object(), [2**70]],
)
def test_indices_that_are_not_numbers_are_a_gap(datasets, gaps, indices):
    fact = datasets.facts(Subset(Never(), indices))
    assert (fact.indices, fact.shared) == ("", {})
    assert [what for what, _ in gaps.gaps] == ["indices of a subset"]


def test_an_empty_subset_is_one(datasets, gaps):
    assert datasets.facts(Subset(Never(), [])).shared == {}
    assert gaps.gaps == []


def test_inner_indices_out_of_range_do_no_harm(datasets):
    assert datasets.facts(Subset(Subset(Never(), [1]), [5])).indices == ""


def test_more_indices_than_are_kept_are_a_gap(datasets, gaps, monkeypatch):
    from goingdeep.watch.data import datasets as module

    monkeypatch.setattr(module, "MAX_INDICES", 100)
    root = Never(200)
    kept = [Subset(root, range(60)), Subset(root, range(60)), Subset(root, range(150))]
    facts = [datasets.facts(subset) for subset in kept]
    assert [fact.shared for fact in facts] == [{}, {}, {}]
    assert len(gaps.gaps) == 2


def test_indices_of_datasets_that_are_gone_make_room(datasets, gaps, monkeypatch):
    from goingdeep.watch.data import datasets as module

    monkeypatch.setattr(module, "MAX_INDICES", 100)
    monkeypatch.setattr(module, "MAX_DATASETS", 4)
    root = Never(200)
    for _ in range(40):
        datasets.facts(Subset(root, range(40)))
    assert datasets._kept <= 100
    assert len(datasets._known) <= 4


class Wrapped(Dataset):
    """What people write to give one part other transforms."""

    def __init__(self, subset, transform=None):
        self.subset = subset
        self.transform = transform


class Chosen(Dataset):
    """Another way to choose: what it chooses cannot be known."""

    def __init__(self, dataset, chosen):
        self.dataset = dataset
        self.chosen = chosen


def test_a_wrapper_around_a_subset_is_looked_through(datasets):
    root = Never(50)
    one = datasets.facts(a := Wrapped(Subset(root, range(30))))
    two = datasets.facts(b := Wrapped(Subset(root, range(20, 50))))
    assert two.shared == {one.id: 10}
    assert one.root == two.root
    assert (a, b) is not None


def test_a_wrapper_that_may_choose_shares_nothing_that_is_known(datasets):
    root = Never(50)
    one = datasets.facts(a := Chosen(root, [1]))
    two = datasets.facts(b := Chosen(root, [2]))
    assert one.root == two.root
    assert one.shared == two.shared == {}
    assert (a, b) is not None


def test_a_dataset_that_holds_itself_ends(datasets):
    loop = Wrapped(None)
    loop.subset = loop
    assert datasets.facts(loop).root == datasets.facts(loop).id


# -------------------------------------------------------------------- transforms


def names(transform) -> list[str]:
    return own_transforms(transform)


@pytest.mark.parametrize("module", [v1, v2])
def test_names_come_in_the_order_in_which_they_run(module):
    compose = module.Compose([
        module.RandomCrop(4), module.Compose([module.ToTensor()]) if module is v1 else nn.Identity(),
        module.RandomHorizontalFlip(), module.Normalize([0.5], [0.5]),
    ])  # fmt: skip
    inner = "ToTensor" if module is v1 else "Identity"
    assert names(compose) == ["?RandomCrop", inner, "?RandomHorizontalFlip", "Normalize"]


@pytest.mark.parametrize("module", [v1, v2])
def test_what_draws_is_marked(module):
    for transform in (
        module.ColorJitter(), module.AutoAugment(), module.RandAugment(), module.AugMix(),
        module.TrivialAugmentWide(), module.ElasticTransform(), module.RandomErasing(),
        module.RandomRotation(3), module.RandomResizedCrop(4),
    ):  # fmt: skip
        assert names(transform) == [f"?{type(transform).__name__}"]
    for transform in (module.CenterCrop(3), module.Resize(4), module.Grayscale(), module.Pad(1)):
        assert names(transform) == [type(transform).__name__]


@pytest.mark.parametrize("module", [v1, v2])
def test_a_random_choice_is_named_with_what_it_chooses_from(module):
    inner = [module.Grayscale(), module.CenterCrop(3)]
    assert names(module.RandomApply(inner)) == ["?RandomApply", "Grayscale", "CenterCrop"]
    assert names(module.RandomChoice(inner)) == ["?RandomChoice", "Grayscale", "CenterCrop"]
    assert names(module.RandomOrder(inner))[0] == "?RandomOrder"
    both = (
        nn.ModuleList(inner) if module is v2 else nn.ModuleList([v2.Grayscale(), v2.CenterCrop(3)])
    )
    assert names(module.RandomApply(both, p=0.3)) == ["?RandomApply", "Grayscale", "CenterCrop"]


def augment(x):
    return x


class Flip:
    def __init__(self, p):
        self.p = p


def test_functions_and_objects_of_the_users():
    assert names(augment) == ["augment"]
    assert names(v1.Lambda(augment)) == ["Lambda"]
    assert names(lambda x: x) == ["<lambda>"]
    assert names(functools.partial(augment, 1)) == ["augment"]
    assert names([augment, Flip(0.5)]) == ["augment", "?Flip"]
    assert names(Flip(1.0)) == ["Flip"]
    assert names(nn.Sequential(v2.Grayscale(), v2.RandomCrop(3))) == ["Grayscale", "?RandomCrop"]
    assert names(None) == names("text") == names(3) == []


def test_a_container_that_holds_itself_ends():
    loop = v1.Compose([])
    loop.transforms.append(loop)
    assert names(loop) == []
    wide = v1.Compose([Flip(1.0)] * 1000)
    assert len(names(wide)) == 64


def test_transforms_of_subset_and_root_run_in_this_order(datasets):
    root = FakeData(10, transform=v1.Compose([v1.RandomCrop(4), v1.ToTensor()]))
    fact = datasets.facts(Wrapped(Subset(root, [1]), v1.Normalize([0], [1])))
    assert fact.transforms == ("RandomCrop", "ToTensor", "Normalize")
    assert fact.random == ("RandomCrop",)
    assert datasets.facts(root).transforms == ("RandomCrop", "ToTensor")


def test_joined_datasets_show_the_transforms_of_their_parts(datasets):
    parts = [FakeData(3, transform=v1.ToTensor()), FakeData(3, transform=v1.RandomCrop(3))]
    fact = datasets.facts(ConcatDataset(parts))
    assert fact.transforms == ("ToTensor", "RandomCrop")
    assert (fact.length, fact.root) == (6, fact.id)


# -------------------------------------------------------------------- attributes


class Slots:
    __slots__ = ("here", "not_set")

    def __init__(self):
        self.here = 3


def test_attributes_are_read_without_running_anything():
    never = Never()
    assert plain(never, "length") == 10
    assert plain(never, "train") is True
    assert plain(never, "dataset") is None
    assert plain(never, "nothing") is None
    assert plain(Slots(), "here") == 3
    assert plain(Slots(), "not_set") is None
    assert plain(None, "anything") is None
    assert length_of(object()) is None


# -------------------------------------------------------------------- by way of loaders


def test_a_loader_says_what_its_dataset_shares_with_others():
    root = TensorDataset(torch.rand(30, 8))
    train, test = Subset(root, range(25)), Subset(root, range(20, 30))
    with watching() as watcher:
        for data in (train, test):
            list(DataLoader(data, 4))
    one, two = watcher.recorder.of(Loader)
    assert two.dataset.shared == {one.dataset.id: 5}
    assert two.dataset.root == one.dataset.root


def test_fastai_says_through_its_own_loader_what_it_is():
    load = pytest.importorskip("fastai.data.load")
    data = [(torch.rand(3), torch.tensor(n)) for n in range(10)]
    with watching() as watcher:
        for _ in range(2):
            list(load.DataLoader(data, bs=4, shuffle=True, drop_last=True))
    loader = watcher.recorder.of(Loader)[0]
    assert (loader.class_name, loader.batch_size, loader.shuffle) == ("DataLoader", 4, True)
    assert (loader.length, loader.drops, loader.dataset.class_name) == (2, 2, "list")
    from goingdeep.record.seen import Pass

    first = watcher.recorder.of(Pass)[0]
    assert (first.batches, first.samples, first.complete) == (2, 8, True)
    assert first.indices == ""
