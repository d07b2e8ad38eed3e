"""`gd view` as a user types it: one file, a local address, and what is refused."""

from __future__ import annotations

import http.client
import os
import re
import select
import signal
import socket
import subprocess
import sys
import time
from urllib.parse import urlsplit

import pytest

from goingdeep import viewed
from goingdeep.view import server
from tests.cli.conftest import PLAIN

ADDRESS = re.compile(r"http://127\.0\.0\.1:(\d+)/#/\?token=([\w-]{43})\n")


@pytest.fixture
def run(gd, tiny):
    assert (
        gd("train", "tiny.npz", *PLAIN, "--epochs", "1", "--out", "runs/mine", "--no-report").code
        == 0
    )
    return "mine"


def test_one_file(gd, run, home):
    outcome = gd("view", run, "--html", "page.html")
    assert (outcome.code, outcome.err) == (0, "")
    first, *carried = outcome.out.splitlines()
    assert re.fullmatch(r"written to page\.html \(\d\.\d MB\); in it are", first)
    assert [line.split()[0] for line in carried] == ["source", "looks", "mistakes"]
    assert "goingdeep/train/loop.py" in carried[0]
    assert "gd-source" in (home / "page.html").read_text(encoding="utf-8")


def test_two_runs_in_one_file(gd, run, home):
    assert (
        gd("train", "tiny.npz", *PLAIN, "--epochs", "1", "--out", "runs/yours", "--no-report").code
        == 0
    )
    outcome = gd("view", run, "--with", "yours", "--html", "both.html", "--no-images")
    assert (outcome.code, outcome.err) == (0, "")
    said = outcome.out.splitlines()[1:]
    assert [line.split()[0] for line in said] == ["source", "looks", "source", "looks"]
    assert [line.endswith("(of yours)") for line in said] == [False, False, True, True]
    missing = gd("view", run, "--with", "theirs", "--html", "third.html")
    assert missing.is_error("there is no run 'theirs'")
    assert not (home / "third.html").exists()


def test_what_is_there_is_not_replaced(gd, run, home):
    (home / "page.html").write_text("mine")
    outcome = gd("view", run, "--html", "page.html")
    assert outcome.is_error("page.html is there already", fix="choose another name")
    assert (home / "page.html").read_text() == "mine"
    nowhere = gd("view", run, "--html", "no/such/page.html")
    assert nowhere.is_error("cannot write page.html", fix="choose another place: --html FILE")
    nameless = gd("view", run, "--html", "")
    assert nameless.is_error("--html expects a name after it, got an empty one", fix="--html FILE")


def test_source_and_images_can_be_left_out(gd, run):
    lines = gd("view", run, "--html", "page.html", "--no-source", "--no-images").out.splitlines()
    assert [line.split()[0] for line in lines[1:]] == ["looks"]


@pytest.mark.parametrize(
    ("words", "first", "fix"),
    [
        (
            ("--host", "192.0.2.1"),
            "--host 192.0.2.1 would let other machines in",
            "--let-others-read",
        ),
        (
            ("--host", "0.0.0.0", "--let-others-read"),
            "--host expects the address that others type",
            "--host ADDRESS",
        ),
        (
            ("--host", "192.0.2.1", "--let-others-read"),
            "192.0.2.1 port 0 cannot be used",
            "leave out --port",
        ),
        (("--port", "99999"), "--port expects a number from 0 to 65535", "take a free one"),
        (("--port", "x"), "--port expects a number from 0 to 65535", "take a free one"),
    ],
)
def test_an_address_that_cannot_be(gd, run, words, first, fix):
    assert gd("view", run, "--no-open", *words).is_error(first, fix=fix)


def test_a_run_that_is_not_there(gd):
    assert gd("view", "nope", "--no-open").is_error("there is no run 'nope'")


@pytest.mark.parametrize("connection", ["", "192.0.2.7 50000 192.0.2.1 22"])
def test_over_ssh_it_says_how_to_reach_it(run, monkeypatch, connection):
    class Served:
        def __init__(self, app, ready):
            self.ready = ready

        def run(self, sockets):
            self.ready()

    monkeypatch.setattr(server, "made", Served)
    monkeypatch.setenv("SSH_CONNECTION", connection)
    said = []
    viewed.serve(run, open_browser=False, say=said.append)
    ((port, _),) = ADDRESS.findall(said[0] + "\n")
    tunnel = f"from your own machine: ssh -L {port}:127.0.0.1:{port} {socket.gethostname()}"
    assert said[1:-1] == ([tunnel] if connection else [])


class Viewing:
    """`gd view` in a process of its own."""

    def __init__(self, *words: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "goingdeep", "view", "--no-open", *words],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )  # fmt: skip
        ready, _, _ = select.select([self.process.stdout], [], [], 60)
        assert ready
        self.first = self.process.stdout.readline()
        self.second = self.process.stdout.readline()
        ((self.port, self.token),) = ADDRESS.findall(self.first)

    def get(self, path: str, token: str | None = None) -> int:
        deadline = time.monotonic() + 10
        while True:
            connection = http.client.HTTPConnection("127.0.0.1", int(self.port), timeout=5)
            try:
                connection.request(
                    "GET", path, headers={"Authorization": f"Bearer {token}"} if token else {}
                )
                return connection.getresponse().status
            except ConnectionError:
                assert time.monotonic() < deadline
            finally:
                connection.close()

    def end(self, how: signal.Signals) -> tuple[int, str, str]:
        self.process.send_signal(how)
        out, err = self.process.communicate(timeout=30)
        return self.process.returncode, out, err


@pytest.mark.parametrize(("how", "code"), [(signal.SIGINT, 0), (signal.SIGTERM, -signal.SIGTERM)])
def test_it_answers_until_it_is_told_to_end(run, how, code):
    viewing = Viewing(run)
    assert urlsplit(viewing.first.split()[-1]).hostname == "127.0.0.1"
    assert viewing.get("/") == 200
    assert viewing.get("/api/manifest") == 401
    assert viewing.get("/api/manifest", viewing.token) == 200
    assert viewing.second.startswith("Ctrl-C ends this")
    ended, _, err = viewing.end(how)
    assert (ended, err) == (code, "")
