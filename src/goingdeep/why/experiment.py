"""What a lesson gets: the record of a loop, a moment of it to replay, and a bound.

    who makes one                       from what
    rebuilt.of_run(folder, bound)       a run of `gd train`: checkpoint, settings and data
    program.of_watcher(watcher, bound)  a watched program, at its end and in its own process
    recorded.of_record(folder, bound)   the record of a program that has ended: nothing to replay
    built_in.of_nothing(bound)          a short training of our own, where there is no run

`answered(page, experiment)` (answering.py) makes plain data of it (record/answer.py), which can be
written by the program's own process and read by another one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from goingdeep.record.events import MOMENT_STEPS
from goingdeep.record.reading import Seen

if TYPE_CHECKING:
    from torch.utils.data import DataLoader

    from goingdeep.watch.moments.moment import Moment
    from goingdeep.watch.moments.variant import Batch


@dataclass(frozen=True)
class Bound:
    """What one answer may cost.

    steps: of one replay. seconds: for all of it, start-up not included, as processor time of a
    thread (`Budget`); replays are planned by it, and the answer says where that makes them shorter.
    bytes: of memory that copies may take.
    """

    steps: int = MOMENT_STEPS
    seconds: float = 15.0
    bytes: int = 512 << 20

    @property
    def verifying(self) -> float:
        """Of the seconds, what it may take to record the steps, and again to verify them."""
        return 0.08 * self.seconds


@dataclass(frozen=True)
class Experiment:
    """What a lesson works on. Nothing in it is changed by a lesson: replays work on copies.

    seen: the record of the process that trained.
    moment: some of its steps, verified (`replay.verify`: an unchanged replay gives the recorded
        losses, bit for bit); None where there is none.
    reason: why there is none, as a sentence without its full stop; "" where there is one.
    tests: batches of the test part as the model is given them; empty where it is not known.
    loader: the training part's own loader, to read single samples from; None where only its record
        is there.
    name: what the run is called, as it can be typed.
    agrees: how the replayed steps compare with what the run recorded, as a sentence; "" where there
        is nothing to compare with but the moment itself.
    spent: seconds of the bound that were needed to come so far.
    """

    seen: Seen
    moment: Moment | None = None
    reason: str = ""
    tests: tuple[Batch, ...] = ()
    loader: DataLoader[object] | None = None
    name: str = ""
    agrees: str = ""
    bound: Bound = field(default_factory=Bound)
    spent: float = 0.0
