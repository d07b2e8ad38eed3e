"""The page of a run, put together for the command, the end of a run, and notebooks.

Imports nothing heavy before it is asked for anything: a program that is watched may end without it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

from goingdeep.errors import SettingsError, WriteError, printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket

    from goingdeep.view.single import Whole

LOOPBACK = "127.0.0.1"
REPORT = "report.html"
OTHERS = "--let-others-read"

MOST_OF_CELL = 2_000_000
MOST_OF_FRAME = 1_500_000
"""Characters of a cell's output, and of the page in it before it is escaped."""

FRAME_HEIGHT = 760


def write_html(
    run: str | Path, path: Path, *, source: bool = True, images: bool = True,
    other: str | Path = "",
) -> tuple[Path, Whole]:  # fmt: skip
    """Write the page of a run into one new file.

    Args:
        run: a path, a name in runs/, or "latest". path: a file that does not exist yet. source:
            whether the user's source goes into it. images: whether pictures of samples do.
        other: a run to compare it with; "" for none.
    Returns:
        The file, and what it carries.
    Raises:
        RunNotFoundError, RunFormatError: no such run. RunExistsError: the file is there already.
        WriteError: it cannot be written.
    """
    from goingdeep.record import find_run
    from goingdeep.terminal import refuse_existing
    from goingdeep.view.single import write_page
    from goingdeep.view.trace import Trace

    folder = find_run(run)
    beside = find_run(other) if other else None
    refuse_existing(path, fix="choose another name: --html FILE", more="docs/view.md")
    try:
        return path, write_page(Trace(folder, source=source, images=images, other=beside), path)
    except WriteError as error:
        error.fix = "choose another place: --html FILE"
        raise


def write_report(folder: Path, announce: Callable[[str], None] | None = None) -> str:
    """Write `report.html` into a run that has ended; says why not where that fails, and never raises.

    Args:
        folder: the run. announce: told what went wrong.
    Returns:
        The same; "" where it was written.
    """
    try:
        from goingdeep.view.single import MOST_OF_REPORT, write_page
        from goingdeep.view.trace import Trace

        write_page(Trace(folder), folder / REPORT, most=MOST_OF_REPORT)
    except Exception as error:  # noqa: BLE001 - the run is done; its page can be made again
        first = (str(error).splitlines() or [""])[0]
        problem = f"{REPORT} was not written: {type(error).__name__}: {printable(first)[:300]}"
        if announce is not None:
            announce(problem)
        return problem
    return ""


def notebook_html(text: str, folder: Path | None) -> str:
    """What a notebook shows of a run: a text for everybody, and below it the page.

    The page is in a frame of its own that may run its program and nothing else: it has no address,
    no storage and no way to the notebook around it. Where it cannot be made the text stands alone.

    Args:
        text: the run in words. folder: the run; None where there is none.
    """
    import html

    words = f"<pre>{html.escape(text)}</pre>"
    if folder is None:
        return words
    try:
        from goingdeep.view.single import whole_page
        from goingdeep.view.trace import Trace

        trace = Trace(folder)
        if not trace.looked:
            return words  # there is no step that could be shown
        page = html.escape(whole_page(trace, most=MOST_OF_FRAME, kind="frame").html)
    except Exception:  # noqa: BLE001 - a cell's output must not become a traceback of ours
        return words
    if len(words) + len(page) > MOST_OF_CELL:
        return words
    name = html.escape(f"{folder.name}, step by step")
    return (
        f'{words}<iframe sandbox="allow-scripts" title="{name}" srcdoc="{page}" '
        f'style="width: 100%; height: {FRAME_HEIGHT}px; border: 1px solid #8888"></iframe>'
    )


def serve(
    run: str | Path,
    *,
    host: str = "",
    port: int = 0,
    let_others_read: bool = False,
    open_browser: bool = True,
    source: bool = True,
    images: bool = True,
    other: str | Path = "",
    say: Callable[[str], None] = print,
) -> None:
    """Show a run on a local address until Ctrl-C, live while it goes on.

    Args:
        run: a path, a name in runs/, or "latest". host: the address to answer on; another one than
            this machine's own needs `let_others_read`. port: 0 takes a free one.
        open_browser: whether to open the page. other: a run to compare it with; "" for none.
        say: told where it is.
    Raises:
        RunNotFoundError, RunFormatError: no such run. SettingsError: an address that cannot be used.
    """
    import secrets
    import socket

    from goingdeep.record import find_run
    from goingdeep.view import server
    from goingdeep.view.trace import Trace

    folder = find_run(run)
    _refuse_others(host, let_others_read=let_others_read)
    beside = find_run(other) if other else None
    trace = Trace(folder, source=source, images=images, live=True, other=beside)
    token = secrets.token_urlsafe(32)
    with _bound(host or LOOPBACK, port) as listening:
        number = listening.getsockname()[1]
        own = (LOOPBACK, "localhost") if not host or host in {LOOPBACK, "localhost"} else (host,)
        hosts = [f"[{name}]:{number}" if ":" in name else f"{name}:{number}" for name in own]
        address = f"http://{hosts[0]}/#/?token={token}"

        def ready() -> None:
            say(f"{printable(folder.name)}: {address}")
            if os.environ.get("SSH_CONNECTION") and own[0] == LOOPBACK:
                machine = printable(socket.gethostname())
                say(f"from your own machine: ssh -L {number}:{LOOPBACK}:{number} {machine}")
            say("Ctrl-C ends this; the training, if it goes on, does not notice")
            if open_browser:
                _open(address)

        # Whoever was let in to read one run was not asked about the others.
        app = server.application(trace, hosts, token, neighbours=not let_others_read)
        try:
            server.made(app, ready).run(sockets=[listening])
        except KeyboardInterrupt:
            say("")


def _refuse_others(host: str, *, let_others_read: bool) -> None:
    if not host or host in {LOOPBACK, "localhost"}:
        return
    if not let_others_read:
        raise SettingsError(
            f"--host {printable(host)} would let other machines in",
            why="whoever has the address reads the run, its pictures and your source, and whoever "
            "is on the way reads along: nothing is encrypted",
            fix=f"gd view --host {printable(host)} {OTHERS}, or through a tunnel: "
            "ssh -L PORT:127.0.0.1:PORT",
            more="docs/view.md",
        )
    if host in {"0.0.0.0", "::", "*"}:  # noqa: S104 - it is refused
        raise SettingsError(
            f"--host expects the address that others type, got {printable(host)}",
            why="every request is compared with it",
            fix=f"--host ADDRESS {OTHERS}",
            more="docs/view.md",
        )


def _bound(host: str, port: int) -> socket.socket:
    import socket

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
    except (OSError, OverflowError) as error:
        listening.close()
        why = getattr(error, "strerror", None) or str(error)
        raise SettingsError(
            f"{printable(host)} port {port} cannot be used: {why.lower()}",
            fix="leave out --port to take a free one",
            more="docs/view.md",
        ) from error
    return listening


def _open(address: str) -> None:
    """Open the browser, without its own words on our output."""
    import webbrowser

    # A terminal's own browser would take the terminal from us.
    if sys.platform.startswith("linux") and not any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")
    ):
        return
    try:
        webbrowser.open(address)
    except webbrowser.Error:
        return
