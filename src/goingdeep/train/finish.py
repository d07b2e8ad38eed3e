"""After the last step: test once, and write down everything that is asked of a finished run."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import safetensors.numpy
from torch import nn

from goingdeep.data.images import Part
from goingdeep.data.loader import batches_in_order
from goingdeep.data.show import picture_grid
from goingdeep.errors import GoingDeepError
from goingdeep.record import write_blob, write_manifest
from goingdeep.record.encoding import indented
from goingdeep.record.event import Gap
from goingdeep.record.events import Finished, WorstErrors
from goingdeep.record.files import write_atomic, writing
from goingdeep.train import metrics
from goingdeep.train.saved import save_model
from goingdeep.train.tested import Scores, tested
from goingdeep.train.training import Training

WORST = 24
KEPT = 96
KEPT_SIDE = 64
KEPT_BYTES = 160 << 10
"""Mistakes whose small pictures stay with the run, so that a page can show them without the data."""


def finish(training: Training) -> dict[str, Any]:
    """Choose the weights, test them once, write model, predictions, pictures and result.

    Returns:
        What `result.json` says.
    Raises:
        Stopped: a stop was asked for; `gd resume` finishes the run.
    """
    course, folder = training.course, training.folder
    data, settings = course.data, course.settings
    model = course.choose(folder)
    save_model(folder, model, data, settings)
    began = time.perf_counter()
    test, logits = tested(
        lambda part: _logits(training, model, part), data, mirror=settings.test.mirror
    )
    with writing(folder / "predictions.safetensors"):
        write_atomic(
            folder / "predictions.safetensors",
            safetensors.numpy.save(
                {
                    "logits": logits.astype(np.float32),
                    "labels": data.test.labels,
                    "ids": np.arange(len(data.test), dtype=np.int64),
                }
            ),
        )
    _draw_worst_errors(training, logits)
    _keep_worst_errors(training, logits)
    state = training.state
    seconds = training.seconds()
    result = {
        "test": test,
        "test_seconds": time.perf_counter() - began,
        "seconds": seconds,
        "steps": state.step,
        "chosen": _chosen(training),
        "epochs": [
            {
                "epoch": row.epoch,
                "loss": row.loss,
                "scores": row.scores,
                "train_seconds": row.train_seconds,
                "test_seconds": row.test_seconds,
                "data_wait": row.data_wait,
            }
            for row in state.epochs
        ],
    }
    write_atomic(folder / "result.json", f"{indented(result)}\n".encode())
    training.log.write(
        Finished(time=time.time(), step=state.step, accuracy=test["accuracy"], seconds=seconds),
        last=True,
    )
    training.manifest.status = "finished"
    write_manifest(folder, training.manifest)
    return result


def _chosen(training: Training) -> str:
    kind = "averaged weights" if training.course.parts.averaged is not None else "weights"
    if training.state.best_checkpoint:
        return f"{kind} of epoch {training.state.best_epoch}, the best on held-out images"
    return f"{kind} after the last step"


def _logits(training: Training, model: nn.Module, part: Part) -> Scores:
    batches = training.stop.watching(batches_in_order(part))
    return training.course.logits(model, batches).numpy()


def _draw_worst_errors(training: Training, logits: Scores) -> None:
    """A picture of the most confident mistakes; a run is not lost because it could not be drawn."""
    data = training.course.data
    worst = metrics.worst_errors(logits, data.test.labels, WORST)
    if not len(worst):
        return
    said = logits.argmax(1)
    captions = [
        f"{data.class_names[data.test.labels[i]]}\ntaken for {data.class_names[said[i]]}"
        for i in worst
    ]
    try:
        picture_grid(data.test.images[worst], captions, training.folder / "worst-errors.png")
    except (OSError, ValueError, GoingDeepError) as error:
        gap = Gap(
            time=time.time(), step=training.state.step, what="worst-errors.png", reason=str(error)
        )
        training.log.write(gap)


def _keep_worst_errors(training: Training, logits: Scores) -> None:
    part = training.course.data.test
    step = -(-max(part.images.shape[2:]) // KEPT_SIDE)
    small = part.images[:, :, ::step, ::step]
    worst = metrics.worst_errors(logits, part.labels, min(KEPT, KEPT_BYTES // small[0].size))
    if len(worst):
        pictures = write_blob(training.folder, small[worst], durable=False)
        samples = tuple(worst.tolist())
        training.log.write(
            WorstErrors(
                time=time.time(), step=training.state.step, samples=samples, pictures=pictures
            )
        )
