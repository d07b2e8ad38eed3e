"""What was asked for of a watch. Imported before the program begins; see imports.py."""

from __future__ import annotations

import os

from goingdeep.watch.program.early import Most


class Asked:
    """What was asked for, fixed before the program begins: it may go to another folder.

    Args:
        name: of the program, for the folder's name.
        command: as typed.
        out: the folder asked for; None chooses one in runs/.
        moments: keep moments that can be replayed.
        start: whether the program was started by `gd run`.
    Attributes:
        probes: whether models may be tried out on copies.
        most: when to end the program early.
    """

    def __init__(
        self,
        name: str,
        command: tuple[str, ...],
        *,
        out: str | None = None,
        moments: bool = False,
        start: bool = False,
    ) -> None:
        self.name = name
        self.command = command
        self.moments = moments
        self.start = start
        self.probes = False
        self.most = Most()
        try:
            self.here = os.getcwd()  # noqa: PTH109 - no pathlib yet
        except OSError:  # the folder was deleted; a program may run in it all the same
            self.here = os.sep
        self.runs = os.path.join(self.here, "runs")  # noqa: PTH118
        self.out = os.path.join(self.here, out) if out is not None else None  # noqa: PTH118
