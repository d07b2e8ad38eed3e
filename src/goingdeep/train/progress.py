"""What is seen while a run goes on: a row an epoch, and in a terminal one moving line below it.

A reader thread looks at the run's `Live` at most four times a second; the loop itself knows nothing
of it. (A bar redrawn at every step has made training several times slower elsewhere.)
"""

from __future__ import annotations

import contextlib
import math
import sys
import threading
from types import TracebackType
from typing import TYPE_CHECKING, Self

from goingdeep.record.events import Epoch

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

    from goingdeep.train.training import Live

REDRAW_SECONDS = 0.25


class Progress:
    """Shows a run until its block ends.

    Args:
        live: what to look at. quiet: show nothing.
    """

    def __init__(self, live: Live, *, quiet: bool = False) -> None:
        self._live = live
        self._quiet = quiet
        self._shown = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="gd-progress", daemon=True)
        self._bar: Bar | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        if not self._quiet:
            if sys.stdout.isatty():
                self._open_bar()
            self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._quiet:
            return
        self._stop.set()
        self._thread.join()
        self._look()
        if self._bar is not None:
            self._bar.stop()

    def _open_bar(self) -> None:
        from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        self._bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            TextColumn("step {task.completed:.0f} of {task.total:.0f}"),
            TextColumn("loss {task.fields[loss]}"),
            TimeRemainingColumn(),
            auto_refresh=False,
            transient=True,
            expand=True,
        )
        self._task = self._bar.add_task("starting", total=self._live.steps, loss="")
        self._bar.start()

    def _watch(self) -> None:
        while not self._stop.wait(REDRAW_SECONDS):
            self._look()

    def _look(self) -> None:
        live = self._live
        for row in live.rows[self._shown :]:
            if not self._shown:
                self._say(heading(row))
            self._say(line(row))
            self._shown += 1
        if self._bar is not None and self._task is not None:
            epoch = min(live.epoch + 1, live.epochs)
            loss = "" if math.isnan(live.loss) else f"{live.loss:.4f}"
            self._bar.update(
                self._task,
                completed=live.step,
                total=live.steps,
                description=f"epoch {epoch} of {live.epochs}  {live.phase}",
                loss=loss,
                refresh=True,
            )

    def _say(self, text: str) -> None:
        # Whoever read our lines may have gone (gd train | head): the run goes on without them.
        with contextlib.suppress(OSError):
            if self._bar is not None:
                self._bar.console.print(text, markup=False, highlight=False)
            else:
                print(text, flush=True)  # noqa: T201 - plain lines are what a pipe gets


def heading(row: Epoch) -> str:
    """The names of the columns of `line`.

    >>> print(heading(Epoch(time=0, epoch=1, loss=2.3, rate=0.1, scores={"test": 0.5})))
    epoch     loss    test   learning rate   images/s   waiting     time
    """
    scores = "".join(f"{name:>8}" if len(name) < 8 else f"{name:>12}" for name in row.scores)
    return f"epoch     loss{scores}   learning rate   images/s   waiting     time"


def line(row: Epoch) -> str:
    """One epoch: waiting is the share of the training time in which no batch was ready."""
    scores = "".join(
        f"{100 * value:>{8 if len(name) < 8 else 12}.2f}" for name, value in row.scores.items()
    )
    speed = row.samples / row.train_seconds if row.train_seconds else 0.0
    seconds = row.train_seconds + row.test_seconds
    return (
        f"{row.epoch:>5} {row.loss:>8.4f}{scores}   {row.rate:>13.6f}   {speed:>8,.0f}"
        f"   {row.data_wait:>6.1%}   {seconds:>6.1f}s"
    )
