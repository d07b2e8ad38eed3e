"""Any tensor in numbers: against NumPy, for every kind there is, and without a trace."""

from __future__ import annotations

import math
import weakref

import numpy as np
import pytest
import torch
from torch import nn
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from goingdeep.record.look import Values
from goingdeep.watch.reading.aside import aside, not_now
from goingdeep.watch.reading.content import content_hash
from goingdeep.watch.reading.exact import exact, exact_values, short
from goingdeep.watch.reading.picture import picture
from goingdeep.watch.reading.tensors import (
    MOST,
    PIECE,
    SAMPLE,
    flat,
    largest_at,
    norm,
    readable,
    spread,
    values,
)


def numbers_of(tensor: torch.Tensor) -> np.ndarray:
    """The same values in float64, by way of Python numbers only."""
    return np.array(tensor.detach().reshape(-1).tolist(), dtype=np.float64)


def drawn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


DTYPES = [
    torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.float8_e4m3fn,
    torch.float8_e5m2, torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8,
    torch.uint16, torch.uint32, torch.bool,
]  # fmt: skip


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_statistics_are_those_of_numpy(dtype):
    tensor = (drawn(7, 11) * 3).clamp(-9, 9)
    tensor = (tensor.abs() if dtype.is_floating_point is False else tensor).to(dtype)
    tensor[0, :4] = 0
    known = numbers_of(tensor)
    seen = values(tensor)
    assert (seen.shape, seen.dtype, seen.device, seen.note) == ((7, 11), str(dtype)[6:], "cpu", "")
    assert seen.low == pytest.approx(known.min(), rel=1e-6)
    assert seen.high == pytest.approx(known.max(), rel=1e-6)
    assert seen.mean == pytest.approx(known.mean(), rel=1e-5)
    assert seen.std == pytest.approx(known.std(), rel=1e-5)
    assert seen.zeros == pytest.approx((known == 0).mean(), rel=1e-6)
    assert seen.zeros >= 4 / 77 - 1e-7
    assert (seen.non_finite, seen.sampled, seen.tracked) == (0, 0, False)


@pytest.mark.parametrize("scale", [1e-38, 1e-30, 1e-20, 1e-12, 1.0, 1e12, 1e20, 1e30, 1e37])
def test_statistics_hold_over_the_whole_range_of_float32(scale):
    tensor = drawn(1000) * scale
    known = numbers_of(tensor)
    seen = values(tensor)
    assert seen.mean == pytest.approx(known.mean(), rel=1e-3)
    assert seen.std == pytest.approx(known.std(), rel=1e-5)
    assert norm(tensor) == pytest.approx(np.linalg.norm(known), rel=1e-5)


def test_a_small_spread_around_a_large_mean_is_still_seen():
    tensor = 10_000 + drawn(5000)
    assert values(tensor).std == pytest.approx(numbers_of(tensor).std(), rel=1e-3)
    assert values(torch.full((1000,), 0.1)).std == 0


@pytest.mark.parametrize("count", [PIECE - 1, PIECE, PIECE + 1, 3 * PIECE + 17, MOST])
def test_many_values_are_summed_as_exactly_as_few(count):
    tensor = torch.rand(count, generator=torch.Generator().manual_seed(1)) + 0.1
    known = tensor.double().numpy()
    seen = values(tensor)
    assert seen.mean == pytest.approx(known.mean(), rel=1e-6)
    assert seen.std == pytest.approx(known.std(), rel=1e-5)
    assert norm(tensor) == pytest.approx(np.linalg.norm(known), rel=2e-6)


def test_the_largest_is_found_and_the_storage_is_not_marked():
    tensor = torch.tensor([[1.0, -4.0], [4.0, 2.0]], requires_grad=True)
    for each in (tensor, tensor.t(), tensor.half()):
        assert largest_at(each) == (0, 1)
    assert largest_at(torch.tensor(-3.0)) == ()
    assert tensor.untyped_storage().resizable()


def test_what_is_not_finite_is_counted_and_left_out():
    tensor = torch.tensor([1.0, math.nan, 3.0, math.inf, -math.inf, 0.0])
    assert values(tensor) == Values(
        (6,), "float32", low=0.0, high=3.0, mean=pytest.approx(4 / 3),
        std=pytest.approx(np.std([1, 3, 0]), rel=1e-6), zeros=pytest.approx(1 / 6),
        non_finite=3, tracked=False,
    )  # fmt: skip
    nothing = values(torch.full((4,), math.nan))
    assert (nothing.low, nothing.mean, nothing.non_finite) == (None, None, 4)
    assert math.isnan(norm(torch.tensor([1.0, math.nan])))
    assert norm(torch.tensor([1.0, math.inf])) == math.inf


def test_whole_numbers_keep_every_digit():
    seen = values(torch.tensor([2**40 + 1, -(2**45) + 3]))
    assert (seen.low, seen.high) == (-(2**45) + 3, 2**40 + 1)
    assert short(16777217.0) == 16777217.0
    assert short(math.pi) == 3.141593


def test_one_number_is_its_own_statistics():
    one = values(torch.tensor(2.5))
    assert (one.shape, one.low, one.high, one.mean, one.std) == ((), 2.5, 2.5, 2.5, 0.0)
    assert values(torch.tensor(0.0)).zeros == 1.0
    assert values(torch.tensor(math.nan)).non_finite == 1


class WithCode(torch.Tensor):
    """A subclass that notices every call."""

    calls: tuple[str, ...] = ()

    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        WithCode.calls += (str(function),)
        return super().__torch_function__(function, types, args, kwargs or {})


class Wrapping(torch.Tensor):
    """A subclass that answers for itself below autograd."""

    @staticmethod
    def __new__(cls, shape):
        return torch.Tensor._make_wrapper_subclass(cls, shape)

    @classmethod
    def __torch_dispatch__(cls, function, types, args=(), kwargs=None):
        raise AssertionError("the user's code ran")


def jagged(layout):
    return torch.nested.nested_tensor([torch.ones(2, 3), torch.ones(4, 3)], layout=layout)


ODD = {
    "meta": (lambda: torch.ones(2, 3, device="meta"), (2, 3), "meta"),
    "sparse": (lambda: torch.eye(3).to_sparse(), (3, 3), "sparse"),
    "csr": (lambda: torch.eye(3).to_sparse_csr(), (3, 3), "sparse"),
    "mkldnn": (lambda: torch.eye(3).to_mkldnn(), (3, 3), "layout"),
    "complex": (lambda: torch.ones(2, dtype=torch.complex64), (2,), "complex"),
    "nested": (lambda: jagged(torch.strided), (2, -1, 3), "nested"),
    "jagged": (lambda: jagged(torch.jagged), (2, -1, 3), "nested"),
    "empty": (lambda: torch.ones(0, 5), (0, 5), "no values"),
    "empty integers": (lambda: torch.ones(0, dtype=torch.int64), (0,), "no values"),
    "wrapped": (lambda: Wrapping((4, 5)), (4, 5), "subclass"),
    "bits": (lambda: torch.empty(4, dtype=torch.bits8), (4,), "unreadable"),
    "half a byte": (lambda: torch.empty(4, dtype=torch.float4_e2m1fn_x2), (4,), "unreadable"),
    "without a shape": (nn.parameter.UninitializedParameter, (0,), "no values"),
}


@pytest.mark.filterwarnings("ignore:.*(Sparse CSR|nested tensors|prototype)")
@pytest.mark.parametrize("kind", ODD)
def test_a_tensor_without_numbers_says_why(kind):
    make, shape, note = ODD[kind]
    tensor = make()
    seen = values(tensor)
    assert (seen.shape, seen.note) == (shape, note)
    assert (seen.low, seen.high, seen.mean, seen.std) == (None,) * 4
    assert picture(tensor) is None
    assert content_hash([tensor])


@pytest.mark.filterwarnings("ignore:.*quantized tensor creation")
def test_a_quantised_tensor_has_the_numbers_it_stands_for():
    seen = values(torch.quantize_per_tensor(torch.tensor([0.0, 0.5, 2.0]), 0.5, 3, torch.quint8))
    assert (seen.dtype, seen.low, seen.high) == ("quint8", 0.0, 2.0)
    assert seen.mean == pytest.approx(2.5 / 3, rel=1e-6)


def test_a_parameter_and_an_inference_tensor_are_read_like_any_other():
    parameter = values(nn.Parameter(torch.tensor([1.0, 3.0])))
    assert (parameter.mean, parameter.tracked) == (2.0, True)
    with torch.inference_mode():
        inference = torch.tensor([1.0, 3.0])
        assert values(inference).mean == 2.0
    assert values(inference).mean == 2.0


def test_within_a_functional_transform_only_the_shape_is_known():
    notes = []
    outside = torch.ones(3)

    def square(x):
        notes.append((values(x).note, values(x).shape, values(outside).mean))
        return (x * x).sum()

    torch.func.vmap(square)(torch.ones(4, 2))
    torch.func.grad(square)(torch.ones(2))
    assert notes == [("functorch", (2,), 1.0)] * 2


def test_a_fake_tensor_has_no_numbers():
    from torch._subclasses.fake_tensor import FakeTensorMode

    with FakeTensorMode():
        fake = torch.ones(3, 4)
        seen = values(fake)
    assert (seen.shape, seen.note) == ((3, 4), "subclass")


# ---------------------------------------------------------------- huge ones


def test_of_a_huge_tensor_a_sample_is_looked_at():
    tensor = torch.arange(MOST + 8, dtype=torch.float32)
    seen = values(tensor)
    assert 0 < seen.sampled <= SAMPLE
    assert seen.mean == pytest.approx(MOST / 2, rel=1e-3)
    assert seen.std == pytest.approx(MOST / math.sqrt(12), rel=1e-3)
    assert values(tensor[:MOST]).sampled == 0


@pytest.mark.parametrize("memory", [torch.contiguous_format, torch.channels_last])
def test_a_sample_falls_on_every_channel_alike(memory):
    tensor = torch.zeros(8, 4, 64, 64).to(memory_format=memory)
    tensor[:, 1] = 1
    sample = spread(tensor, 1000)
    assert 500 < sample.numel() <= 1000
    assert sample.mean().item() == pytest.approx(0.25, abs=0.01)
    assert sample.untyped_storage().data_ptr() == tensor.untyped_storage().data_ptr()


def test_a_sample_of_a_part_stays_within_it():
    whole = torch.arange(100 * 100, dtype=torch.float32).view(100, 100)
    for part in (whole[:, 10:20], whole[3:, :].t(), whole[5:50], torch.ones(1, 7).expand(300, 7)):
        allowed = set(part.reshape(-1).tolist())
        sample = spread(part, 50)
        assert 0 < sample.numel() <= 50
        assert set(sample.reshape(-1).tolist()) <= allowed


def test_values_in_one_dimension_are_all_of_them():
    base = torch.arange(24.0).view(2, 3, 4)
    for tensor in (base, base.permute(2, 0, 1), base[:, :2], base[0, 0, 0]):
        assert sorted(flat(tensor).tolist()) == sorted(tensor.reshape(-1).tolist())
    assert flat(base.permute(2, 0, 1)).data_ptr() == base.data_ptr()


# ---------------------------------------------------------------- without a trace


def test_reading_leaves_the_tensor_as_it_was():
    base = drawn(6, 4)
    tensor = base.clone().requires_grad_()
    product = tensor * 2
    torch.manual_seed(3)
    random = torch.get_rng_state()
    for each in (tensor, product, base):
        version = each._version
        values(each), picture(each.view(1, 1, 6, 4)), content_hash([each]), readable(each)
        exact_values(each.detach().view(-1))
        assert each._version == version
        # numpy() would have said for ever that this memory cannot be resized.
        assert each.untyped_storage().resizable()
    assert torch.equal(torch.get_rng_state(), random)
    assert tensor.grad is None
    product.sum().backward()
    assert torch.equal(tensor.grad, torch.full((6, 4), 2.0))


def test_no_tensor_is_kept():
    tensor = drawn(3, 1, 8, 8)
    gone = weakref.ref(tensor)
    values(tensor), picture(tensor), content_hash([tensor])
    del tensor
    assert gone() is None


def test_the_users_modes_and_subclasses_are_not_told():
    seen = []

    class Functions(TorchFunctionMode):
        def __torch_function__(self, function, types, args=(), kwargs=None):
            seen.append(function)
            return function(*args, **(kwargs or {}))

    class Dispatches(TorchDispatchMode):
        def __torch_dispatch__(self, function, types, args=(), kwargs=None):
            seen.append(function)
            return function(*args, **(kwargs or {}))

    tensor = drawn(2, 1, 4, 4)
    mine = tensor.as_subclass(WithCode)
    WithCode.calls = ()
    with Functions(), Dispatches():
        results = [
            (values(each).mean, content_hash([each]), picture(each) is not None)
            for each in (tensor, mine)
        ]
        assert seen == []
        _ = tensor + 1
        assert len(seen) == 2
    assert results[0] == results[1]
    assert WithCode.calls == ()


def test_grad_mode_and_autocast_are_given_back_even_after_a_fault():
    weight = nn.Parameter(torch.ones(2))
    with torch.autocast("cpu", torch.bfloat16):
        with aside():
            assert not torch.is_grad_enabled()
            assert not torch.is_autocast_enabled("cpu")
            assert not (weight * 2).requires_grad
        with pytest.raises(KeyError), aside():
            raise KeyError
        assert torch.is_autocast_enabled("cpu")
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype is torch.bfloat16
    assert torch.is_grad_enabled()
    with torch.no_grad():
        values(weight)
        assert not torch.is_grad_enabled()


@pytest.mark.filterwarnings("ignore")
def test_tracing_is_noticed():
    found = []

    def function(x):
        found.append(bool(not_now()))
        return x + 1

    torch.jit.trace(function, torch.ones(2), check_trace=False)
    assert found == [True]
    assert not not_now()


# ---------------------------------------------------------------- exact numbers


def test_a_number_of_float32_is_written_as_shortly_as_it_can_be():
    assert [exact(np.float32(text).item()) for text in ("0.1", "3.4e38", "1e-45", "-2.5")] == [
        0.1, 3.4e38, 1e-45, -2.5,
    ]  # fmt: skip
    assert exact(0.1, torch.float64) == 0.1
    assert exact(1 / 3, torch.float64) == 1 / 3
    assert [exact(v) for v in (math.nan, math.inf, -math.inf)] == ["nan", "inf", "-inf"]


def patterns() -> np.ndarray:
    """float32 of every size, and those around powers of ten and two."""
    random = np.random.default_rng(0)
    bits = random.integers(0, 2**32, 50_000, dtype=np.uint32).view(np.float32)
    near = np.float32(10.0) ** np.arange(-38, 39, dtype=np.float32)
    even = np.float32(2.0) ** np.arange(-126, 128, dtype=np.float32)
    usual = random.standard_normal(50_000).astype(np.float32)
    tenths = (np.arange(20_000) / 1000).astype(np.float32)
    around = [np.nextafter(near, np.float32(np.inf)), np.nextafter(near, np.float32(0))]
    return np.concatenate([bits, near, even, usual, tenths, -near, *around])


def test_many_exact_numbers_are_what_numpy_writes_for_each():
    array = patterns()
    known = [float(str(value)) if np.isfinite(value) else str(value) for value in array]
    assert exact_values(torch.from_numpy(array)) == known
    finite = np.array([value for value in known if isinstance(value, float)])
    back = finite.astype(np.float32)
    assert np.array_equal(back.view(np.uint32), array[np.isfinite(array)].view(np.uint32))


def test_exact_numbers_of_other_precisions_are_read_back_unchanged():
    for dtype in (torch.float64, torch.float16, torch.bfloat16):
        tensor = drawn(200).to(dtype)
        assert torch.equal(
            torch.tensor(exact_values(tensor), dtype=torch.float64).to(dtype), tensor
        )


# ---------------------------------------------------------------- pictures


def test_a_picture_says_which_values_its_ends_stand_for():
    images = drawn(20, 3, 16, 16)
    array, low, high = picture(images)
    assert (array.shape, array.dtype) == ((16, 3, 16, 16), np.uint8)
    assert (low, high) == (images[:16].min().item(), images[:16].max().item())
    shown = low + (high - low) * array / 255.0
    assert np.abs(shown - images[:16].numpy()).max() <= (high - low) / 510 + 1e-6


def test_a_large_picture_is_thinned_and_many_bytes_are_not_kept():
    array, _, _ = picture(torch.rand(16, 3, 224, 150))
    assert array.shape == (7, 3, 56, 38)
    assert picture(torch.rand(16, 3, 64, 64))[0].nbytes <= 48 << 10
    rows = torch.arange(224.0).view(1, 1, 224, 1).expand(1, 1, 224, 150)
    assert picture(rows)[0][0, 0, :3, 0].tolist() == [0, 5, 9]  # rows 0, 4, 8 of 0 to 220


def test_what_may_be_a_picture_and_what_not():
    assert picture(torch.rand(5, 9, 8))[0].shape == (5, 1, 9, 8)
    assert picture(torch.ones(2, 1, 3, 3))[1:] == (1.0, 1.0)
    assert picture(torch.tensor([[[0, 255]]], dtype=torch.uint8))[0].tolist() == [[[[0, 255]]]]
    for shape in (
        (5,),
        (5, 4),
        (5, 2, 8, 8),
        (5, 8, 8, 3),
        (2, 3, 4, 4, 4),
        (0, 1, 4, 4),
        (2, 1, 0, 4),
    ):
        assert picture(torch.ones(shape)) is None, shape


def test_a_picture_with_nan_is_drawn_without_it():
    image = torch.tensor([[[[0.0, math.nan, 1.0, math.inf, -math.inf]]]])
    array, low, high = picture(image)
    assert (array[0, 0, 0].tolist(), low, high) == ([0, 0, 255, 255, 0], 0.0, 1.0)
    assert picture(torch.full((1, 1, 2, 2), math.nan))[0].sum() == 0


# ---------------------------------------------------------------- hashes


def test_equal_tensors_have_equal_hashes_and_others_not():
    tensors = [drawn(30, 40), torch.arange(5), torch.tensor(1.0, dtype=torch.bfloat16)]
    same = content_hash([tensor.clone() for tensor in tensors])
    assert content_hash(tensors) == same
    assert len(same) == 32
    small = drawn(3, 4)
    others = [
        [small.view(4, 3)], [small.double()], [small, small], [small[:2]], [small + 1e-6], [],
        [small.t()],
    ]  # fmt: skip
    hashes = {content_hash(other) for other in [[small], *others]}
    assert len(hashes) == len(others) + 1


def test_one_small_change_in_ten_thousand_tensors_can_be_seen_only_where_it_is_looked():
    many = [torch.zeros(2) for _ in range(5000)]
    before = content_hash(many)
    many[0][0] = 1
    assert content_hash(many) != before
