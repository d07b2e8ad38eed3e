"""From parts to a data set: what every source must give, checked in one place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from goingdeep.data.images import I64, DataSettings, ImageData, Part, PartName
from goingdeep.data.split import TEST_SHARE, hold_out
from goingdeep.errors import LabelError


def complete(
    *,
    name: str,
    source: str,
    class_names: tuple[str, ...],
    parts: Mapping[PartName, Part],
    settings: DataSettings,
    notes: tuple[str, ...] = (),
    facts: Mapping[str, Any] | None = None,
) -> ImageData:
    """Make a data set of parts; hold a test part out when there is none.

    Raises:
        LabelError: fewer than two classes, or a class with a single training image.
    """
    train = parts["train"]
    check_classes(train.labels, class_names, name)
    if "test" in parts:
        test = parts["test"]
    else:
        whole = train
        train, test = hold_out(whole, TEST_SHARE, "test")
        notes = (*notes, held_out_note(len(test), len(whole)))
    return ImageData(
        name=name,
        source=source,
        class_names=class_names,
        train=train,
        test=test,
        validation=parts.get("validation"),
        settings=settings,
        notes=notes,
        facts=dict(facts or {}),
    )


def held_out_note(held: int, total: int) -> str:
    """What is said when a source has no test part."""
    return (
        f"there is no test part: {held:,} of {total:,} images ({held / total:.0%}) are held out "
        "for testing, by a fixed hash of their pixels"
    )


def check_classes(labels: I64, class_names: tuple[str, ...], name: str) -> None:
    """Refuse what cannot be told apart or cannot be divided.

    Raises:
        LabelError: fewer than two classes, or a class with a single training image.
    """
    counts = np.bincount(labels, minlength=len(class_names))
    if np.count_nonzero(counts) < 2:
        only = class_names[int(counts.argmax())] if len(class_names) else "none"
        raise LabelError(
            f"{name} has one class only ({only}): a classifier needs two or more",
            fix="add images of another class",
            more="docs/data.md",
        )
    single = np.flatnonzero(counts == 1)
    if len(single):
        raise LabelError(
            f"the class {class_names[single[0]]!r} of {name} has one training image only",
            why="nothing can be held out of it, and one image teaches nothing",
            fix="add images to the class, or leave the class out",
            more="docs/data.md",
        )
