"""The words of `gd data`. What they do is in session.py."""

from __future__ import annotations

from typing import Annotated

from cyclopts import App, Parameter

from goingdeep.errors import GoingDeepError
from goingdeep.terminal import Speaker, say

data = App(name="data", help="Look at a data set, or fetch one.")


@data.command
def show(
    source: Annotated[
        str, Parameter(name="DATA", help="A data set's name, a folder, or an .npz file.")
    ],
    /,
    *,
    size: Annotated[int, Parameter(help="Bring pictures to this side in pixels.")] = 0,
    resize: Annotated[str, Parameter(help="How: pad, crop or stretch.")] = "",
    picture: Annotated[str, Parameter(help="Where to write the contact sheet.")] = "",
    json: Annotated[bool, Parameter(help="Print JSON.", negative="")] = False,
) -> None:
    """Print what is in a data set, and draw a contact sheet."""
    from goingdeep import session
    from goingdeep.record.encoding import indented
    from goingdeep.train import shown

    speaker = Speaker(quiet=json)
    try:
        facts, drawn = session.data_show(
            source, size=size, resize=resize, picture=picture or None, progress=speaker.progress
        )
    except GoingDeepError as error:  # it speaks of settings, which are options here
        for setting, option in (
            ("--set data.size=", "--size "),
            ("--set data.resize=", "--resize "),
        ):
            error.fix = error.fix.replace(setting, option)
        raise
    if json:
        say(indented({**facts, "picture": str(drawn)}))
    else:
        say(shown.facts_text(facts, drawn))


@data.command
def get(name: Annotated[str, Parameter(help="A data set's name.")], /) -> None:
    """Fetch a data set into the cache, with its checksums verified."""
    from goingdeep import session

    speaker = Speaker(quiet=False)
    say(session.data_get(name, progress=speaker.progress))
