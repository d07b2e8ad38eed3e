"""Shows in a terminal what was recorded of a loop. Reads the record only, never imports torch.

    loop_text(folder)         the loop in words: what happens in each step, beside the user's lines
    step_text(folder, step)   the anatomy of one step, with numbers
    loop_facts, step_facts    the same as plain data, for JSON

loop.py and step.py are the two pages; words.py says what an operation was, order.py in which order
operations are drawn, page.py how lines fit into a terminal.
"""

from goingdeep.show.loop import loop_text
from goingdeep.show.step import step_text

__all__ = ["loop_text", "step_text"]
