"""Order and augmentation, against a slow reference for one sample at a time."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from goingdeep.data.augment import augment, plan_epoch
from goingdeep.data.images import Part
from goingdeep.data.loader import Slices, batches_in_order, steps_per_epoch, training_batches

quick = settings(deadline=None, max_examples=100)

shapes = st.tuples(st.integers(1, 4), st.integers(1, 9), st.integers(1, 9))
flips = st.sampled_from(["none", "random", "alternate"])
seeds = st.integers(0, 2**31 - 1)


def slow(image: np.ndarray, sample: int, plan) -> np.ndarray:
    """What the plan says for one sample, pixel by pixel."""
    _, height, width = image.shape
    if plan.flip is not None and plan.flip[sample]:
        image = image[:, :, ::-1]
    if plan.shift is not None:
        down, right = (int(n) - plan.shift_amount for n in plan.shift[sample])
        moved = np.zeros_like(image)
        for y in range(height):
            for x in range(width):
                if 0 <= y + down < height and 0 <= x + right < width:
                    moved[:, y, x] = image[:, y + down, x + right]
        image = moved
    if plan.cutout is not None:
        y, x = plan.cutout[sample].numpy()
        top = int(np.float32(y) * np.float32(height)) - plan.cutout_size // 2
        left = int(np.float32(x) * np.float32(width)) - plan.cutout_size // 2
        image = image.copy()
        size = plan.cutout_size
        image[:, max(0, top) : max(0, top + size), max(0, left) : max(0, left + size)] = 0
    return image


@quick
@given(
    shapes, st.integers(1, 12), seeds, st.integers(0, 5), flips, st.integers(0, 12),
    st.integers(0, 20), st.data(),
)  # fmt: skip
def test_every_augmented_image_is_that_of_the_slow_reference(
    shape, count, seed, epoch, flip, shift, cutout, data
):
    images = np.random.default_rng(seed).integers(1, 256, (count, *shape), dtype=np.uint8)
    before = images.copy()
    plan = plan_epoch(count, seed, epoch, flip=flip, shift=shift, cutout=cutout)
    chosen = data.draw(st.lists(st.integers(0, count - 1), min_size=1, max_size=12))
    samples = torch.tensor(chosen)
    changed = augment(torch.from_numpy(images)[samples], samples, plan).numpy()
    assert changed.dtype == np.uint8
    np.testing.assert_array_equal(changed, [slow(images[i], i, plan) for i in chosen])
    np.testing.assert_array_equal(images, before)


@quick
@given(st.integers(1, 400), st.integers(1, 80), seeds, st.integers(0, 3))
def test_each_sample_is_visited_once_but_for_a_single_last_one(count, batch_size, seed, epoch):
    order = plan_epoch(count, seed, epoch).order
    slices = list(Slices(order, batch_size))
    visited = torch.cat(slices)
    left_out = int(count > batch_size > 1 and count % batch_size == 1)
    assert torch.equal(visited, order[: count - left_out])
    assert sorted(order.tolist()) == list(range(count))
    assert len(slices) == steps_per_epoch(count, batch_size) == len(Slices(order, batch_size))
    assert all(len(part) == batch_size for part in slices[:-1])


@quick
@given(st.integers(1, 200), st.integers(1, 50), st.data())
def test_a_later_start_gives_the_same_batches(count, batch_size, data):
    order = plan_epoch(count, 0, 0).order
    whole = list(Slices(order, batch_size))
    start = data.draw(st.integers(0, len(whole)))
    late = Slices(order, batch_size, start)
    assert len(late) == len(whole) - start
    assert all(torch.equal(a, b) for a, b in zip(late, whole[start:], strict=True))


@settings(deadline=None, max_examples=25)
@given(shapes, st.integers(1, 40), st.integers(2, 16), seeds, flips, st.data())
def test_the_loader_gives_the_batches_of_the_plan(shape, count, batch_size, seed, flip, data):
    images = np.random.default_rng(seed).integers(0, 256, (count, *shape), dtype=np.uint8)
    part = Part(images, np.arange(count, dtype=np.int64))
    plan = plan_epoch(count, seed, 1, flip=flip, shift=1)
    start = data.draw(st.integers(0, steps_per_epoch(count, batch_size)))
    state = torch.get_rng_state()
    batches = list(training_batches(part, plan, batch_size, start=start))
    assert torch.equal(state, torch.get_rng_state())
    expected = list(Slices(plan.order, batch_size, start))
    assert len(batches) == len(expected)
    for (pixels, labels), samples in zip(batches, expected, strict=True):
        assert torch.equal(labels, samples)
        assert pixels.dtype == torch.float32
        by_hand = np.stack([slow(images[i], int(i), plan) for i in samples])
        np.testing.assert_array_equal(pixels.numpy(), by_hand.astype(np.float32) / np.float32(255))


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 40), st.integers(1, 50))
def test_in_order_is_every_sample_once(count, batch_size):
    part = Part(np.zeros((count, 1, 2, 2), np.uint8), np.arange(count, dtype=np.int64))
    labels = [labels for _, labels in batches_in_order(part, batch_size)]
    assert torch.equal(torch.cat(labels), torch.arange(count))
