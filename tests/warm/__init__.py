"""A Python whose import of torch costs nothing: every process of it is forked from one that has it.

`Warm().python` is a program that is called as Python is: with the words, folder, environment, input
and output of whoever calls it. It hands them to `parent.py`, which has imported torch and computed
nothing, and forks; the fork begins as Python would (`child.py`), and the program that was called
(`called.py`) passes signals on to it and ends as it ended. `sys.executable` in the fork is this
Python again, so that what it starts is warm as well.

For tests of what a command does. What proves how a program is started, what is imported when, or
what the environment does to torch goes on with the Python that runs the tests.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent


class Warm:
    """The parent of the forks, until it is closed.

    Attributes:
        python: a program to call in the place of `sys.executable`.
    """

    def __init__(self) -> None:
        # A socket's path may have a hundred letters, which pytest's own folders soon have.
        self._folder = Path(tempfile.mkdtemp(prefix="gd-warm-"))
        path = self._folder / "python"
        path.write_text(f"#!{sys.executable} -IS\n{(HERE / 'called.py').read_text()}")
        path.chmod(0o700)
        self.python = str(path)
        # Without a sitecustomize of the tests' own, and with one thread: a fork has one.
        environment = os.environ | {"OMP_NUM_THREADS": "1"}
        environment.pop("PYTHONPATH", None)
        self._parent = subprocess.Popen(
            [sys.executable, HERE / "parent.py", self._folder / "socket"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment,
        )  # fmt: skip
        assert self._parent.stdout is not None
        assert self._parent.stdout.readline() == b"listening\n"

    def close(self) -> None:
        """End it, and what is left of its forks."""
        # Told, for the end of its input may not come: a loader's worker that is a fork of this process
        # and lives as long has that pipe open, too.
        self._parent.communicate(b"end")
        shutil.rmtree(self._folder)
