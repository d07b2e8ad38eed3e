"""Where there is no run: a short training of the quickstart's network on the embedded pictures."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Mapping
from pathlib import Path

from goingdeep.train.conduct import conduct
from goingdeep.train.settings import Value
from goingdeep.train.start import begin, choose_settings
from goingdeep.watch.watcher import watching
from goingdeep.why.experiment import Bound, Experiment
from goingdeep.why.rebuilt import nothing_changed, of_run, refuse_watched

DATA = "fashion-mnist-sample"
SETTINGS: Mapping[str, Value] = {"model": "mlp", "epochs": 2, "batch_size": 64}
"""314 steps, so that the moment is at step 31 and an evaluation is in the record."""

COMMAND = ("gd", "train", "--model", "mlp", "--epochs", "2", "--set", "batch_size=64")
NAME = "a short training made for this answer"

_folders: list[tempfile.TemporaryDirectory[str]] = []
"""They are read as long as an answer is being made; Python removes them when it ends."""


def of_nothing(bound: Bound) -> Experiment:
    """What a lesson works on, from a run that is made now and is gone with this process.

    Raises:
        WatchError: this process is being watched.
    """
    refuse_watched()
    _folders.append(tempfile.TemporaryDirectory(prefix="gd-why-"))
    out = Path(_folders[-1].name) / "run"
    start = begin(DATA, choose_settings("fast", SETTINGS), out=out, command=COMMAND)
    with nothing_changed():
        conduct(start, quiet=True, around=watching)
    return dataclasses.replace(of_run(out, bound), name=NAME)
