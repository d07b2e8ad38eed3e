"""Testing a finished run's model again, on its own test part or on other images."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from goingdeep.errors import ShapeError
from goingdeep.record import read_manifest
from goingdeep.train import metrics
from goingdeep.train.saved import Classifier
from goingdeep.train.settings import build
from goingdeep.train.start import Progress, Source, again, load


def retest(folder: Path, source: Source | None, progress: Progress = None) -> dict[str, Any]:
    """Test the model of a run; see `session.test`."""
    classifier = Classifier(folder)
    if source is None:
        data = again(folder, None, progress).data
    else:
        data = load(source, build(read_manifest(folder).settings), progress)
        if data.shape != classifier.card.image or data.class_names != classifier.class_names:
            expected = (*classifier.card.image, len(classifier.class_names))
            got = (*data.shape, data.classes)
            raise ShapeError(
                f"the model expects images and classes C,H,W,K = {expected}, {data.name} has {got}",
                why=""
                if expected != got
                else "the class names differ: "
                f"{', '.join(classifier.class_names[:5])} there, "
                f"{', '.join(data.class_names[:5])} here",
                fix="gd test RUN (tests on the run's own data)",
                more="docs/data.md",
            )
    logits = classifier.logits(data.test.images)
    test = metrics.summarise(logits, data.test.labels, data.class_names)
    return {"run": str(folder), "data": data.name, "test": test}
