"""What every event is made of. `Gap` and `Unknown` are here because anyone may write or read them."""

from __future__ import annotations

from typing import Any

import msgspec


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", omit_defaults=True):
    """What every event carries.

    time: seconds since 1970. step: optimizer steps done. rank: which process of a distributed run.
    """

    time: float
    step: int = 0
    rank: int = 0


class Blob(msgspec.Struct, frozen=True):
    """A typed array in `blobs/`: its content hash, dtype ("u1", "f4", "i8") and shape.

    pack: the file there that it is a part of, from byte `at` on; "" where it has one of its own,
    with its hash for a name.
    """

    hash: str
    dtype: str
    shape: tuple[int, ...]
    pack: str = ""
    at: int = 0


class Gap(Event, frozen=True, tag="gap"):
    """What could not be recorded, and why."""

    what: str
    reason: str


CUT_SHORT = "the rest of the training"
"""What a gap says is missing where somebody ended the program before it had done what it would."""


class Unknown(Event, frozen=True, tag="unknown"):
    """An event of a kind this version does not know; `content` is the whole object."""

    content: dict[str, Any] = {}
