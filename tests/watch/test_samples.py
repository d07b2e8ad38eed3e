"""Samples told apart by content, compared with the bytes themselves."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from goingdeep.watch.data import taken
from goingdeep.watch.data.overlaps import MAX_LOADERS, Overlaps
from goingdeep.watch.data.samples import sample_hashes, whole_hashes
from goingdeep.watch.data.taken import MAX_KEPT, Samples


def groups(rows: list) -> list[int]:
    """Which rows are the same, as the index of the first one of each kind."""
    first: dict = {}
    return [first.setdefault(row, index) for index, row in enumerate(rows)]


def same_as_bytes(batch: torch.Tensor, hashes_of=sample_hashes) -> bool:
    hashes = hashes_of(batch)
    assert hashes is not None
    plain = batch.contiguous().view(torch.uint8) if batch.dim() else batch
    rows = [row.numpy().tobytes() for row in plain]
    return groups(hashes.tolist()) == groups(rows)


@pytest.fixture
def pictures() -> torch.Tensor:
    from goingdeep.data.sources import load

    images = torch.from_numpy(load("fashion-mnist-sample").train.images[:3000])
    return torch.cat([images, images[::7]])


# -------------------------------------------------------------------- content


def test_pictures_are_told_apart_as_by_their_bytes(pictures):
    assert same_as_bytes(pictures)
    assert same_as_bytes(pictures.float() / 255)
    assert same_as_bytes((pictures.float() / 255).half())


def test_whole_samples_are_told_apart_as_by_their_bytes(pictures):
    few = pictures[:600]
    assert same_as_bytes(few.float(), whole_hashes)
    assert same_as_bytes((few > 60).float(), whole_hashes)
    assert same_as_bytes(few > 60, whole_hashes)
    assert same_as_bytes((few > 60).half(), whole_hashes)
    assert whole_hashes(few.transpose(2, 3).float()).tolist() != whole_hashes(few.float()).tolist()


def test_whether_the_hash_is_enough_is_found_out(pictures):
    def enough(data, size=64) -> bool:
        samples = Samples(check=True)
        for batch in data.split(size):
            samples.read(batch, alone=False)
        return samples.close().enough

    assert enough(pictures)
    assert enough(pictures.float() / 255)
    assert enough(torch.rand(3000, 3, 32, 32))
    assert not enough((pictures > 60).float())
    assert not enough(torch.eye(4096)[::2])
    assert not enough(torch.eye(4096)[:1000])


@pytest.mark.parametrize(
    "dtype",
    [torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.uint8, torch.int64],
)
@pytest.mark.parametrize("width", [1, 2, 3, 8, 15, 40])
def test_rows_that_differ_in_two_places_are_told_apart(dtype, width):
    # Each row is zero but for two ones: simple numbers differ in few bits.
    rows = torch.zeros(width * width, width, dtype=dtype)
    for index in range(width * width):
        rows[index, index // width] = 1
        rows[index, index % width] = 1
    assert same_as_bytes(rows)


def test_zero_and_minus_zero_are_different_bits():
    assert same_as_bytes(torch.tensor([[0.0, -0.0], [0.0, 0.0], [-0.0, 0.0]]))
    assert same_as_bytes(torch.tensor([[float("nan"), 1.0], [float("nan"), 1.0], [1.0, 2.0]]))


def test_numbers_alone_are_told_apart():
    assert same_as_bytes(torch.tensor([1.0, 2.0, 1.0, 3.0]).unsqueeze(1))
    assert groups(sample_hashes(torch.tensor([5, 6, 5])).tolist()) == [0, 1, 0]


@pytest.mark.parametrize(
    "laid_out",
    [
        lambda batch: batch.contiguous(memory_format=torch.channels_last),
        lambda batch: batch.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2),
        lambda batch: torch.cat([batch[0].flatten()[:1], batch.flatten()])[1:].view(batch.shape),
        lambda batch: torch.stack([batch, batch], -1)[..., 0],
    ],
)
@pytest.mark.parametrize("shape", [(9, 3, 17, 5), (9, 3, 20, 20), (9, 1, 3, 3)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16, torch.uint8])
def test_the_layout_in_memory_does_not_matter(laid_out, shape, dtype):
    batch = (torch.rand(shape, generator=torch.Generator().manual_seed(1)) * 200).to(dtype)
    assert sample_hashes(laid_out(batch)).tolist() == sample_hashes(batch).tolist()


def test_the_place_in_the_batch_does_not_matter(pictures):
    batch = pictures[:50].float()
    together = sample_hashes(batch).tolist()
    assert [sample_hashes(batch[i : i + 1]).item() for i in range(50)] == together
    assert sample_hashes(batch, 4).tolist() == together[:4]
    assert [sample_hashes(row, alone=True).item() for row in batch] == together


def test_an_expanded_batch_is_read_as_it_looks():
    row = torch.rand(1, 3, 8, 8)
    assert len(set(sample_hashes(row.expand(5, 3, 8, 8)).tolist())) == 1


def test_zeros_that_pad_a_sequence_do_not_change_it():
    tokens = torch.randint(1, 1000, (6, 500), generator=torch.Generator().manual_seed(2))
    padded = torch.cat([tokens, torch.zeros(6, 700, dtype=torch.int64)], 1)
    assert sample_hashes(padded).tolist() == sample_hashes(tokens).tolist()
    assert sample_hashes(tokens[:, :490]).tolist() != sample_hashes(tokens).tolist()


def test_memory_that_is_used_again_is_read_again():
    batch = torch.zeros(4, 100)
    seen = set()
    for value in range(20):
        batch[:, 50] = value
        seen.add(sample_hashes(batch)[0].item())
    assert len(seen) == 20


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16, torch.uint8])
def test_samples_of_one_value_hash_to_zero_and_others_do_not(dtype):
    batch = torch.zeros(5, 1, 16, 16, dtype=dtype)
    batch[1] = 7
    batch[2] = 255
    batch[3, :, 4:12] = 9
    batch[4] = torch.arange(256).view(1, 16, 16).to(dtype)
    assert (sample_hashes(batch) == 0).tolist() == [True, True, True, False, False]


# -------------------------------------------------------------------- what cannot be read


@pytest.mark.parametrize(
    "tensor",
    [
        torch.rand(4, 5, device="meta"),
        torch.rand(4, 5).to_sparse(),
        torch.rand(4, 5, dtype=torch.complex64),
        torch.rand(0, 5),
        torch.rand(4, 0),
        torch.tensor(1.0),
    ],
)
def test_what_has_no_readable_rows_has_no_hashes(tensor):
    assert sample_hashes(tensor) is None


def test_an_emptied_storage_is_not_read():
    batch = torch.rand(1000, 100)
    view = batch[500:]
    across = view.t()
    batch.untyped_storage().resize_(0)
    assert sample_hashes(batch) is None
    assert sample_hashes(view) is None
    assert sample_hashes(across) is None


def test_fake_tensors_are_not_read():
    from torch._subclasses.fake_tensor import FakeTensorMode

    with FakeTensorMode():
        batch = torch.empty(4, 100)
    assert sample_hashes(batch) is None


# -------------------------------------------------------------------- nothing changes


def test_reading_leaves_tensor_and_generator_as_they_were():
    batch = torch.rand(8, 100, requires_grad=True)
    strange = torch.rand(8, 10, 10).transpose(1, 2)
    state, version = torch.get_rng_state(), batch._version
    sample_hashes(batch)
    sample_hashes(strange)
    assert torch.equal(torch.get_rng_state(), state)
    assert batch._version == version
    fresh = torch.rand(8, 100)
    sample_hashes(fresh)
    fresh.resize_(100, 100)  # a tensor that NumPy was shown cannot grow any more


def test_modes_of_the_user_are_not_told():
    batch = torch.rand(8, 100)

    class Ops(TorchDispatchMode):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            raise AssertionError(func)

    class Functions(TorchFunctionMode):
        def __torch_function__(self, func, types, args=(), kwargs=None):
            raise AssertionError(func)

    with Ops(), Functions(), torch._C.DisableTorchFunction():
        assert sample_hashes(batch) is not None


# -------------------------------------------------------------------- a pass


def in_batches(hashes, size: int) -> Samples:
    samples = Samples()
    for first in range(0, len(hashes), size):
        samples.add(hashes[first : first + size])
    return samples


def test_the_order_is_told_for_batches_of_any_size():
    hashes = np.arange(1, 40_001, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    orders = {in_batches(hashes, size).close().order for size in (1, 7, 64, 40_000)}
    assert len(orders) == 1
    swapped = hashes.copy()
    swapped[[20_000, 20_001]] = swapped[[20_001, 20_000]]
    assert in_batches(swapped, 64).close().order not in orders
    assert in_batches(hashes[:-1], 64).close().order not in orders


def test_the_first_five_batches_are_told_one_by_one():
    hashes = np.arange(64 * 8, dtype=np.uint64)
    head = in_batches(hashes, 64).head
    assert len(head) == 5 == len(set(head))
    assert in_batches(hashes[64:], 64).head[:4] == head[1:]


def test_only_so_many_hashes_are_kept(monkeypatch):
    monkeypatch.setattr(taken, "MAX_KEPT", 100)
    found = in_batches(np.arange(1000, dtype=np.uint64), 7).close()
    assert found.kept.tolist() == list(range(100))
    assert found.samples == 1000


# -------------------------------------------------------------------- two loaders


def summary_of(known: Overlaps, loader: int, values, *, complete=True):
    found = in_batches(np.array(values, np.uint64), 10).close()
    return known.summary(loader, found, complete=complete)


def test_overlap_is_that_of_sets():
    draw = np.random.default_rng(0)
    first = draw.integers(0, 3000, 4000, dtype=np.uint64)
    second = draw.integers(2000, 5000, 1000, dtype=np.uint64)
    known = Overlaps()
    one = summary_of(known, 0, first)
    two = summary_of(known, 1, second)
    again = summary_of(known, 0, first[::-1])
    content = set(first.tolist()) - {0}
    assert one.overlap == {}
    assert one.distinct == len(set(first.tolist()))
    assert one.constant == int((first == 0).sum())
    assert two.overlap == {0: sum(value in content for value in second.tolist())}
    others = set(second.tolist())
    assert again.overlap == {1: sum(value in others for value in first.tolist())}
    assert again.distinct == one.distinct


def test_samples_without_content_are_in_no_overlap():
    known = Overlaps()
    summary_of(known, 0, [0, 0, 1])
    assert summary_of(known, 1, [0, 0, 0, 2]).overlap == {}
    assert summary_of(known, 2, [0, 1]).overlap == {0: 1}


def test_passes_that_are_given_up_add_to_each_other_until_one_is_whole():
    known = Overlaps()
    for value in range(1, 33):
        summary_of(known, 0, [value], complete=False)
    assert summary_of(known, 1, range(1, 65)).overlap == {0: 32}
    summary_of(known, 0, [1, 2, 3], complete=True)
    assert summary_of(known, 1, range(1, 65)).overlap == {0: 3}
    summary_of(known, 0, [7, 8], complete=True)  # the first whole one stays
    assert summary_of(known, 1, range(1, 65)).overlap == {0: 3}


def test_so_many_loaders_are_compared_and_no_more():
    known = Overlaps()
    for loader in range(MAX_LOADERS):
        summary_of(known, loader, [1, loader + 2])
    assert not known.knows(99)
    assert len(summary_of(known, 99, [1]).overlap) == MAX_LOADERS
    known.forget(0)
    assert known.knows(99)
    assert 0 not in summary_of(known, 99, [1]).overlap


def test_what_is_kept_stays_small():
    known = Overlaps()
    for loader in range(20):
        summary_of(known, loader, np.arange(loader, 70_000 + loader), complete=loader % 2 == 0)
    held = sum(
        content.nbytes for kept in known._kept.values() for content in (kept.content, *kept.waiting)
    )
    assert held <= MAX_LOADERS * MAX_KEPT * 8 * 2
