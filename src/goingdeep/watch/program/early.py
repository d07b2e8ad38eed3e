"""Ending a program early, once enough of it was seen: `gd check --steps N`, `gd why --script`.

It ends as at Ctrl-C: KeyboardInterrupt is raised at the end of an optimizer's step, so that `with`
and `finally` do what they are there for, and a program that answers Ctrl-C does so. Nothing is
printed of it, where the program does not catch it.

Imported before the program begins; see imports.py.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any

    from goingdeep.watch.watcher import Watcher

PATIENCE_SECONDS = 2.0
"""How long a step is waited for when the time is up; then whatever goes on is interrupted."""


class EndedEarly(KeyboardInterrupt):
    """The program has been seen for as long as was asked."""


class Most:
    """When to end. steps: of any optimizer; seconds: since the first of them; 0 for never.

    moment: end once a moment was kept, and an evaluation seen, that a question can be answered on.
    """

    def __init__(self, steps: int = 0, seconds: float = 0.0, *, moment: bool = False) -> None:
        self.steps = steps
        self.seconds = seconds
        self.moment = moment

    def __bool__(self) -> bool:
        return bool(self.steps or self.seconds or self.moment)

    def __str__(self) -> str:
        if self.moment:
            return "gd why, which had seen enough"
        if self.steps:
            return f"--steps {self.steps}"
        return f"--seconds {self.seconds:g}"


class EarlyEnd:
    """Ends the program of a watcher.

    Args:
        watcher: told of nothing here; its record says that it was ended.
        most: when.
    """

    def __init__(self, watcher: Watcher, most: Most) -> None:
        self._watcher = watcher
        self._most = most
        self._first = watcher.recorder.steps
        self._time_is_up = False
        self._timers: list[Any] = []

    def _begin(self) -> None:
        """Start the clock: the first step is done."""
        import threading

        for seconds, act in (
            (self._most.seconds, self._up),
            (self._most.seconds + PATIENCE_SECONDS, self._interrupt),
        ):
            timer = threading.Timer(seconds, act)
            timer.daemon = True
            timer.start()
            self._timers.append(timer)

    def cancel(self) -> None:
        """The program has ended."""
        for timer in self._timers:
            timer.cancel()

    def after_step(self, number: int) -> None:
        """A step is done: end here, if it was the last one asked for.

        Raises:
            EndedEarly: it was. A program that catches it and trains on meets it at every step.
        """
        if self._most.seconds and not self._timers:
            self._begin()
        enough = self._most.steps and number - self._first >= self._most.steps
        moments = self._watcher.moments
        if self._most.moment and moments is not None:
            enough = enough or moments.enough
        if not enough and not self._time_is_up:
            return
        self._say()
        import threading

        if threading.current_thread() is not threading.main_thread():
            self._interrupt()
            return
        _silence()
        raise EndedEarly(str(self._most))

    def _up(self) -> None:
        self._time_is_up = True

    def _interrupt(self) -> None:
        """Interrupt the main thread, wherever it is."""
        import _thread

        self._say()
        _silence()
        _thread.interrupt_main()

    def _say(self) -> None:
        from goingdeep.record.event import CUT_SHORT

        self.cancel()
        self._watcher.recorder.gap(CUT_SHORT, f"the program was ended by {self._most}")


def _silence() -> None:
    """Print nothing of an interrupt that is ours and that the program lets through."""
    before = sys.excepthook
    if getattr(before, "__qualname__", "").startswith(_silence.__qualname__):
        return

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if not isinstance(error, KeyboardInterrupt):
            before(kind, error, trace)

    sys.excepthook = hook
