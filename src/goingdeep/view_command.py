"""The words of `gd view`. What it does is in viewed.py."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from goingdeep.errors import SettingsError, printable
from goingdeep.terminal import say

Run = Annotated[str, Parameter(help="A path, a name in runs/, or latest.")]


def view(
    run: Run = "latest",
    /,
    *,
    with_: Annotated[
        str, Parameter(name="--with", help="Another run to compare it with.", show_default=False)
    ] = "",
    html: Annotated[str, Parameter(help="Write the page into this new file instead.")] = "",
    open_: Annotated[bool, Parameter(name="--open", help="Open the browser.")] = True,
    source: Annotated[bool, Parameter(help="Show the program's source.")] = True,
    images: Annotated[bool, Parameter(help="Show pictures of samples.")] = True,
    host: Annotated[
        str, Parameter(help="Another address to answer on; needs --let-others-read.")
    ] = "",
    port: Annotated[str, Parameter(help="By default a free one.")] = "0",
    let_others_read: Annotated[
        bool,
        Parameter(
            help="With --host: whoever has the address reads the run, unencrypted.", negative=""
        ),
    ] = False,
) -> None:
    """Step through a run in the browser, live while it trains.

    The page is for this machine only; --html makes one file that works offline and can be sent.
    """
    from goingdeep import viewed

    if html:
        path, page = viewed.write_html(run, Path(html), source=source, images=images, other=with_)
        size = len(page.html.encode()) / 1e6
        say(f"written to {printable(str(path))} ({size:.1f} MB); in it are")
        for line in page.leaves:
            say(f"  {printable(line)}")
        return
    viewed.serve(
        run,
        host=host,
        port=_port(port),
        let_others_read=let_others_read,
        open_browser=open_,
        source=source,
        images=images,
        other=with_,
        say=say,
    )


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) < 1 << 16):
        raise SettingsError(
            f"--port expects a number from 0 to 65535, got {printable(text)!r}",
            fix="leave it out to take a free one",
            more="gd view --help",
        )
    return int(text)
