"""The drawings that are kept as text. `python -m tests.show.drawings` writes them anew: read them."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from goingdeep.show import loop_text, step_text
from tests.show import loops
from tests.show.conftest import Recording, write_look, write_plain

PLACE = Path(__file__).parent / "golden"


def plain(one: Recording) -> Path:
    return write_plain(one).end()


def looked(one: Recording) -> Path:
    write_plain(one)
    write_look(one, {41 + i: i for i in range(7)})
    return one.end()


def drawings() -> dict[str, Callable[[], str]]:
    """Name of the file to what makes its text, in a folder of its own."""
    made: dict[str, Callable[[], str]] = {}
    for name, make in {**loops.ALL, "plain": plain}.items():
        made[name] = lambda name=name, make=make: loop_text(
            make(Recording(Path("runs") / name)), 80
        )
    for width in (40, 120):
        made[f"plain-{width}"] = lambda width=width: loop_text(
            plain(Recording(Path("runs/plain"))), width
        )
        made[f"step-{width}"] = lambda width=width: step_text(
            looked(Recording(Path("runs/plain"))), 938, width
        )
    made["step"] = lambda: step_text(looked(Recording(Path("runs/plain"))), 938, 80)
    made["step-from-afar"] = lambda: step_text(looked(Recording(Path("runs/plain"))), 1500, 80)
    made["step-not-finite"] = lambda: step_text(
        loops.not_finite(Recording(Path("runs/nan"))), 101, 80
    )
    made["step-two-ranks"] = lambda: step_text(
        loops.two_ranks(Recording(Path("runs/two"))), 256, 80
    )
    return made


if __name__ == "__main__":
    for name, draw in drawings().items():
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            text = draw()
            os.chdir(PLACE)
        (PLACE / f"{name}.txt").write_text(text + "\n", encoding="utf-8")
