"""Testing a finished run's model again, on its own test part or on other images."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from goingdeep.errors import ShapeError
from goingdeep.train.again import images_of, read_run
from goingdeep.train.saved import Classifier
from goingdeep.train.settings import build
from goingdeep.train.start import Progress, Source, load
from goingdeep.train.tested import tested


def retest(folder: Path, source: Source | None, progress: Progress = None) -> dict[str, Any]:
    """Test the model of a run, on the CPU; see `session.test`."""
    manifest = read_run(folder)
    classifier = Classifier(folder)
    if source is None and manifest.data is not None:
        data = images_of(folder, manifest, manifest.data, None, progress)
    else:
        data = load(source or "", build(manifest.settings), progress)
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
    mirror = build(manifest.settings).test.mirror
    test, _ = tested(lambda part: classifier.logits(part.images), data, mirror=mirror)
    return {"run": str(folder), "data": data.name, "test": test}
