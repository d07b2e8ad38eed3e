"""Shows in a terminal what was recorded of a loop. Reads the record only, never imports torch.

    shown(run, step)          what `gd show` prints
    loop_text(folder)         the loop in words: what happens in each step, beside the user's lines
    step_text(folder, step)   the anatomy of one step, with numbers
    loop_facts, step_facts    the same as plain data

loop.py and step.py draw the two pages; words.py says what an operation was, order.py in which order
operations are drawn, page.py how lines fit into a terminal.
"""

from __future__ import annotations

from pathlib import Path

from goingdeep.record import find_run
from goingdeep.record.encoding import indented
from goingdeep.show.chosen import step_number, steps_done
from goingdeep.show.facts import loop_facts, step_facts
from goingdeep.show.loop import loop_text
from goingdeep.show.step import step_text

__all__ = ["loop_facts", "loop_text", "shown", "step_facts", "step_text", "steps_done"]


def shown(
    run: str | Path = "latest", step: str | int | None = None, *, as_json: bool = False
) -> str:
    """What a run's loop did, in words.

    Args:
        run: a path, a name in runs/, or "latest".
        step: one step, counted from 1, or "last"; None shows the whole loop.
        as_json: the same as JSON.
    Raises:
        RunError: there is no such run, or no record of a loop in it. SettingsError: no such step.
    """
    folder = find_run(run)
    if step is None:
        return indented(loop_facts(folder)) if as_json else loop_text(folder)
    number = step_number(folder, step)
    return indented(step_facts(folder, number)) if as_json else step_text(folder, number)
