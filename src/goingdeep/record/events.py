"""The facts a run is made of: one JSON object a line in `events.jsonl`, each with its kind.

Adding a kind of event is adding a struct: here where the run itself writes it, in seen.py or look.py
where a watcher does. A reader meets a kind it does not know without
failing: it becomes an `Unknown`. Steps count optimizer steps from the start of the run; `step`
is the number of steps done when the event was written, so that a resume from step s makes every
earlier line with a larger step void.
"""

from __future__ import annotations

from typing import Any

import msgspec

from goingdeep.record.encoding import to_json
from goingdeep.record.event import Blob, Event, Gap, Unknown
from goingdeep.record.look import LOOK
from goingdeep.record.seen import SEEN


class Started(Event, frozen=True, tag="started"):
    """The loop begins. steps: how many the whole run will have."""

    steps: int
    device: str


class Resumed(Event, frozen=True, tag="resumed"):
    """A run goes on from a checkpoint: earlier lines with a larger step are void."""

    checkpoint: str = ""


class FirstBatch(Event, frozen=True, tag="first-batch"):
    """The first samples of the first batch, as the model got them.

    images: u1[n,C,H,W]; labels: the class index of each; batch: f32 shape of the whole batch.
    """

    images: Blob
    labels: tuple[int, ...]
    batch: tuple[int, ...]


MOMENT_STEPS = 60
"""Steps of a moment: what a program keeps, what is replayed and what mistakes are proved on. Of a run
of `gd train` the losses of so many steps are kept one by one."""


class Losses(Event, frozen=True, tag="losses"):
    """The losses of steps `first` and following, to the last bit; a curve may join neighbours.

    Kept where a run can be replayed from: at its beginning, and from a tenth of its steps on.
    """

    first: int
    values: tuple[float, ...]


class Epoch(Event, frozen=True, tag="epoch"):
    """One pass over the training part.

    epoch: counted from 1. loss: mean over the epoch's steps, in nats. rate: learning rate of the
    last step. scores: accuracy by part, where one was measured. data_wait: share of train_seconds
    spent waiting for batches. samples: how many images were trained on in this process.
    """

    epoch: int
    loss: float
    rate: float
    scores: dict[str, float] = {}
    samples: int = 0
    train_seconds: float = 0.0
    test_seconds: float = 0.0
    data_wait: float = 0.0


class Checkpointed(Event, frozen=True, tag="checkpoint"):
    """A checkpoint is whole on disk. reason: "time", "epoch", "moment" or "signal"."""

    name: str
    reason: str
    seconds: float = 0.0


class Interrupted(Event, frozen=True, tag="interrupted"):
    """The run was asked to stop and did so cleanly."""

    signal: str


class Failed(Event, frozen=True, tag="failed"):
    """The run ended in an error. error: the class; message: its first line."""

    error: str
    message: str


class WorstErrors(Event, frozen=True, tag="worst-errors"):
    """Test images that were classified wrongly, the most confident first.

    samples: their numbers in the test part. pictures: u1[n,C,h,w], for the eye.
    """

    samples: tuple[int, ...]
    pictures: Blob


class Finished(Event, frozen=True, tag="finished"):
    """The run is complete. accuracy: on the test part, 0 to 1."""

    accuracy: float
    seconds: float


KNOWN = (
    Started
    | Resumed
    | FirstBatch
    | Losses
    | Epoch
    | Checkpointed
    | Interrupted
    | Failed
    | WorstErrors
    | Finished
    | Gap
    | SEEN
    | LOOK
)  # fmt: skip

_decoder: msgspec.json.Decoder[Event] = msgspec.json.Decoder(KNOWN)


def encode(event: Event) -> bytes:
    """One line, with its newline."""
    return to_json(event) + b"\n"


def decode(line: bytes) -> Event:
    """One event; an unknown kind or shape becomes `Unknown`.

    Raises:
        One of `encoding.UNREADABLE`: the line is not a JSON object.
    """
    try:
        return _decoder.decode(line)
    except msgspec.ValidationError:
        content = msgspec.json.decode(line, type=dict[str, Any])
        return Unknown(
            time=float(_number(content, "time")),
            step=int(_number(content, "step")),
            rank=int(_number(content, "rank")),
            content=content,
        )


def _number(content: dict[str, Any], key: str) -> float:
    value = content.get(key)
    return value if isinstance(value, int | float) else 0
