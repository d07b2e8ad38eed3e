"""How much work something may be, told so that a busy machine gives the same answer, only later."""

from __future__ import annotations

import time

BUSY = 5.0
"""How many times its seconds something may take by the clock on the wall."""


class Budget:
    """Seconds of this thread's processor time, from now on.

    On a machine that does nothing else they are those of the clock on the wall: threads that help
    with a sum do so at the same time. On a busy one the wall clock runs on, and counts for a fifth.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._worked, self._began = time.thread_time(), time.monotonic()

    @property
    def spent(self) -> float:
        """Seconds, 0 or more."""
        worked, waited = time.thread_time() - self._worked, time.monotonic() - self._began
        return max(worked, waited / BUSY)

    @property
    def left(self) -> float:
        """Seconds, 0 or more."""
        return max(0.0, self._seconds - self.spent)
