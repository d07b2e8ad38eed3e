"""How large the files of a record may be: somebody may have sent it."""

from __future__ import annotations

from pathlib import Path

from goingdeep.errors import RunFormatError, printable
from goingdeep.record.log import MAX_BYTES

MOST_OF_RUN = 4 << 20
MOST_OF_RESULT = 16 << 20
MOST_OF_LOG = MAX_BYTES + (1 << 20)
"""Bytes of files that are read whole."""


def refuse_large(folder: Path) -> None:
    """Refuse what none of our writers makes: a record that was sent must not fill the memory.

    Raises:
        RunFormatError: a file is larger than it can be.
    """
    bounds = {
        "run.json": MOST_OF_RUN,
        "result.json": MOST_OF_RESULT,
        "proofs.json": MOST_OF_RESULT,
    }
    for path in (*(folder / name for name in bounds), *folder.glob("events*.jsonl")):
        most = bounds.get(path.name, MOST_OF_LOG)
        try:
            size = path.stat().st_size
        except OSError:
            continue
        if size > most:
            raise RunFormatError(
                f"{printable(str(path))} has {size:,} bytes, a record has at most {most:,}",
                where=str(folder),
                fix="gd runs (lists the runs there are)",
                more="docs/runs.md",
            )
