"""The watcher: puts the hooks on, keeps what is known, takes everything off again.

    watcher = Watcher(folder, log)
    watcher.start()
    ...                         any program that trains
    watcher.stop()

There is at most one at a time in a process. A fault in it is caught once, recorded as a gap, and
switches off the hook it came from: it never makes a training fail that would have succeeded.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from goingdeep.errors import WatchError
from goingdeep.record.log import EventLog
from goingdeep.record.seen import Ended
from goingdeep.watch.data.passes import Passes
from goingdeep.watch.lane import Lane
from goingdeep.watch.moments.moments import Moments
from goingdeep.watch.patches import Patches
from goingdeep.watch.probes import Probes
from goingdeep.watch.states.states import LossesAlive, States
from goingdeep.watch.steps import accelerators
from goingdeep.watch.steps.exchanges import Exchanges
from goingdeep.watch.steps.losses import LossFunctions
from goingdeep.watch.steps.modules import Models
from goingdeep.watch.steps.optimizers import Optimizers
from goingdeep.watch.table import put_all
from goingdeep.watch.writing.recorder import Recorder

if TYPE_CHECKING:
    from goingdeep.watch.program.run import Onlooker

FIRST_LOOKS = 3
"""Steps 1 to 3 are looked at closely; after them each whose number is a power of two."""

_on: weakref.WeakSet[Watcher] = weakref.WeakSet()


def is_watched() -> bool:
    """Whether a watcher is on in this process."""
    return len(_on) > 0


@contextmanager
def watching(
    folder: Path, log: EventLog, look_on: Callable[[Watcher], Onlooker] | None = None
) -> Iterator[None]:
    """Record a run of `gd train`, which keeps the curve of the loss itself.

    Inside a program that is being watched already, that watcher goes on alone.

    Args:
        look_on: makes one who follows the recording.
    """
    if is_watched():
        yield
        return
    watcher = Watcher(folder, log, curves=False)
    onlooker = look_on(watcher) if look_on is not None else None
    watcher.start()
    error: BaseException | None = None
    try:
        yield
    except BaseException as raised:
        error = raised
        raise
    finally:
        watcher.stop(error)
        if onlooker is not None:
            onlooker.finish()


class Watcher:
    """Watches every training loop of this process.

    Args:
        folder, log: where to write; None records nothing, and watches all the same.
        moments: keep moments in memory, which can be replayed with one thing changed.
        rank: which process of a distributed run.
        curves: keep the curve of the loss; a run of `gd train` keeps its own.
        probes: once in the run, ask copies of the models what watching alone cannot tell.
    Attributes:
        after_step: called with the number of each step that is done; what they raise ends the
            program's step, so they raise nothing unless that is meant.
        looks: whether steps are looked at closely.
    """

    def __init__(
        self,
        folder: Path | None = None,
        log: EventLog | None = None,
        *,
        moments: bool = False,
        rank: int = 0,
        curves: bool = True,
        probes: bool = False,
    ) -> None:
        self.after_step: list[Callable[[int], None]] = []
        self.recorder = Recorder(folder, log, rank=rank, curves=curves)
        self.off: set[str] = set()
        self.idle = True
        self.models = Models(self)
        self.optimizers = Optimizers(self)
        self.losses = LossFunctions(self)
        self.passes = Passes(self)
        self.states = States(self)
        self.losses_alive = LossesAlive(self)
        self.exchanges = Exchanges()
        self.moments = Moments(self) if moments else None
        self.probes = Probes(self) if probes else None
        self._patches = Patches(self)
        self.threads = threading.local()  # each with its lane
        self.lanes: list[Lane] = []
        self.gradients_lock = threading.RLock()  # see Lane.optimizers
        self.looks = True
        self._marked = False
        self._began = 0.0
        self._stopped = False

    def start(self) -> None:
        """Put every hook on.

        Raises:
            WatchError: this process is being watched already.
        """
        if is_watched():
            raise WatchError(
                "this program is being watched already",
                why="a watcher is on, and there can be one at a time",
                fix="leave out the inner gd.watch(), or end the outer one first",
                more="docs/watch.md",
            )
        _on.add(self)
        self._began = time.monotonic()
        self.idle = False
        try:
            put_all(self, self._patches)
        except BaseException:  # an interrupt, too, must not leave half of it behind
            self._stopped = self.idle = True
            self._patches.restore()
            _on.discard(self)
            raise

    def stop(self, error: BaseException | None = None) -> None:
        """Take every hook off, and write what is not written yet. A second call does nothing."""
        if self._stopped:
            return
        self._stopped = True
        self._patches.restore()
        recorder = self.recorder
        for lane in self.lanes:
            try:
                lane.finish()
            except Exception as fault:  # noqa: BLE001 - nothing of ours may reach the user
                self.fault("finish", fault)
        ends = [self.passes.finish, self.states.finish, self.losses_alive.finish, recorder.flush]
        if self.moments is not None:
            ends.insert(0, self.moments.finish)
        if self.probes is not None:
            ends.insert(0, self.probes.finish)
        for finish in ends:
            try:
                finish()
            except Exception as fault:  # noqa: BLE001
                self.fault("finish", fault)
        self.idle = True
        recorder.last_event(
            Ended,
            seconds=time.monotonic() - self._began,
            steps=recorder.counts.steps,
            backwards=recorder.counts.backwards,
            forwards=recorder.counts.forwards,
            error=type(error).__name__ if error is not None else "",
            message=_first_line(error),
            site=recorder.sites.of_traceback(error) if error is not None else -1,
        )
        recorder.close()
        _on.discard(self)

    def lane(self) -> Lane:
        """The state of this thread."""
        try:
            return self.threads.lane  # type: ignore[no-any-return]
        except AttributeError:
            lane = self.threads.lane = Lane(self)
            self.lanes.append(lane)
            return lane

    def fault(self, where: str, error: BaseException) -> None:
        """Something of ours failed: say so in the record, and switch it off.

        A program may have put its own in the place of what we write with, its clock for one.
        """
        self.off.add(where)
        with contextlib.suppress(Exception):
            self.recorder.gap(where, f"{type(error).__name__}: {_first_line(error)}")

    def mark(self) -> None:
        """Look closely at the next step."""
        self._marked = True

    def wants_look(self, number: int) -> bool:
        """Whether step `number`, from 1, is to be looked at closely."""
        if not self.looks:
            return False
        if self._marked:
            self._marked = False
            return True
        if number <= FIRST_LOOKS:
            return True
        # With several optimizers in turn, as many steps in a row are looked at.
        further = number - (1 << (number.bit_length() - 1))
        return further < 8 and further < max(1, len(self.optimizers.alive))

    def check_now_and_then(self, number: int) -> None:
        """What is checked after steps 1, 2, 4, 8, ..."""
        if self.models.look_again():
            self.optimizers.write_all_again()
        self.states.check()
        self.losses_alive.check()
        if number == accelerators.ASKED_AT:
            accelerators.tell_idle(self)

    def put_waiting(self) -> None:
        """Hook into what has been imported since the start."""
        self._patches.put_waiting()

    def lift(self) -> None:
        """Take off what torch.jit.script cannot read, until `lower` is called."""
        self._patches.lift()

    def lower(self) -> None:
        """Put it back."""
        self._patches.lower()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Record nothing meanwhile: replays run the same code as the program."""
        before, self.idle = self.idle, True
        try:
            yield
        finally:
            self.idle = before

    def forget(self) -> None:
        """In a forked child: it is not the program that is watched."""
        self.idle = True
        self._stopped = True
        self.gradients_lock = threading.RLock()
        self._patches.forget()
        self.recorder.forget()


def _first_line(error: BaseException | None) -> str:
    if error is None:
        return ""
    try:
        return (str(error).splitlines() or [""])[0][:300]
    except Exception:  # noqa: BLE001 - an exception of the user's may not even have a text
        return ""


def _forget_all() -> None:
    for watcher in list(_on):
        watcher.forget()
    _on.clear()


# Once for the process: a registration cannot be taken back.
os.register_at_fork(after_in_child=_forget_all)
