"""Walks over real loaders: what was read, in which order, for what it was used."""

from __future__ import annotations

import gc
import math
import threading
import weakref
from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pytest
import torch
from tests.watch.loading import watching
from torch.overrides import TorchFunctionMode
from torch.utils.data import (
    BatchSampler,
    DataLoader,
    Dataset,
    IterableDataset,
    RandomSampler,
    SequentialSampler,
    TensorDataset,
    WeightedRandomSampler,
)

from goingdeep.record.events import decode, encode
from goingdeep.record.seen import Loader, Pass
from goingdeep.watch.data import ledger, taken


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch):
    # How long PyTorch waits for workers that it has just told to end.
    monkeypatch.setattr(torch.utils.data._utils, "MP_STATUS_CHECK_INTERVAL", 0.5)


def numbers(count: int, seed: int = 0, width: int = 20) -> torch.Tensor:
    return torch.rand(count, width, generator=torch.Generator().manual_seed(seed))


def labelled(count: int, seed: int = 0, classes: int = 5) -> TensorDataset:
    return TensorDataset(numbers(count, seed), torch.arange(count) % classes)


def passes(watcher) -> list[Pass]:
    return sorted(watcher.recorder.of(Pass), key=lambda event: event.id)


def only(watcher) -> Pass:
    (event,) = watcher.recorder.of(Pass)
    return event


def walked(loader, times: int = 1):
    with watching() as watcher:
        for _ in range(times):
            for _batch in loader:
                pass
    return watcher


class Stream(IterableDataset):
    def __init__(self, count: int):
        self.count = count

    def __iter__(self):
        rows = numbers(self.count)
        return ((rows[i], i % 3) for i in range(self.count))


# -------------------------------------------------------------------- what was read


def test_a_whole_walk_is_counted_and_complete():
    watcher = walked(DataLoader(labelled(50), batch_size=16))
    event = only(watcher)
    assert (event.batches, event.samples, event.last_batch) == (4, 50, 2)
    assert event.complete
    assert event.hashed
    assert event.distinct == 50
    assert event.role == "unused"
    assert (event.id, event.loader, event.number) == (0, 0, 1)
    (loader,) = watcher.recorder.of(Loader)
    assert (loader.id, loader.length, loader.batch_size) == (0, 4, 16)


def test_passes_are_numbered_per_loader_and_over_all():
    one, two = DataLoader(labelled(8)), DataLoader(labelled(8))
    with watching() as watcher:
        for loader in (one, two, one, one, two):
            list(loader)
    found = [(event.id, event.loader, event.number) for event in passes(watcher)]
    assert found == [(0, 0, 1), (1, 1, 1), (2, 0, 2), (3, 0, 3), (4, 1, 2)]
    assert [event.id for event in watcher.recorder.of(Loader)] == [0, 1]


def test_an_empty_loader_is_a_complete_pass_without_batches():
    event = only(walked(DataLoader(labelled(3), batch_size=5, drop_last=True)))
    assert (event.batches, event.samples, event.complete, event.hashed) == (0, 0, True, True)


def test_asking_a_finished_iterator_again_is_no_pass():
    with watching() as watcher:
        iterator = iter(DataLoader(labelled(2)))
        for _ in range(5):
            next(iterator, None)
    assert only(watcher).batches == 2


def test_leaving_the_loop_gives_the_pass_up():
    loader = DataLoader(labelled(20), batch_size=4)
    with watching() as watcher:
        for number, _ in enumerate(loader):
            if number == 1:
                break
        for _ in loader:
            pass
    first, second = passes(watcher)
    assert (first.complete, first.batches, first.samples) == (False, 2, 8)
    assert (second.complete, second.batches, second.number) == (True, 5, 2)


def test_a_framework_that_counts_batches_walks_to_the_end():
    loader = DataLoader(labelled(20), batch_size=4)
    with watching() as watcher:
        iterator = iter(loader)
        for _ in range(len(loader)):
            next(iterator)
        del iterator
        iterator = iter(DataLoader(Stream(20), batch_size=4))
        for _ in range(5):
            next(iterator)
    assert [(event.batches, event.complete) for event in passes(watcher)] == [(5, True), (5, False)]


def test_taking_the_first_batch_only_is_a_pass_each_time():
    loader = DataLoader(labelled(20), batch_size=4, shuffle=True)
    with watching() as watcher:
        for _ in range(3):
            next(iter(loader))
    found = [(event.number, event.batches, event.complete) for event in passes(watcher)]
    assert found == [(1, 1, False), (2, 1, False), (3, 1, False)]


def test_an_iterator_left_lying_is_given_up_once_the_loader_was_walked_again():
    loader = DataLoader(labelled(20), batch_size=4)
    with watching() as watcher:
        kept = iter(loader)
        next(kept)
        for _ in loader:
            pass
        watcher.passes._ledger.finish()
        assert [event.complete for event in passes(watcher)] == [False, True]


def test_two_walks_side_by_side_are_told_apart():
    loader = DataLoader(labelled(20), batch_size=4)
    with watching() as watcher:
        for _ in zip(loader, DataLoader(labelled(8), batch_size=4), strict=False):
            pass
        for _ in zip(loader, loader, strict=True):
            pass
    found = {(e.loader, e.number): (e.batches, e.complete) for e in passes(watcher)}
    assert found[1, 1] == (2, True)
    assert found[0, 1] == (3, False)  # zip asks the longer one first, and then stops
    assert found[0, 2] == (5, True)
    assert found[0, 3] == (5, True)


def test_a_walk_inside_another_is_told_apart():
    outer, inner = DataLoader(labelled(4)), DataLoader(labelled(3))
    with watching() as watcher:
        for _ in outer:
            for _ in inner:
                pass
    assert Counter(event.loader for event in passes(watcher)) == {0: 1, 1: 4}
    assert all(event.complete for event in passes(watcher))


class Failing(Dataset):
    def __len__(self):
        return 12

    def __getitem__(self, index):
        if index == 5:
            raise ValueError("five")
        return torch.full((3,), float(index))


def test_a_loader_that_raises_gives_its_pass_up():
    with watching() as watcher, pytest.raises(ValueError, match="five"):
        for _ in DataLoader(Failing(), batch_size=2):
            pass
    event = only(watcher)
    assert (event.batches, event.samples, event.complete) == (2, 4, False)


def test_a_walk_that_goes_on_after_an_error_is_one_pass_and_not_complete():
    with watching() as watcher:
        iterator = iter(DataLoader(Failing(), batch_size=2))
        got = 0
        while True:
            try:
                next(iterator)
            except ValueError:
                continue
            except StopIteration:
                break
            got += 1
    assert got == 5
    assert (only(watcher).batches, only(watcher).complete) == (5, False)


def test_a_walk_that_began_before_the_watcher_is_said_to_be_partial():
    loader = DataLoader(labelled(12), batch_size=4, shuffle=True)
    iterator = iter(loader)
    next(iterator)
    with watching() as watcher:
        for _ in iterator:
            pass
        for _ in loader:
            pass
    first, second = passes(watcher)
    assert (first.loader, first.number, first.batches, first.complete) == (0, 1, 2, False)
    assert (second.loader, second.number, second.batches, second.complete) == (0, 2, 3, True)
    early, known = watcher.recorder.of(Loader)
    assert early.id == known.id == 0
    assert (early.length, early.batch_size, early.shuffle) == (3, 4, True)
    assert [what for what, _ in watcher.recorder.gaps] == ["the first batches of loader 0"]


def test_an_iterator_made_before_and_not_begun_is_seen_whole():
    iterator = iter(DataLoader(labelled(12), batch_size=4))
    with watching() as watcher:
        for _ in iterator:
            pass
    assert (only(watcher).batches, only(watcher).complete) == (3, True)
    assert watcher.recorder.gaps == []


def test_nothing_is_seen_any_more_after_the_watcher():
    loader = DataLoader(labelled(12), batch_size=4)
    with watching() as watcher:
        iterator = iter(loader)
        next(iterator)
    attributes = {name: type(value) for name, value in vars(iterator).items()}
    assert attributes == {name: type(value) for name, value in vars(iter(loader)).items()}
    assert len(list(iterator)) == 2
    list(loader)
    assert only(watcher).batches == 1


def test_loaders_in_threads_are_told_apart():
    with watching() as watcher:
        threads = [
            threading.Thread(target=lambda n=n: list(DataLoader(labelled(n), batch_size=1)))
            for n in (20, 30, 40)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(event.batches for event in passes(watcher)) == [20, 30, 40]
    assert all(event.complete for event in passes(watcher))


@pytest.mark.parametrize("persistent", [False, True])
def test_worker_processes_bring_the_same_passes(persistent):
    plain = only(walked(DataLoader(labelled(30), batch_size=4)))
    loader = DataLoader(labelled(30), batch_size=4, num_workers=2, persistent_workers=persistent)
    with watching() as watcher:
        for _ in range(2):
            list(loader)
        if persistent:
            next(iter(loader))
            list(loader)
    found = passes(watcher)
    assert [event.batches for event in found] == ([8, 8, 1, 8] if persistent else [8, 8])
    assert [event.complete for event in found if event.batches == 8] == [True] * (
        len(found) - persistent
    )
    assert found[0].order == found[1].order == plain.order
    assert found[0].labels == plain.labels
    del loader
    gc.collect()


# -------------------------------------------------------------------- batches of every kind


class Pair(NamedTuple):
    image: torch.Tensor
    target: torch.Tensor


@dataclass
class Holder:
    image: torch.Tensor
    target: torch.Tensor


class Refusing(dict):
    """A dictionary of the user's that does not like to be asked."""

    def __getitem__(self, key):
        raise AssertionError

    def values(self):
        raise AssertionError


@pytest.mark.parametrize(
    "collate",
    [
        lambda x, y: [x, y],
        lambda x, y: (x, y),
        lambda x, y: {"image": x, "target": y},
        lambda x, y: {"target": y, "image": x},
        Pair,
        Holder,
        lambda x, y: Refusing(image=x, target=y),
        lambda x, y: ({"id": ["a"] * len(x), "inputs": {"x": x}}, y),
        lambda x, y: [["name"] * len(x), x, y],
    ],
)
def test_samples_and_labels_are_found_in_batches_of_every_kind(collate):
    def join(rows):
        x, y = zip(*rows, strict=True)
        return collate(torch.stack(x), torch.stack(y))

    event = only(walked(DataLoader(labelled(30), batch_size=8, collate_fn=join)))
    expected = only(walked(DataLoader(labelled(30), batch_size=8)))
    assert (event.samples, event.distinct, event.order) == (30, 30, expected.order)
    assert event.labels == expected.labels
    assert event.inputs == expected.inputs


@pytest.mark.parametrize(
    ("rows", "samples", "batches"),
    [
        (["a", "b", "c"], 3, 2),
        ([("a", "x"), ("b", "y"), ("c", "z")], 3, 2),
        ([{"k": "a"}] * 5, 5, 3),
    ],
)
def test_text_is_counted_and_said_not_to_be_hashed(rows, samples, batches):
    event = only(walked(DataLoader(rows, batch_size=2)))
    assert (event.samples, event.batches) == (samples, batches)
    assert not event.hashed
    assert event.order == ""


def test_a_stream_has_passes_too():
    watcher = walked(DataLoader(Stream(10), batch_size=4), times=2)
    first, second = passes(watcher)
    assert (first.batches, first.samples, first.complete) == (3, 10, True)
    assert first.order == second.order
    (loader,) = watcher.recorder.of(Loader)
    assert (loader.shuffle, loader.length, loader.dataset.iterable) == (None, None, True)
    assert loader.dataset.length is None


class Batches(Dataset):
    """Gives whole batches of its own."""

    def __len__(self):
        return 3

    def __getitem__(self, index):
        return numbers(8, index), torch.arange(8)


def test_without_collation_a_sample_is_one_and_a_batch_is_many():
    single = only(walked(DataLoader(labelled(6), batch_size=None)))
    whole = only(walked(DataLoader(labelled(6))))
    assert (single.samples, single.batches, single.distinct) == (6, 6, 6)
    assert single.order == whole.order  # the same samples by content
    many = only(walked(DataLoader(Batches(), batch_size=None)))
    assert (many.samples, many.batches, many.distinct) == (24, 3, 24)


class Foreign(torch.Tensor):
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        raise AssertionError(func)


def test_the_code_of_a_subclass_is_not_called():
    batch = numbers(4).as_subclass(Foreign)
    loader = DataLoader([0], batch_size=None, collate_fn=lambda _: (batch, torch.arange(4)))
    assert only(walked(loader)).distinct == 4


def test_modes_of_the_user_are_not_told():
    told = []

    class Functions(TorchFunctionMode):
        def __torch_function__(self, func, types, args=(), kwargs=None):
            told.append(func)
            return func(*args, **(kwargs or {}))

    def count() -> int:
        told.clear()
        iterator = iter(DataLoader(labelled(8), batch_size=4))
        with Functions():
            for _ in iterator:
                pass
        return len(told)

    without = count()
    with watching():
        assert count() == without


@pytest.mark.parametrize(
    "odd",
    [
        torch.rand(4, 3, device="meta"),
        torch.rand(4, 3).to_sparse(),
        torch.rand(4, 3, dtype=torch.complex64),
        torch.rand(0, 3),
        torch.nested.nested_tensor([torch.rand(2, 3), torch.rand(4, 3)], layout=torch.jagged),
        torch.tensor(1.0),
        torch.full((4, 3), math.nan),
        torch.full((4, 3), 1e308, dtype=torch.float64),
        torch.full((4, 3), 1e-320, dtype=torch.float64),
        torch.full((4, 3), math.inf),
        torch.rand(4, 3, requires_grad=True),
        torch.rand(4, 3).expand(2, 4, 3),
        torch.ones(4, 3, dtype=torch.bool),
        torch.rand(4, 3).to(torch.float8_e4m3fn),
        torch.rand(4).to(torch.bfloat16),
        None, 7, "text", object(), [], {}, [[], []],
    ],
    ids=lambda odd: type(odd).__name__,
)  # fmt: skip
def test_odd_batches_do_no_harm_and_can_be_written(odd):
    with watching() as watcher:
        for _ in DataLoader([odd, odd], batch_size=None, collate_fn=lambda given: given):
            pass
    event = only(watcher)
    assert (event.batches, event.complete) == (2, True)
    assert decode(encode(event)) == event


# -------------------------------------------------------------------- order


def orders(loader, times=2):
    found = passes(walked(loader, times))
    return [event.order for event in found], [event.head for event in found]


def test_the_order_is_that_of_the_sampler():
    data = labelled(300)
    plain, _ = orders(DataLoader(data, batch_size=32))
    assert plain[0] == plain[1] != ""
    shuffled, heads = orders(DataLoader(data, batch_size=32, shuffle=True))
    assert len({*shuffled, plain[0]}) == 3
    assert heads[0] != heads[1]
    assert len(heads[0]) == 5


def test_a_generator_that_is_seeded_anew_shows_as_the_same_order():
    class Same(RandomSampler):
        def __iter__(self):
            self.generator = torch.Generator().manual_seed(3)
            return super().__iter__()

    data = labelled(100)
    (one, two), (head, again) = orders(DataLoader(data, batch_size=8, sampler=Same(data)))
    assert one == two
    assert head == again


def test_the_order_of_samples_is_compared_not_that_of_batches():
    data = labelled(40)
    (one, _), _ = orders(DataLoader(data, batch_size=8))
    (two, _), _ = orders(DataLoader(data, batch_size=5))
    (reverse, _), _ = orders(DataLoader(data, batch_size=8, sampler=list(range(40))[::-1]))
    assert one == two != reverse


class Noisy(Dataset):
    """Another content each time."""

    def __len__(self):
        return 60

    def __getitem__(self, index):
        return numbers(1, index)[0] + torch.rand(1)


@pytest.mark.parametrize("workers", [0, 2])
def test_the_indices_that_were_drawn_tell_the_order_of_random_samples(workers):
    class Same(RandomSampler):
        def __iter__(self):
            self.generator = torch.Generator().manual_seed(3)
            return super().__iter__()

    def drawn(**how):
        found = passes(walked(DataLoader(Noisy(), 8, num_workers=workers, **how), 2))
        assert found[0].order != found[1].order
        return [event.indices for event in found]

    one, two = drawn()
    three, four = drawn(shuffle=True)
    five, six = drawn(sampler=Same(Noisy()))
    assert one == two
    assert five == six
    assert len({one, three, four, five, ""}) == 5


def test_indices_of_pieces_streams_and_objects_are_not_told():
    loader = DataLoader(labelled(8), 2)
    with watching() as watcher:
        next(iter(loader))
        list(DataLoader(Stream(4), 2))
        list(DataLoader({"a": 1, "b": 2}, sampler=["a", "b"]))
    assert [event.indices for event in passes(watcher)] == ["", "", ""]


# -------------------------------------------------------------------- content of two loaders


def shared_rows(one: torch.Tensor, two: torch.Tensor) -> int:
    others = {row.numpy().tobytes() for row in two}
    return sum(row.numpy().tobytes() in others for row in one)


@pytest.mark.parametrize("workers", [0, 2])
def test_overlap_is_that_of_the_bytes(workers):
    train, test = numbers(300), torch.cat([numbers(100, 1), numbers(300)[250:]])
    with watching() as watcher:
        for data in (train, test):
            loader = DataLoader(TensorDataset(data), 32, shuffle=True, num_workers=workers)
            list(loader)
            list(loader)
    first, _, second, again = passes(watcher)
    assert first.overlap == {}
    assert second.overlap == {0: shared_rows(test, train)} == {0: 50}
    assert again.overlap == second.overlap


def test_repeated_and_empty_samples_are_counted():
    data = numbers(40, width=40)
    data[10:15] = data[0]
    data[20:24] = 0
    data[30:33] = 1
    event = only(walked(DataLoader(TensorDataset(data), 8)))
    assert event.constant == 7
    assert event.distinct == 40 - 5 - 6
    other = DataLoader(TensorDataset(torch.ones(4, 40)), 4)
    with watching() as watcher:
        list(DataLoader(TensorDataset(data), 8))
        list(other)
    assert passes(watcher)[1].overlap == {}


def sparse(count: int, seed: int) -> torch.Tensor:
    """Rows of 3,000 zeros with a few ones: some dozens of their values say nothing."""
    places = torch.randint(0, 3000, (count, 6), generator=torch.Generator().manual_seed(seed))
    return torch.zeros(count, 3000).scatter_(1, places, 1.0)


def test_rows_of_nearly_only_zeros_are_compared_as_a_whole():
    train, test = sparse(3000, 0), torch.cat([sparse(300, 1), sparse(3000, 0)[:20]])
    with watching() as watcher:
        for data in (train, test):
            list(DataLoader(TensorDataset(data), 64))
    first, second = passes(watcher)
    assert first.distinct == len({row.numpy().tobytes() for row in train})
    assert first.hashed
    assert second.overlap == {0: shared_rows(test, train)}


def test_what_was_not_read_as_a_whole_is_not_compared_and_said_so():
    train, test = sparse(3000, 0), sparse(300, 1)
    loader = DataLoader(TensorDataset(train), 64, shuffle=True)
    with watching() as watcher:
        for _ in range(8):
            next(iter(loader))
        list(DataLoader(TensorDataset(test), 64))
    assert all(event.overlap == {} for event in passes(watcher))
    assert any("which samples" in what for what, _ in watcher.recorder.gaps)


def test_the_hashes_of_a_first_pass_are_stored():
    data = numbers(70)
    watcher = walked(DataLoader(TensorDataset(data), 16), times=2)
    (blob,) = watcher.recorder.blobs
    assert blob.dtype == np.int64
    assert len(blob) == len(set(blob.tolist())) == 70


def test_more_samples_than_are_kept_are_a_gap(monkeypatch):
    monkeypatch.setattr(taken, "MAX_KEPT", 50)
    watcher = walked(DataLoader(TensorDataset(numbers(70)), 16))
    assert not only(watcher).hashed
    assert only(watcher).samples == 70
    assert len(watcher.recorder.gaps) == 1


# -------------------------------------------------------------------- labels and inputs


def test_labels_are_counted_and_mixing_is_measured():
    count, size = 400, 20
    targets = torch.arange(count) // 40  # sorted: ten classes of forty
    data = TensorDataset(numbers(count), targets)
    event = only(walked(DataLoader(data, size)))
    batches = targets.split(size)
    assert event.labels.batches == len(batches)
    assert event.labels.counts == dict(Counter(targets.tolist()))
    assert event.labels.distinct == np.mean([len(np.unique(batch)) for batch in batches])
    # Independent: how many classes are in a batch drawn at random, tried out.
    draw = np.random.default_rng(0)
    tried = np.mean([len(set(draw.permutation(targets.numpy())[:size])) for _ in range(2000)])
    assert event.labels.expected == pytest.approx(tried, abs=0.05)


def test_labels_of_a_long_pass_are_looked_at_now_and_then():
    targets = torch.arange(512) % 7
    event = only(walked(DataLoader(TensorDataset(numbers(512), targets), 2)))
    looked = [n for n in range(1, 257) if n <= 32 or n % 16 == 0]
    assert event.labels.batches == len(looked)
    expected = Counter(int(t) for n in looked for t in targets[2 * n - 2 : 2 * n])
    assert event.labels.counts == dict(expected)


def test_batches_without_class_indices_have_no_labels():
    data = TensorDataset(numbers(20), numbers(20, 1))
    assert only(walked(DataLoader(data, 4))).labels is None
    assert only(walked(DataLoader(TensorDataset(numbers(20)), 4))).labels is None


def test_inputs_are_in_numbers():
    pictures = torch.rand(48, 3, 6, 6, generator=torch.Generator().manual_seed(0))
    pictures[:, 1] = pictures[:, 1] * 4 + 1
    event = only(walked(DataLoader(TensorDataset(pictures), 16)))
    looked = torch.cat([pictures[:32]])  # batches 1 and 2 of 3
    inputs = event.inputs
    assert (inputs.shape, inputs.dtype, inputs.whole) == ((16, 3, 6, 6), "float32", False)
    assert inputs.low == looked.min().item()
    assert inputs.high == looked.max().item()
    exact = looked.double()
    assert inputs.mean == pytest.approx(exact.mean().item(), rel=1e-6)
    assert inputs.std == pytest.approx(exact.std(correction=0).item(), rel=1e-6)
    assert inputs.channel_means == pytest.approx(exact.mean((0, 2, 3)).tolist(), rel=1e-6)
    assert inputs.channel_stds == pytest.approx(
        exact.transpose(0, 1).flatten(1).std(1, correction=0).tolist(), rel=1e-6
    )
    assert not inputs.last_axis


def test_raw_bytes_as_floats_are_whole_numbers():
    pictures = torch.randint(0, 256, (8, 1, 5, 5)).float()
    assert only(walked(DataLoader(TensorDataset(pictures), 4))).inputs.whole


def test_channels_behind_the_pixels_are_noticed():
    pictures = torch.rand(8, 10, 12, 3)
    pictures[..., 2] += 9
    inputs = only(walked(DataLoader(TensorDataset(pictures), 8))).inputs
    assert inputs.last_axis
    assert inputs.channel_means[2] == pytest.approx(
        pictures[..., 2].double().mean().item(), rel=1e-6
    )
    assert not only(walked(DataLoader(TensorDataset(torch.rand(8, 3, 10, 3)), 8))).inputs.last_axis


def test_the_scales_of_columns_are_told():
    rows = torch.stack([numbers(64)[:, 0], numbers(64)[:, 1] * 5000, torch.full((64,), 3.0)], 1)
    low, high = only(walked(DataLoader(TensorDataset(rows), 64))).inputs.feature_stds
    spread = rows.double().std(0, correction=0)
    assert low == pytest.approx(spread[0].item(), rel=1e-6)
    assert high == pytest.approx(spread[1].item(), rel=1e-6)


def test_huge_batches_are_sampled_over_all_of_them():
    pictures = torch.zeros(4, 3, 200, 200)
    pictures[:, 0] = 1
    pictures[:, 2, :, 100:] = 4
    inputs = only(walked(DataLoader(TensorDataset(pictures), 4))).inputs
    assert inputs.channel_means == pytest.approx((1, 0, 2))
    assert (inputs.low, inputs.high) == (0, 4)


# -------------------------------------------------------------------- what it was used for


def forward(watcher, *inputs, training=True, grad=True, output=None, sensitive=0, **more):
    """As the lane tells of a model that was called."""
    active = watcher.passes.origin(inputs, more)
    if active is not None:
        active.forward(watcher.lane().fed, 0, training, sensitive, grad)
        if output is not None:
            active.output(output)
    return active


def train(watcher, active, step):
    active.loss(0.5)
    active.backward(watcher.lane().fed)
    active.step(watcher.lane().fed, step)


def test_a_training_pass_and_its_evaluation():
    with watching() as watcher:
        step = 0
        for epoch in range(2):
            for x, _ in DataLoader(labelled(20), 5):
                step += 1
                active = forward(watcher, x, sensitive=1)
                train(watcher, active, step)
            for x, _ in DataLoader(labelled(9), 3):
                scores = torch.eye(4)[torch.arange(3) + epoch % 2]
                evaluated = forward(watcher, x, training=False, grad=False, output=scores)
                evaluated.loss(2.0)
    training, evaluation, _, _ = passes(watcher)
    assert training.role == "training"
    assert (training.forwards, training.backwards, training.steps) == (4, 4, 4)
    assert (training.first_step, training.last_step) == (1, 4)
    assert (training.training_mode, training.sensitive_training, training.with_grad) == (4, 4, 4)
    assert (training.losses, training.loss, training.models) == (4, 0.5, (0,))
    assert training.predictions == {}
    assert evaluation.role == "evaluation"
    assert (evaluation.forwards, evaluation.training_mode, evaluation.with_grad) == (3, 0, 0)
    assert (evaluation.losses, evaluation.loss) == (3, 2.0)
    assert evaluation.predictions == {0: 3, 1: 3, 2: 3}
    assert evaluation.logit_spread == pytest.approx(float(np.eye(4)[:3].std(0).mean()), rel=1e-6)
    assert evaluation.ops[0].op == "batch"


def test_scores_are_found_among_other_outputs():
    with watching() as watcher:
        for x, _ in DataLoader(labelled(6), 3):
            scores = torch.eye(4)[:3]
            forward(watcher, x, grad=False, output={"loss": torch.tensor(1.0), "logits": scores})
    assert only(watcher).predictions == {0: 2, 1: 2, 2: 2}
    assert only(watcher).kept_graph == 0


def test_a_pass_is_written_when_a_later_one_is_used():
    with watching() as watcher:
        for x, _ in DataLoader(labelled(4), 2):
            forward(watcher, x)
        forward(watcher, x)  # the last batch may be used still
        list(DataLoader(labelled(4), 2))
        assert passes(watcher) == []
        for x, _ in DataLoader(labelled(4), 2):
            assert len(passes(watcher)) == (
                0 if watcher.given[-1].batches == 1 and not watcher.given[-1].forwards else 2
            )
            forward(watcher, x)
    assert [event.forwards for event in passes(watcher)] == [3, 0, 2]


def ahead(loader):
    """One batch ahead, as frameworks fetch to know which one is the last."""
    iterator = iter(loader)
    batch = next(iterator)
    for following in iterator:
        yield batch
        batch = following
    yield batch


@pytest.mark.parametrize(
    "change", [lambda x: x, torch.clone, lambda x: x.double(), lambda x: x[:2]]
)
def test_a_loop_that_fetches_ahead_is_told_by_use_not_by_time(change):
    with watching() as watcher:
        step = 0
        for _ in range(2):
            for x, _ in ahead(DataLoader(labelled(12), 3, shuffle=True)):
                step += 1
                train(watcher, forward(watcher, change(x)), step)
            for x, _ in ahead(DataLoader(labelled(6), 3)):
                forward(watcher, change(x), training=False, grad=False)
    found = [(e.role, e.batches, e.forwards, e.steps) for e in passes(watcher)]
    assert found == [("training", 4, 4, 4), ("evaluation", 2, 2, 0)] * 2


def test_two_loaders_that_feed_one_loss_are_both_training():
    with watching() as watcher:
        pairs = zip(DataLoader(labelled(12), 3), DataLoader(labelled(12, 1), 3), strict=True)
        for step, ((x, _), (u, _)) in enumerate(pairs, 1):
            forward(watcher, x)
            active = forward(watcher, u)
            train(watcher, active, step)
    assert [(e.role, e.backwards, e.steps) for e in passes(watcher)] == [("training", 4, 4)] * 2


def test_an_evaluation_that_records_graphs_inside_a_training_pass_stays_one():
    with watching() as watcher:
        for step, (x, _) in enumerate(DataLoader(labelled(12), 3), 1):
            for v, _ in DataLoader(labelled(12, 1), 3):
                forward(watcher, v, training=False)
            train(watcher, forward(watcher, x), step)
    roles = Counter((event.role, event.steps) for event in passes(watcher))
    assert roles == {("training", 4): 1, ("evaluation", 0): 4}


def test_a_loader_that_is_used_for_both_is_mixed():
    with watching() as watcher:
        for step, (x, _) in enumerate(DataLoader(labelled(12), 1), 1):
            active = forward(watcher, x)
            if step > 6:
                train(watcher, active, step)
    assert only(watcher).role == "mixed"


def test_accumulated_gradients_are_of_every_batch():
    with watching() as watcher:
        for number, (x, _) in enumerate(DataLoader(labelled(12), 2), 1):
            active = forward(watcher, x)
            active.backward(watcher.lane().fed)
            if number % 3 == 0:
                active.step(watcher.lane().fed, number // 3)
    event = only(watcher)
    assert (event.role, event.forwards, event.backwards, event.steps) == ("training", 6, 6, 2)


def test_an_input_is_known_by_its_memory_whatever_came_after():
    with watching() as watcher:
        (x, _), (later, _) = (next(iter(DataLoader(labelled(6, n), 6))) for n in range(2))
        assert forward(watcher, later.view(6, 4, 5)).id == 1
        assert forward(watcher, x.reshape(3, 40)).id == 0
        assert forward(watcher, mask=None, image={"x": x[1:]}).id == 0
        assert forward(watcher, torch.from_numpy(x.numpy().copy())).id == 0


def test_memory_that_was_freed_proves_nothing():
    with watching() as watcher:
        x, _ = next(iter(DataLoader(labelled(6), 6)))
        forward(watcher, x)
        del x, _
        seen = {forward(watcher, torch.rand(6, 20)) for _ in range(200)}
    assert seen == {None}


def test_an_input_from_no_loader_belongs_to_no_pass_after_the_end():
    with watching() as watcher:
        assert forward(watcher, torch.rand(3, 20)) is None
        for x, _ in DataLoader(labelled(6), 3):
            forward(watcher, x)
            # Between two batches it is a part of what is done with the first.
            assert forward(watcher, torch.rand(3, 7)) is not None
        assert forward(watcher, torch.rand(3, 20)) is None


def test_no_dataset_of_the_program_is_kept_alive():
    with watching() as watcher:
        data = labelled(12)
        alive = weakref.ref(data)
        for _ in DataLoader(data, 3, shuffle=True):
            break
        del data
        assert alive() is None
    assert only(watcher).batches == 1


def test_no_tensor_of_the_program_is_kept_alive():
    with watching() as watcher:
        alive = []
        for x, _ in DataLoader(labelled(12), 3):
            alive.append(weakref.ref(x))
            forward(watcher, x, output=x * 2)
        del x, _
        gc.collect()
        assert [reference() for reference in alive] == [None] * 4


# -------------------------------------------------------------------- bounds


def test_ever_more_passes_are_written_ever_more_rarely(monkeypatch):
    monkeypatch.setattr(ledger, "WRITTEN_ONE_BY_ONE", 10)
    loader = DataLoader(labelled(2), 1)
    with watching() as watcher:
        for _ in range(320):
            next(iter(loader))
    assert [event.id for event in passes(watcher)][:10] == list(range(10))
    assert 40 <= len(passes(watcher)) <= 60
    assert [what for what, _ in watcher.recorder.gaps] == ["passes"]


def test_a_loader_that_is_made_anew_stands_for_the_one_before():
    data = labelled(4)
    with watching() as watcher:
        for _ in range(40):
            list(DataLoader(data, 2))
        assert len(watcher.passes._ledger._overlaps.loaders()) == 1
        assert len(watcher.passes.walks._by_iterator) <= 1
    assert len(passes(watcher)) == 40
    assert watcher.recorder.gaps == []


def test_loaders_of_ever_new_data_make_room_for_each_other():
    with watching() as watcher:
        for seed in range(40):
            list(DataLoader(labelled(4, seed), 2))
        assert len(watcher.passes._ledger._overlaps.loaders()) <= 16
    assert len(passes(watcher)) == 40
    assert len(watcher.recorder.gaps) == 1


def test_iterators_that_are_never_finished_are_given_up_at_last():
    loader = DataLoader(labelled(4), 2)
    with watching() as watcher:
        kept = [iter(loader) for _ in range(100)]
        for iterator in kept:
            next(iterator)
        assert len(watcher.passes._open) <= 64
    assert len(passes(watcher)) == 100


# -------------------------------------------------------------------- the loader


def loader_of(watcher) -> Loader:
    (event,) = watcher.recorder.of(Loader)
    return event


@pytest.mark.parametrize(
    ("make", "sampler", "shuffle"),
    [
        (lambda data: {}, "SequentialSampler", False),
        (lambda data: {"shuffle": True}, "RandomSampler", True),
        (lambda data: {"sampler": WeightedRandomSampler([1.0] * len(data), 5)}, "WeightedRandomSampler", True),
        (lambda data: {"sampler": list(range(len(data)))}, "list", None),
        (
            lambda data: {"batch_sampler": BatchSampler(SequentialSampler(data), 4, drop_last=True), "batch_size": 1},
            "SequentialSampler", False,
        ),
    ],
)  # fmt: skip
def test_what_a_loader_draws_from(make, sampler, shuffle):
    data = labelled(10)
    event = loader_of(walked(DataLoader(data, **({"batch_size": 4} | make(data)))))
    assert (event.sampler, event.shuffle) == (sampler, shuffle)
    assert event.batch_size == 4


def test_what_is_dropped_and_how_it_is_seeded():
    generator = torch.Generator()
    loader = DataLoader(
        labelled(23), 5, shuffle=True, drop_last=True, generator=generator,
        worker_init_fn=print, collate_fn=torch.utils.data.default_collate,
    )  # fmt: skip
    event = loader_of(walked(loader))
    assert (event.drop_last, event.drops, event.length) == (True, 3, 4)
    assert (event.seeded_generator, event.worker_init, event.workers) == (True, True, 0)
    assert event.class_name == "DataLoader"
    assert event.site == 0


class Counting(torch.utils.data.Sampler):
    """A sampler whose length may not be asked for."""

    def __iter__(self):
        return iter(range(6))

    def __len__(self):
        raise AssertionError


def test_a_sampler_of_the_users_is_not_asked_for_its_length():
    event = loader_of(walked(DataLoader(labelled(6), 2, sampler=Counting())))
    assert (event.length, event.sampler, event.shuffle) == (None, "Counting", None)


def test_the_length_of_a_stream_is_not_asked_for():
    class Sized(Stream):
        def __len__(self):
            raise AssertionError

    assert loader_of(walked(DataLoader(Sized(4)))).length is None


@pytest.mark.filterwarnings("ignore:.*quantize:UserWarning")
def test_quantised_batches_do_no_harm():
    odd = torch.quantize_per_tensor(torch.rand(4, 3), 0.1, 0, torch.qint8)
    loader = DataLoader([0], batch_size=None, collate_fn=lambda _: odd)
    assert (only(walked(loader)).samples, only(walked(loader)).hashed) == (4, False)


def test_random_streams_are_the_same_with_and_without():
    def walk():
        torch.manual_seed(5)
        loader = DataLoader(labelled(30), 4, shuffle=True)
        batches = [x.clone() for _ in range(2) for x, _ in loader]
        return batches, torch.get_rng_state()

    without, state = walk()
    with watching():
        within, watched_state = walk()
    assert all(map(torch.equal, without, within))
    assert torch.equal(state, watched_state)
