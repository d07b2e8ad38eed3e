"""The command as a user types it, in a folder of the test's own, most often in this process."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from goingdeep import cli
from tests.show.conftest import Recording, write_look, write_plain

PLAIN = ("--recipe", "quickstart", "--set", "batch_size=8")
"""What makes a training of tiny.npz take a fraction of a second."""


@dataclass(frozen=True)
class Outcome:
    """What a command left: its exit code and what it printed."""

    code: int
    out: str
    err: str

    @property
    def first(self) -> str:
        """The first line of the error, which stands alone."""
        return self.err.split("\n", 1)[0]

    def is_error(self, first: str, *, fix: str = "") -> bool:
        """Whether this is an error of ours, whole, with these words in it."""
        lines = self.err.rstrip("\n").split("\n")
        labels = [line[:9] for line in lines[1:]]
        assert self.code == 2, (self.code, self.err)
        assert self.out == "", self.out
        assert first in self.first, self.err
        assert len(lines) <= 5, self.err
        assert labels == [x for x in ("  where: ", "  why:   ", "  fix:   ", "  more:  ")
                          if x in labels], self.err  # fmt: skip
        assert "  fix:   " in labels, self.err
        assert "  more:  " in labels, self.err
        assert fix in self.err.split("  fix:   ")[1], self.err
        assert "Traceback" not in self.err
        return True


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch) -> Path:
    """An empty folder, in which the command is called."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def gd(capsys, monkeypatch) -> Callable[..., Outcome]:
    """Call the command in this process: gd("train", "tiny.npz")."""

    def call(*words: str) -> Outcome:
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", ["gd", *words])
        code = 0
        try:
            cli.main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        printed = capsys.readouterr()
        return Outcome(code, printed.out, printed.err)

    return call


def write_tiny(path: Path, side: int = 8, classes: int = 3, **changed: object) -> Path:
    """64 training and 32 test images of noise, the same ones every time."""
    draw = np.random.default_rng(side)
    arrays = {
        "x_train": draw.integers(0, 256, (64, side, side), dtype=np.uint8),
        "y_train": np.arange(64) % classes,
        "x_test": draw.integers(0, 256, (32, side, side), dtype=np.uint8),
        "y_test": np.arange(32) % classes,
    }
    np.savez(path, **(arrays | changed))
    return path


@pytest.fixture
def tiny(home) -> Path:
    return write_tiny(home / "tiny.npz")


def write_pictures(root: Path, *classes: str, count: int = 6, size: tuple[int, int] = (8, 8)):
    """A folder a class, each with `count` PNG of noise; size is width and height."""
    draw = np.random.default_rng(len(classes))
    for name in classes:
        (root / name).mkdir(parents=True)
        for i in range(count):
            pixels = draw.integers(0, 256, size[::-1], dtype=np.uint8)
            Image.fromarray(pixels).save(root / name / f"{i}.png")
    return root


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder with its content."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def weights(run: Path | str) -> bytes:
    return (Path(run) / "model" / "model.safetensors").read_bytes()


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> Path:
    """A folder with tiny.npz and runs/done, a finished run on it; copied by `done`."""
    folder = tmp_path_factory.mktemp("finished")
    write_tiny(folder / "tiny.npz")
    from goingdeep import session

    before = Path.cwd()
    os.chdir(folder)
    try:
        session.train(
            "tiny.npz", recipe="quickstart", out="runs/done", model="mlp", epochs=2, batch_size=8
        )
    finally:
        os.chdir(before)
    return folder


@pytest.fixture
def done(finished, home) -> Path:
    """runs/done: a finished run, as if it had been trained here."""
    shutil.copytree(finished, home, symlinks=True, dirs_exist_ok=True)
    run = home / "runs" / "done"
    facts = json.loads((run / "run.json").read_text())
    facts["data"]["source"] = str(home / "tiny.npz")
    (run / "run.json").write_text(json.dumps(facts))
    return Path("runs/done")


class Forks:
    """Real processes without the seconds that importing torch costs; see forks.py."""

    def __init__(self) -> None:
        self._parent = subprocess.Popen(
            [sys.executable, "-m", "tests.cli.forks"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )

    def start(self, *words: str, **how: object) -> int:
        """Begin a command; returns its process."""
        Path("out.txt").unlink(missing_ok=True)
        assert self._parent.stdin is not None
        request = {"argv": words, "cwd": str(Path.cwd()), **how}
        self._parent.stdin.write(json.dumps(request) + "\n")
        self._parent.stdin.flush()
        return int(self._line())

    def end(self) -> Outcome:
        """Wait for the command; a signal that killed it is a negative code."""
        code = int(self._line())
        out, err = (Path(name).read_text("utf-8") for name in ("out.txt", "err.txt"))
        return Outcome(code, out, err)

    def __call__(self, *words: str, **how: object) -> Outcome:
        self.start(*words, **how)
        return self.end()

    def signalled(self, number: signal.Signals, *words: str, times: int = 1) -> Outcome:
        """Send a signal when the training of `slow_model` has come to its sixth batch."""
        pid = self.start(*words)
        for i in range(times):
            wait_for(Path(f"reached-{i}"))
            os.kill(pid, number)
        return self.end()

    def close(self) -> None:
        # Told, for the end of its input may not come: a loader's worker that is a fork of this process
        # and lives as long has that pipe open, too.
        self._parent.communicate("end\n")

    def _line(self) -> str:
        assert self._parent.stdout is not None
        return self._parent.stdout.readline()


@pytest.fixture(scope="session")
def _forks() -> Iterator[Forks]:
    forks = Forks()
    yield forks
    forks.close()


@pytest.fixture
def process(_forks) -> Forks:
    """Call the command in a process of its own: process("train", "tiny.npz")."""
    return _forks


def wait_for(path: Path, seconds: float = 60) -> None:
    for _ in range(int(seconds * 100)):
        if path.exists():
            return
        time.sleep(0.01)
    raise TimeoutError(path)


SLOW = '''
"""A model that tells when it has come to its sixth batch, and there waits to be stopped."""
import pathlib, time, torch

class Slow(torch.nn.Module):
    def __init__(self, size, classes):
        super().__init__()
        self.linear = torch.nn.Linear(size, classes)
        self.seen = 0

    def forward(self, images):
        self.seen += self.training
        if self.training and self.seen == 6 and pathlib.Path("wait").exists():
            pathlib.Path("reached-0").touch()
            wait = float(pathlib.Path("wait").read_text())
            time.sleep(wait)
            pathlib.Path("reached-1").touch()
            time.sleep(wait)
        return self.linear(images.flatten(1))

def net(channels, height, width, classes):
    return Slow(channels * height * width, classes)
'''


@pytest.fixture
def slow_model(home) -> str:
    (home / "slow.py").write_text(SLOW)
    return "slow.py:net"


@pytest.fixture
def picture(home):
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(home / "tiny.png")


def edit(path, **changed):
    """Change some fields of a JSON file; "data.source" goes into the object in it."""
    content = json.loads(path.read_text())
    for key, value in changed.items():
        place, *rest = key.split("__")
        if rest:
            content[place][".".join(rest)] = value
        else:
            content[place] = value
    path.write_text(json.dumps(content))


def unfinished(run):
    """Take away what the end of a run wrote, as if it had been killed just before."""
    edit(run / "run.json", status="running")
    (run / "result.json").unlink()
    shutil.rmtree(run / "model")
    return run


@pytest.fixture
def watched(home):
    """runs/loop: the record of a loop that `gd run` would have written."""
    one = write_plain(Recording(home / "runs" / "loop"))
    write_look(one, {41 + i: i for i in range(7)})
    return one.end()
