"""Lines of ours on the error stream: few, and never in the way of the program.

Imported before the program begins; see imports.py.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TextIO


def note(text: str) -> None:
    """A line of ours on the error stream."""
    tell(f"gd: {text}", sys.stderr)


def tell(text: str, stream: TextIO | None) -> None:
    """Write lines, or nothing: what a full disk does not take must not come up again at the end."""
    if stream is None:
        return
    own = sys.__stderr__
    try:
        stream.flush()
        if own is None or stream is not own:  # a notebook's, or the program's
            stream.write(f"{text}\n")
            stream.flush()
            return
        left = f"{text}\n".encode(own.encoding or "utf-8", own.errors or "backslashreplace")
        while left:
            left = left[os.write(own.fileno(), left) :]
    except Exception:  # noqa: BLE001, S110 - the stream may be the program's, and raise anything
        pass


def interject(text: str) -> None:
    """Lines of ours in the midst of what the program prints: on lines of their own.

    A progress bar leaves its line open: in a terminal it is wiped away, and will be drawn again
    below; elsewhere it is ended.
    """
    stream = sys.stderr
    if stream is None:
        return
    try:
        in_terminal = stream.isatty()
    except Exception:  # noqa: BLE001 - as in `tell`
        in_terminal = False
    tell(("\r\x1b[K" if in_terminal else "\n") + text, stream)


def said(error: BaseException) -> str:
    """The class and the first line of an error's text, without running code of the user's."""
    from goingdeep.errors import printable

    texts = [text for text in error.args if isinstance(text, str) and text]
    first = texts[0].splitlines()[0] if texts else ""
    return printable(f"{type(error).__name__}: {first}".removesuffix(": "))
