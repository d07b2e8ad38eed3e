"""The tools that read programs and run none: torch-preflight and torchfix."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path

import measure
from judged.program import Answer, Program

LINE = re.compile(r"^(?P<file>.+?):\d+:\d+: (?P<code>TOR\d+) (?P<words>.*)$", re.MULTILINE)


def ask(tool: str, wanted: Sequence[Program], folder: Path) -> list[Answer]:
    """What a tool says of each program."""
    beside = Path(sys.executable).parent / tool.replace("_", "-")
    if not beside.exists():
        return [Answer(tool, program, error="not installed") for program in wanted]
    files = [str(program.path) for program in wanted]
    asked = ["check", "-f", "json", "-j", "1"] if tool == "torch_preflight" else ["-j", "1"]
    child = measure.run_child([beside, *asked, *files], folder)
    said: dict[str, list[tuple[str, str, str]]] = {file: [] for file in files}
    if tool == "torch_preflight":
        for found in json.loads(child.out)["diagnostics"]:
            said[found["path"]].append((found["code"], found["severity"], found["message"]))
    else:
        # It has no severities: flake8's and its own plain form are warnings.
        for match in LINE.finditer(child.out):
            said[match["file"]].append((match["code"], "warning", match["words"]))
    return [
        Answer(tool, program, tuple(said[str(program.path)]), seconds=child.wall / len(files))
        for program in wanted
    ]
