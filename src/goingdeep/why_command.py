"""The words of `gd why`. What it does is in explained.py."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from goingdeep.terminal import say


def why(
    *question: Annotated[
        str,
        Parameter(help="A topic, or a question in words; then the run (default: the newest)."),
    ],
    json: Annotated[bool, Parameter(help="Print JSON.", negative="")] = False,
) -> None:
    """Answer a question by experiment on a run: what happens, and what happens with the mistake.

    Without a question it lists the topics. The answer is kept in the run's folder, in answers/.
    """
    from goingdeep import explained

    found = explained.why(*explained.question_and_run(question))
    if not json:
        say(repr(found))
    elif isinstance(found, explained.Topics):
        say(explained.as_json(found.listed))
    else:
        say(explained.as_json(found.answer))
