"""From a struct to JSON, whatever its strings hold."""

from __future__ import annotations

import json
import math
import re
from typing import Any

import msgspec

UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, OverflowError)
"""What decoding a file that anyone could have written may raise."""


def to_json(content: Any) -> bytes:
    r"""JSON in UTF-8.

    On Linux a file name is any bytes, and Python keeps those that are no UTF-8 as lone surrogates,
    which JSON cannot hold: they are written as the text of their escape.

    >>> to_json({"class": "caf\udce9"})
    b'{"class":"caf\\\\udce9"}'
    """
    try:
        return msgspec.json.encode(content)
    except UnicodeEncodeError:
        return msgspec.json.encode(_encodable(msgspec.to_builtins(content)))


def finite(value: float) -> float | str:
    """A number for JSON, which has no NaN and no infinity: these become text.

    >>> finite(0.5), finite(float("nan")), finite(float("-inf"))
    (0.5, 'nan', '-inf')
    """
    return value if math.isfinite(value) else str(value)


def indented(content: Any) -> str:
    r"""The same for people to read: two spaces a level, and nothing that a terminal would obey.

    >>> print(indented({"class": "shoe\u202e\x9b31m"}))
    {
      "class": "shoe\u202e\u009b31m"
    }
    """
    text = msgspec.json.format(to_json(content), indent=2).decode()
    return _BEYOND_ASCII.sub(_shown, text)


_BEYOND_ASCII = re.compile(r"[^\x20-\x7e\n]+")


def _shown(found: re.Match[str]) -> str:
    # JSON may hold any of these as it is, but only within strings, where an escape says the same.
    return "".join(
        c if c.isprintable() else json.dumps(c, ensure_ascii=True)[1:-1] for c in found.group()
    )


def _encodable(content: Any) -> Any:
    if isinstance(content, str):
        return content.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(content, dict):
        return {_encodable(key): _encodable(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_encodable(value) for value in content]
    return content
