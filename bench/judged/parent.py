"""Talks to child.py, which runs one program under one tool at a time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from judged.program import Answer, Program

ROOT = Path(__file__).parents[2]


class Parent:
    """A process that has imported torch, and forks for each question."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.folder = folder
        """Of the program that was run last: its output is in output.txt."""
        self._asked = 0
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.judged.child"], cwd=ROOT, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env=os.environ | {"CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"},
        )  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.wait()

    def ask(self, tool: str, program: Program) -> Answer:
        """Run a program under a tool, and give what the tool said."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._asked += 1
        folder = self.folder = self._folder / f"{self._asked}-{tool}-{program.kind}-{program.name}"
        question = {"tool": tool, "script": str(program.path), "folder": str(folder)}
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        said = json.loads(self._process.stdout.readline())
        return Answer(
            tool, program, tuple(tuple(item) for item in said["said"]), said["error"],
            said.get("seconds", 0.0), said.get("cpu", 0.0),
        )  # fmt: skip
