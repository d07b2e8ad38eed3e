"""The words of `gd check` and `gd rules`. What they do is in checked.py."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from goingdeep.errors import printable
from goingdeep.terminal import say, write_new

Names = tuple[str, ...]


def check(
    run: Annotated[str, Parameter(help="A path, a name in runs/, or latest.")] = "latest",
    /,
    *,
    face: Annotated[
        str, Parameter(name="--format", help="text, json, sarif or github (annotations).")
    ] = "text",
    output: Annotated[str, Parameter(help="Write the report to this new file.")] = "",
    fail_on: Annotated[
        str, Parameter(help="Exit with 1 from this severity on: error, warning or hint.")
    ] = "",
    disable: Annotated[Names, Parameter(help="Leave a rule out.", negative="")] = (),
    enable: Annotated[
        Names, Parameter(help="Run a rule that is off by default.", negative="")
    ] = (),
    baseline: Annotated[str, Parameter(help="Findings that are known and do not count.")] = "",
    write_baseline: Annotated[
        bool, Parameter(help="Write all findings to the baseline.", negative="")
    ] = False,
) -> None:
    """Find silent mistakes in a recorded run, each with its evidence and a line of the source.

    Exit code 1 where an error was found (or what --fail-on says), 2 where nothing could be judged.
    """
    from goingdeep.checked import check_record

    checked = check_record(
        run,
        disable=disable,
        enable=enable,
        fail_on=fail_on,
        baseline=baseline or None,
        write=write_baseline,
    )
    text = checked.text(face)
    if checked.written is not None:
        say(f"{checked.written:,} findings written to the baseline")
    elif output:
        write_new(Path(output), text + "\n")
        say(f"written to {printable(output)}")
    else:
        say(text)
    if checked.exit_code:
        sys.exit(checked.exit_code)


def rules(
    name: Annotated[str, Parameter(help="A rule, to read its page.")] = "",
    /,
) -> None:
    """List the mistakes that gd check finds, or print one rule's page."""
    from goingdeep.check.catalogue import find, listing, page

    say(page(find(name)) if name else listing(), end="" if name else "\n")
