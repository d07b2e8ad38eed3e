"""A model's test: what is said about it at the end of a run, and again by `gd test`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from goingdeep.data.images import ImageData, Part
from goingdeep.train import metrics

Scores = npt.NDArray[np.float32]


def tested(
    scores: Callable[[Part], Scores], data: ImageData, *, mirror: bool
) -> tuple[dict[str, Any], Scores]:
    """Everything about the test part.

    Args:
        scores: gives f32[N,K] for a part. mirror: also average with the mirrored images.
    Returns:
        What `result.json` says under "test", and the scores of the test part.
    """
    logits = scores(data.test)
    labels = data.test.labels
    fit = None
    if data.validation is not None:
        fit = (scores(data.validation), data.validation.labels)
    test = metrics.summarise(logits, labels, data.class_names, fit=fit)
    if mirror:
        # A copy: what is one pixel wide counts as contiguous backwards too, and torch refuses it.
        mirrored = Part(data.test.images[..., ::-1].copy(), labels)
        both = metrics.softmax(logits) + metrics.softmax(scores(mirrored))
        right = int((both.argmax(1) == labels).sum())
        test["mirror_accuracy"] = right / len(labels)
        test["mirror_interval"] = list(metrics.wilson(right, len(labels)))
    return test, logits
