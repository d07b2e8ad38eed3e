"""What a lesson works on, from a record alone: there is something to see, and nothing to replay."""

from __future__ import annotations

from pathlib import Path

from goingdeep.record.manifest import read_manifest
from goingdeep.record.runs import short_name
from goingdeep.show.chosen import choose
from goingdeep.why.experiment import Bound, Experiment


def of_record(folder: Path, bound: Bound) -> Experiment:
    """The record of a watched program that has ended, or that runs elsewhere.

    Raises:
        RunNotFoundError, RunFormatError: it is not a run, or damaged. RunError: it holds no record of
        a loop.
    """
    return Experiment(
        choose(folder).seen,
        reason=f"a record alone cannot be done again ({_remedy(folder)})",
        name=short_name(folder),
        bound=bound,
    )


def _remedy(folder: Path) -> str:
    if read_manifest(folder).command[:1] == ("gd",):
        return f"gd why TOPIC {short_name(folder)} --again runs the program once more"
    return "gd.watch(moments=True) keeps what that needs, for gd.why(TOPIC, run)"
