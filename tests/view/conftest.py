"""Real runs to look at, made in a second each, and a page to put them into."""

from __future__ import annotations

import http.client
import shutil
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import torch

import goingdeep as gd
from goingdeep.record import Manifest, write_manifest
from goingdeep.record.log import EventLog
from goingdeep.view import server
from goingdeep.view.page_files import PROGRAM, SOURCE, STYLE, PageFiles
from goingdeep.view.trace import Trace

HOSTILE = '</script><script>alert(1)</script><img src=x onerror="alert(2)">&amp;\u202e'
TOKEN = "t" * 43

PAGE = PageFiles(
    f"<!doctype html>\n<html><head>\n{STYLE}\n</head><body>{SOURCE}\n{PROGRAM}</body></html>\n",
    "body { margin: 0 }",
    "const one = 1;",
)


def train_tiny(folder: Path, **changed) -> Path:
    """A run of `gd train` with 8 steps on noise."""
    draw = np.random.default_rng(0)
    data = {
        "x_train": draw.integers(0, 256, (64, 8, 8), dtype=np.uint8),
        "y_train": np.arange(64) % 3,
        "x_test": draw.integers(0, 256, (32, 8, 8), dtype=np.uint8),
        "y_test": np.arange(32) % 3,
    }
    threads = torch.get_num_threads()
    try:
        run = gd.train(data, recipe="quickstart", out=folder, epochs=1, batch_size=8, **changed)
    finally:
        torch.set_num_threads(threads)
    return run.path


@pytest.fixture(scope="session")
def trained(tmp_path_factory) -> Path:
    """A finished run; not to be written to."""
    return train_tiny(tmp_path_factory.mktemp("trained") / "run")


@pytest.fixture
def copy(trained, tmp_path) -> Path:
    """The same, to be changed."""
    return shutil.copytree(trained, tmp_path / "copy")


class Going:
    """A run that goes on: its log is held open."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder = folder
        self.manifest = Manifest(
            kind="watch", name="going", command=("gd", "run", "x.py"),
            created="2026-01-01T00:00:00.000+00:00", status="running",
        )  # fmt: skip
        write_manifest(folder, self.manifest)
        self.log = EventLog(folder)

    def close(self, status: str = "") -> None:
        if status:
            self.manifest.status = status
            write_manifest(self.folder, self.manifest)
        self.log.close()


@pytest.fixture
def going(tmp_path) -> Iterator[Going]:
    run = Going(tmp_path / "going")
    yield run
    run.close()


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class Served:
    """A server on a port of its own."""

    port: int
    trace: Trace
    hosts: tuple[str, ...] = field(default=())

    @property
    def own(self) -> str:
        return f"127.0.0.1:{self.port}"

    def get(self, path: str, *, method: str = "GET", token: str | None = TOKEN, **headers: str):
        """Ask as a browser would; header names have _ for -."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if token is not None:
            sent.setdefault("Authorization", f"Bearer {token}")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.putrequest(method, path, skip_host="Host" in sent)
            for name, value in sent.items():
                connection.putheader(name, value)
            connection.endheaders()
            answer = connection.getresponse()
            headers_ = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, headers_, answer.read())
        finally:
            connection.close()


def serving(trace: Trace, *, neighbours: bool = False) -> Iterator[Served]:
    """A real server in a thread, until the test ends."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        ready = threading.Event()
        hosts = [f"127.0.0.1:{port}", f"localhost:{port}"]
        app = server.application(trace, hosts, TOKEN, PAGE, neighbours=neighbours)
        made = server.made(app, ready.set)
        thread = threading.Thread(target=made.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        assert ready.wait(10)
        yield Served(port, trace)
        made.should_exit = True
        thread.join(10)
        assert not thread.is_alive()


@pytest.fixture(scope="module")
def served(trained) -> Iterator[Served]:
    yield from serving(Trace(trained, live=True))
