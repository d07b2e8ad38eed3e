"""What a lesson works on, from a record alone: there is something to see, and nothing to replay."""

from __future__ import annotations

from pathlib import Path

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
        reason="the program has ended, and the moments that it could have kept with it "
        "(gd why TOPIC RUN --again runs it once more)",
        name=short_name(folder),
        bound=bound,
    )
