"""Stopping on request: the step in hand is finished, a checkpoint is written, then the run ends."""

from __future__ import annotations

import signal
from collections.abc import Iterable, Iterator
from types import FrameType, TracebackType
from typing import Self, TypeVar

T = TypeVar("T")


class Stopped(Exception):  # noqa: N818 - it is a request that was met, not an error
    """The run was asked to stop, and has done so cleanly."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number

    def ending(self) -> KeyboardInterrupt | SystemExit:
        """What ends the process as its parent expects: exit code 130 or 143."""
        if self.number == signal.SIGINT:
            return KeyboardInterrupt()
        return SystemExit(128 + self.number)


class StopRequest:
    """Listens for SIGINT (Ctrl-C) and SIGTERM while its block runs.

    The first one is remembered; the second ends the process at once, as a user who presses Ctrl-C
    twice wants. Elsewhere than in the main thread, where Python allows no handlers, it never stops.
    Changes: the two handlers, restored on leaving.
    """

    def __init__(self) -> None:
        self.number: int | None = None
        self._before: dict[int, signal.Handlers | object] = {}

    def _remember(self, number: int, _frame: FrameType | None) -> None:
        if self.number is not None:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        self.number = number

    def check(self) -> None:
        """Raise `Stopped` if a stop was asked for."""
        if self.number is not None:
            raise Stopped(self.number)

    def watching(self, items: Iterable[T]) -> Iterator[T]:
        """The same items, until a stop is asked for."""
        for item in items:
            self.check()
            yield item

    def __enter__(self) -> Self:
        for number in (signal.SIGINT, signal.SIGTERM):
            try:
                self._before[number] = signal.signal(number, self._remember)
            except ValueError:
                break
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
        self._before.clear()
