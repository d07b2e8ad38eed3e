"""Holding samples out: by their pixels, never by a seed or by their place.

A sample's side follows from a hash of its pixels. Adding, removing or reordering other samples
hardly moves it, two runs with different seeds choose on the same validation part, and two equal
images never end up on both sides (which would test a network on what it was trained on).
"""

from __future__ import annotations

import dataclasses
from typing import Literal

import numpy as np

from goingdeep.data.hashes import U64, image_hashes
from goingdeep.data.images import I64, ImageData, Part
from goingdeep.errors import LabelError, SettingsError

TEST_SHARE = 0.15
"""Held out as test part when a source has none."""


def hold_out(
    part: Part, share: float, used_for: Literal["test", "validation"]
) -> tuple[Part, Part]:
    """Divide a part in two.

    Of every class the share with the smallest hashes is held out: at least one sample, never all.
    Equal images stay together; an image that appears under two labels is never held out.

    Args:
        part: N samples.
        share: above 0 and below 1.
        used_for: samples chosen for one use say nothing about those chosen for the other.
    Returns:
        The rest and what was held out, both in the order they had.
    Raises:
        SettingsError: the share is not between 0 and 1.
        LabelError: nothing could be held out (every class has one distinct image only).
    """
    hashes = image_hashes(part.images, used_for)
    rest, held = hold_out_indices(hashes, part.labels, share, used_for)
    return part.subset(rest), part.subset(held)


def hold_out_indices(hashes: U64, labels: I64, share: float, used_for: str) -> tuple[I64, I64]:
    """The indices behind `hold_out`, for whoever has the hashes already."""
    if not 0 < share < 1:
        raise SettingsError(
            f"the share held out must lie between 0 and 1, got {share}", fix="use 0.05, or 0.15"
        )
    held = np.zeros(len(labels), bool)
    settled = _one_label_only(hashes, labels)
    for k in np.unique(labels):
        of_class = labels == k
        candidates = np.flatnonzero(of_class & settled)
        if not len(candidates):
            continue
        wanted = min(max(1, round(share * int(of_class.sum()))), len(candidates))
        limit = np.sort(hashes[candidates])[wanted - 1]
        chosen = candidates[hashes[candidates] <= limit]
        if len(chosen) == int(of_class.sum()):
            chosen = candidates[hashes[candidates] < limit]
        held[chosen] = True
    if not held.any():
        raise LabelError(
            f"no sample can be held out for {used_for}: each class has one distinct image only",
            fix=f"add images, or give a {used_for} part of your own",
            more="docs/data.md",
        )
    return np.flatnonzero(~held), np.flatnonzero(held)


def _one_label_only(hashes: U64, labels: I64) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """For each sample, whether all its equals have its label."""
    order = np.lexsort((labels, hashes))
    h, y = hashes[order], labels[order]
    mixed = h[1:][(h[1:] == h[:-1]) & (y[1:] != y[:-1])]
    return np.isin(hashes, mixed, invert=True)


def with_validation(data: ImageData, share: float = 0.05) -> ImageData:
    """Hold a validation part out of the training part, unless the source brought one.

    Raises:
        SettingsError: the share is not between 0 and 1.
        LabelError: nothing could be held out.
    """
    if data.validation is not None:
        return data
    train, validation = hold_out(data.train, share, "validation")
    note = (
        f"{len(validation):,} of {len(data.train):,} training images are held out for "
        "validation, by a fixed hash of their pixels"
    )
    return dataclasses.replace(
        data,
        train=train,
        validation=validation,
        notes=(*data.notes, note),
        facts={key: value for key, value in data.facts.items() if key != "duplicates"},
        known_fingerprint="",
    )
