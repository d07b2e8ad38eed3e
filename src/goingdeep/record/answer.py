"""What `gd why` measured, as a file in the run's `answers/`: plain data, drawn by whoever likes.

    answers/<topic>.json     the newest answer to a topic

An answer is made of blocks: what was seen on this run (`see`), and what became of it with the
mistake (`broken`). A number that is not finite is written as text: "nan", "inf", "-inf".
"""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Literal

import msgspec

from goingdeep.record.encoding import UNREADABLE, to_json
from goingdeep.record.files import read_file, write_atomic, writing

FOLDER = "answers"

MOST = 64
"""Files that are read: there are a dozen topics, and somebody may have sent the record."""

MOST_BYTES = 256 << 10
"""Of one."""

Number = float | int | bool | str | None
Verdict = Literal["true", "half true", "false", "not measured"]


class Block(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="block"):
    """A part of an answer."""


class Text(Block, frozen=True, tag="text"):
    """A paragraph; code: to be shown as it is, line by line."""

    text: str
    code: bool = False


class Table(Block, frozen=True, tag="table"):
    """Rows of cells as they are shown. align: a letter a column, "l" or "r". note: below it."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    align: str = ""
    note: str = ""


class Curve(msgspec.Struct, frozen=True, omit_defaults=True):
    """A line of a figure. values: one for each of the figure's xs, None where there is none."""

    name: str
    values: tuple[float | str | None, ...]


class Figure(Block, frozen=True, tag="figure"):
    """Curves over the same xs. log: the y axis is meant to be logarithmic."""

    title: str
    curves: tuple[Curve, ...]
    x: str = "step"
    y: str = "loss"
    xs: tuple[float, ...] = ()
    log: bool = False
    note: str = ""


class Picture(Block, frozen=True, tag="picture"):
    """Images side by side. pixels: u8[n,C,h,w] (base64 in JSON). shape: n, C, h, w."""

    title: str
    shape: tuple[int, int, int, int]
    pixels: bytes
    captions: tuple[str, ...] = ()
    note: str = ""


class Failure(Block, frozen=True, tag="failure"):
    """What PyTorch says of a mistake. error: its own words; where: the layer; meaning: in ours."""

    title: str
    error: str
    where: str = ""
    meaning: str = ""


Blocks = Text | Table | Figure | Picture | Failure


class ClaimFound(msgspec.Struct, frozen=True, omit_defaults=True):
    """A belief and what the run says of it. because: a sentence with the numbers it rests on."""

    claim: str
    verdict: Verdict
    because: str
    numbers: dict[str, Number] = {}


class Place(msgspec.Struct, frozen=True, omit_defaults=True):
    """A line of the user's source. what: which operation is there."""

    what: str
    file: str
    line: int
    source: str = ""


class Reading(msgspec.Struct, frozen=True):
    """Where to read on."""

    title: str
    url: str


class Answer(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What a topic's experiment said on one run.

    applies: whether the topic has anything to say here; says: why not, or why nothing could be
        replayed ("" where it could).
    replay: how an unchanged replay compares with the run, as a sentence; "" where there was none.
    step, replayed: the moment's first step, and how many steps it has; 0 where there is none.
    seconds: what the answer took, start-up not included.
    fault: where the experiment failed by a fault of ours, what and where; else "".
    """

    topic: str
    question: str
    short: str
    run: str = ""
    applies: bool = True
    says: str = ""
    replay: str = ""
    step: int = 0
    replayed: int = 0
    see: tuple[Blocks, ...] = ()
    broken: tuple[Blocks, ...] = ()
    claims: tuple[ClaimFound, ...] = ()
    places: tuple[Place, ...] = ()
    sources: tuple[Reading, ...] = ()
    read_next: tuple[str, ...] = ()
    seconds: float = 0.0
    fault: str = ""


def save_answer(folder: Path, answer: Answer) -> Path:
    """Write an answer into a run; it replaces an older one to the same topic.

    Raises:
        WriteError: the folder cannot be written to, or is a link: a record that somebody sent could
            lead into the user's own folders with it.
    """
    place = folder / FOLDER
    with writing(place):
        if place.is_symlink():
            raise OSError(errno.ENOTDIR, "it is a link")
        place.mkdir(exist_ok=True)
    path = place / f"{answer.topic}.json"
    write_atomic(path, msgspec.json.format(to_json(answer), indent=1) + b"\n", durable=False)
    return path


def read_answers(folder: Path) -> list[Answer]:
    """The answers of a run, by topic; what cannot be read or is larger than any is left out."""
    found: list[Answer] = []
    for path in sorted((folder / FOLDER).glob("*.json"))[:MOST]:
        try:
            if path.stat().st_size <= MOST_BYTES:
                found.append(msgspec.json.decode(read_file(path), type=Answer))
        except (OSError, *UNREADABLE):
            continue
    return found
