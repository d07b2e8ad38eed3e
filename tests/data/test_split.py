"""Holding out: by the pixels alone, whatever the order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from goingdeep.data import hold_out, load, with_validation
from goingdeep.data.images import Part
from goingdeep.errors import LabelError, SettingsError

# Few distinct pictures, so that equal ones and such with two labels are common.
samples = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 3)), min_size=2, max_size=80)
shares = st.floats(0.01, 0.99)


def part_of(pairs):
    pictures, labels = np.array(pairs).T
    images = np.broadcast_to(pictures[:, None, None, None], (len(pairs), 1, 2, 2))
    return Part(
        images.astype(np.uint8), labels.astype(np.int64), tuple(map(str, range(len(pairs))))
    )


def divided(pairs, share):
    try:
        return hold_out(part_of(pairs), share, "test")
    except LabelError:
        return None


@given(samples, shares)
def test_equal_images_stay_on_one_side(pairs, share):
    if sides := divided(pairs, share):
        rest, held = ({image.tobytes() for image in side.images} for side in sides)
        assert not rest & held


@given(samples, shares)
def test_no_class_is_held_out_whole_and_nothing_is_lost(pairs, share):
    if sides := divided(pairs, share):
        rest, held = sides
        assert set(rest.labels) == {label for _, label in pairs}
        assert sorted(rest.names + held.names, key=int) == [str(i) for i in range(len(pairs))]
        assert list(held.names) == sorted(held.names, key=int)


@given(samples, shares, st.randoms(use_true_random=False))
def test_the_order_of_the_samples_does_not_matter(pairs, share, random):
    mixed = pairs.copy()
    random.shuffle(mixed)
    one, other = divided(pairs, share), divided(mixed, share)
    assert (one is None) == (other is None)
    if one and other:
        for a, b in zip(one, other, strict=True):
            key = sorted(zip(a.images[:, 0, 0, 0].tolist(), a.labels.tolist(), strict=True))
            assert key == sorted(zip(b.images[:, 0, 0, 0].tolist(), b.labels.tolist(), strict=True))


@given(st.integers(2, 60), st.integers(2, 60), shares)
def test_of_distinct_images_each_class_gives_its_share(first, second, share):
    pairs = [(i, 0) for i in range(first)] + [(100 + i, 1) for i in range(second)]
    _, held = hold_out(part_of(pairs), share, "validation")
    for label, count in ((0, first), (1, second)):
        wanted = min(max(1, round(share * count)), count - 1)
        assert int((held.labels == label).sum()) == wanted


def test_uses_choose_independently():
    pairs = [(i, i % 2) for i in range(200)]
    _, test = hold_out(part_of(pairs), 0.2, "test")
    _, validation = hold_out(part_of(pairs), 0.2, "validation")
    assert 0 < len(set(test.names) & set(validation.names)) < 20


def test_the_choice_is_pinned():
    """Changing the rule would change everybody's validation part: never do it unknowingly."""
    pairs = [(i, i % 2) for i in range(40)]
    _, held = hold_out(part_of(pairs), 0.1, "validation")
    assert held.names == ("0", "18", "19", "31")


@pytest.mark.parametrize("share", [0, 1, -0.5, 7])
def test_a_share_outside_0_to_1_is_refused(share):
    with pytest.raises(SettingsError, match="must lie between 0 and 1"):
        hold_out(part_of([(0, 0), (1, 0)]), share, "test")


def test_classes_of_one_picture_cannot_be_divided():
    with pytest.raises(LabelError, match="each class has one distinct image only"):
        hold_out(part_of([(0, 0), (0, 0), (1, 1), (1, 1)]), 0.5, "test")


def test_validation_is_held_out_of_train_and_said():
    sample = load("fashion-mnist-sample")
    data = with_validation(sample)
    assert data.validation is not None
    assert np.bincount(data.validation.labels).tolist() == [50] * 10
    assert len(data.train) == 9_500
    assert "500 of 10,000 training images are held out for validation" in data.notes[-1]
    assert data.fingerprint() != sample.fingerprint()
    assert with_validation(data) is data


def test_a_cached_set_forgets_its_fingerprint_when_divided(pictures):
    root = pictures("a", "b", count=20)
    load(root)
    whole = load(root)
    assert whole.known_fingerprint
    data = with_validation(whole)
    assert not data.known_fingerprint
    assert "duplicates" not in data.facts
