"""Records written by hand, of loops with and without a mistake, and rules made for a test."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from goingdeep import cli
from goingdeep.check.catalogue import Entry
from goingdeep.check.rule import Finding, Rule
from goingdeep.record import look, seen
from goingdeep.record.event import Event
from goingdeep.record.events import encode
from goingdeep.record.reading import Seen
from goingdeep.record.seen import Block, Group, Op, Parameter

SOURCE = """\
import torch
model = torch.nn.Linear(2, 2)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for x, y in loader:
    loss = torch.nn.functional.cross_entropy(model(x), y)
    loss.backward()
    optimizer.step()
"""


class Record:
    """Events of one process, in memory: `record.events`, `record.seen()`, `record.write(folder)`."""

    def __init__(self, file: str = "/data/train.py", rank: int = 0) -> None:
        self.file = file
        self.rank = rank
        self.step = 0
        self.events: list[Event] = []

    def add(self, kind: type[Event], **fields: Any) -> None:
        self.events.append(kind(time=1.0, step=self.step, rank=self.rank, **fields))

    def sites(self, source: str = SOURCE) -> None:
        """A site for each line, numbered like the lines."""
        for line, text in enumerate(source.splitlines(), 1):
            self.add(seen.Site, id=line, file=self.file, line=line, source=text.strip())

    def loop(
        self, *, steps: int = 20, cleared: bool = False, source: str = SOURCE, ended: bool = True
    ) -> Record:
        """The loop of SOURCE, which never clears; or does so, although the source does not say."""
        self.sites(source)
        state = "fresh" if cleared else "summed"
        before = "none" if cleared else "left-over"
        self.add(
            seen.Model,
            id=0,
            class_name="Linear",
            site=5,
            parameters=(Parameter("weight", (2, 2)), Parameter("bias", (2,))),
        )
        self.add(
            seen.Optimizer,
            id=0,
            class_name="SGD",
            site=3,
            groups=(Group({"lr": 0.1}, {0: (0, 1)}),),
        )
        self.add(
            seen.LossFunction,
            id=0,
            function="cross_entropy",
            site=5,
            reduction="mean",
            input=(4, 2),
            target=(4,),
            came_from=("AddmmBackward0",),
            low=-1.0,
            high=1.0,
            value=0.7,
        )
        for number, (grads, used) in enumerate((("none", "fresh"), (before, state))):
            self.add(seen.Anatomy, id=number, optimizer=0, blocks=(Block((
                Op("forward", 5, {"model": 0, "training": True, "grad": True}),
                Op("loss", 5, {"loss": 0}),
                Op("backward", 6, {"grads": grads, "came_from": "NllLossBackward0"}),
                Op("step", 7, {"optimizer": 0, "grads": used, "changed": True}),
            )),))  # fmt: skip
        self.step = steps
        self.add(seen.Steps, optimizer=0, anatomy=0, first=1, last=1, count=1)
        if steps > 1:
            self.add(seen.Steps, optimizer=0, anatomy=1, first=2, last=steps, count=steps - 1)
        self.add(look.LookStep, look=1, optimizer=0)
        if ended:
            self.add(seen.Ended, seconds=1.0, steps=steps)
        return self

    def seen(self) -> Seen:
        return Seen(self.events)

    def write(self, folder: Path) -> Path:
        """A run folder that holds these events."""
        folder.mkdir(parents=True, exist_ok=True)
        manifest = {
            "name": folder.name,
            "kind": "watch",
            "command": ["gd", "run", self.file],
            "created": "2025",
        }
        (folder / "run.json").write_text(json.dumps(manifest))
        (folder / "events.jsonl").write_bytes(b"".join(map(encode, self.events)))
        return folder


@pytest.fixture
def script(tmp_path, monkeypatch) -> Path:
    """train.py with the source of the loop, in the current folder."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "train.py"
    path.write_text(SOURCE)
    return path


@pytest.fixture
def run(script) -> Path:
    """A recorded run of train.py: gradients are never cleared."""
    return Record(str(script)).loop().write(script.parent / "runs" / "plain")


def made(name: str, check: Callable[..., Iterator[Finding]], **fields: Any) -> Entry:
    """A rule made for a test."""
    sections = {"Why it hurts": "It hurts. A lot."}
    return Entry(
        Rule(name, fields.pop("severity", "error"), **fields), check, Path(), "A title.", sections
    )


def always(name: str, **fields: Any) -> Entry:
    """A rule that finds one thing in every run."""
    entry: Entry

    def check(_run: Any) -> Iterator[Finding]:
        yield entry.rule.found("{how} wrong", site=6, step=2, how="very", fix="x = 1")

    entry = made(name, check, **fields)
    return entry


def never(name: str, **fields: Any) -> Entry:
    """A rule that finds nothing."""

    def check(_run: Any) -> Iterator[Finding]:
        yield from ()

    return made(name, check, **fields)


@pytest.fixture
def gd(capsys, monkeypatch) -> Callable[..., tuple[int, str, str]]:
    """Call the command: gd("check", "plain") -> exit code, output, error output."""

    def call(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", ["gd", *words])
        code = 0
        try:
            cli.main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return call
