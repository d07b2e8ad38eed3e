"""Whoever can reach the port and speaks as they like, and a folder that changes under the server."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import time

import msgspec
import numpy as np
import pytest

from goingdeep.errors import RunNotFoundError, WriteError
from goingdeep.record import Curve, is_live, read_manifest, write_manifest
from goingdeep.record.answer import Answer, save_answer
from goingdeep.record.event import Gap
from goingdeep.record.events import Resumed, Started
from goingdeep.record.log import EventLog
from goingdeep.view import routes, server
from goingdeep.view.guard import HEADERS
from goingdeep.view.page_files import PageFiles
from goingdeep.view.trace import Trace
from tests.view import conftest
from tests.view.conftest import TOKEN, Served, serving


def talk(served: Served, text: str, *, seconds: float = 5) -> bytes:
    """Say something, and hear everything until the server closes."""
    with socket.create_connection(("127.0.0.1", served.port), timeout=seconds) as connection:
        connection.sendall(text.encode("latin-1").replace(b"\n", b"\r\n"))
        heard = b""
        while part := connection.recv(65536):
            heard += part
        return heard


def statuses(answer: bytes) -> list[int]:
    return [int(part[:3]) for part in answer.split(b"HTTP/1.1 ")[1:]]


def ask(served: Served, path: str, *lines: str, host: str = "", last: bool = True) -> str:
    """The text of a request with the token."""
    own = [f"Host: {host or served.own}", f"Authorization: Bearer {TOKEN}"]
    ends = ["Connection: close"] if last else []
    return "\n".join([f"GET {path} HTTP/1.1", *own, *ends, *lines, "", ""])


def test_each_of_several_requests_at_once_is_judged_by_itself(served):
    foreign = ask(served, "/api/manifest", host="evil.example", last=False)
    heard = talk(served, ask(served, "/", last=False) + foreign + ask(served, "/api/manifest"))
    assert statuses(heard) == [200, 403, 200]


@pytest.mark.parametrize(
    "framing",
    [
        ("Content-Length: 500",),
        ("Content-Length: 5", "Transfer-Encoding: chunked"),
        ("Transfer-Encoding: chunked",),
        ("Transfer-Encoding: identity",),
        ("Content-Length: +5",),
        ("Content-Length: 5", "Content-Length: 6"),
        ("Expect: 100-continue", "Content-Length: 9"),
    ],
)
def test_a_body_is_never_taken_for_a_request(served, framing):
    heard = talk(served, ask(served, "/", *framing, last=False) + ask(served, "/api/manifest"))
    assert len(statuses(heard)) == 1
    assert statuses(heard)[0] in {400, 413}


@pytest.mark.parametrize(
    ("first", "status"),
    [
        ("GET / HTTP/1.0", 200),
        ("get / HTTP/1.1", 405),
        ("GET http://evil.example/api/manifest HTTP/1.1", 404),
        ("OPTIONS * HTTP/1.1", 405),
        ("GET /\x00 HTTP/1.1", 400),
        ("GET /\xff HTTP/1.1", 400),
        ("PRI * HTTP/2.0", 405),
    ],
)
def test_a_first_line_of_another_kind(served, first, status):
    heard = talk(served, f"{first}\nHost: {served.own}\nConnection: close\n\n")
    assert statuses(heard) == [status]
    assert all(f"{name}: {value}".encode() in heard for name, value in HEADERS.items())


def test_no_name_at_all_is_refused(served):
    assert statuses(talk(served, "GET / HTTP/1.0\n\n")) == [403]


@pytest.mark.parametrize("to", ["websocket", "h2c"])
def test_nothing_else_is_spoken(served, to):
    upgrade = ("Upgrade: " + to, "Sec-WebSocket-Key: x", "Sec-WebSocket-Version: 13")
    text = ask(served, "/api/manifest", "Connection: Upgrade", *upgrade, last=False)
    text = text.replace(f"Bearer {TOKEN}", "Bearer no")
    with socket.create_connection(("127.0.0.1", served.port), timeout=5) as connection:
        connection.sendall(text.replace("\n", "\r\n").encode())
        assert statuses(connection.recv(65536)) == [401]


def test_what_others_send_is_not_said_on_our_terminal(served, capfd, caplog):
    talk(served, "\x16\x03\x01\n\n")
    upgrade = ("Connection: Upgrade, close", "Upgrade: websocket")
    talk(served, ask(served, "/", *upgrade, last=False))
    said = capfd.readouterr()
    assert (said.out, said.err, caplog.text) == ("", "", "")


def test_who_is_sent_away_for_now_gets_every_header(served, monkeypatch):
    monkeypatch.setattr(server, "MOST_CONNECTIONS", 0)
    answer = served.get("/api/manifest")
    assert answer.status == 503
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
    assert b"run" not in answer.body


def test_those_who_say_nothing_are_bounded_too(served, monkeypatch):
    monkeypatch.setattr(server, "MOST_SILENT", 0)
    connection = socket.create_connection(("127.0.0.1", served.port), timeout=5)
    with connection, contextlib.suppress(ConnectionResetError):
        assert connection.recv(10) == b""
    monkeypatch.undo()
    assert served.get("/").status == 200


def test_an_answer_that_nobody_takes_is_given_up(trained, monkeypatch):
    monkeypatch.setattr(server, "LEAVING_SECONDS", 0.3)
    large = PageFiles(conftest.PAGE.html, conftest.PAGE.css, "x" * (16 << 20))
    monkeypatch.setattr(conftest, "PAGE", large)
    for served in serving(Trace(trained, live=True)):
        with socket.create_connection(("127.0.0.1", served.port), timeout=10) as connection:
            connection.sendall(ask(served, "/page.js", last=False).replace("\n", "\r\n").encode())
            time.sleep(1)
            heard = 0
            with contextlib.suppress(ConnectionResetError):
                while part := connection.recv(1 << 20):
                    heard += len(part)
        assert heard < 16 << 20
        assert served.get("/").status == 200


# -------------------------------------------------------------------- the folder changes


@pytest.fixture
def watched(copy, monkeypatch):
    """A server on a run that may be changed; it looks at each request."""
    monkeypatch.setattr(routes, "REFRESH_SECONDS", 0)
    yield from serving(Trace(copy, live=True))


def test_a_folder_that_is_gone_is_said_to_be_until_it_is_back(watched, copy):
    for change in (
        lambda: copy.rename(f"{copy}-away"),
        lambda: (copy / "run.json").write_text("{"),
    ):
        whole = (copy / "run.json").read_bytes()
        change()
        for path in ("/api/manifest", "/api/events"):
            answer = watched.get(path)
            assert answer.status == 503
            assert answer.body.startswith(b"the run cannot be read now: ")
            assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
        assert watched.get("/").status == 200
        if not copy.exists():
            copy.with_name(f"{copy.name}-away").rename(copy)
        (copy / "run.json").write_bytes(whole)
        assert watched.get("/api/manifest").status == 200


def test_another_run_in_the_same_folder_is_another_run(watched, copy):
    before = json.loads(watched.get("/api/events").body)
    manifest = read_manifest(copy)
    shutil.rmtree(copy)
    copy.mkdir()
    manifest.created = "2030-01-01T00:00:00.000+00:00"
    write_manifest(copy, manifest)
    with EventLog(copy) as log:
        log.write(Started(time=1.0, steps=10, device="cpu"))
    after = json.loads(watched.get("/api/events?after=-1").body)
    assert [event["kind"] for event in after["events"]] == ["started"]
    assert after["run"] != before["run"]
    assert json.loads(watched.get("/api/events").body)["run"] == after["run"]


def test_a_log_that_was_rewritten_is_read_anew(watched, copy):
    before = json.loads(watched.get("/api/events").body)
    lines = (copy / "events.jsonl").read_bytes().splitlines(keepends=True)
    (copy / "events.jsonl").write_bytes(b"".join(lines[:3]))
    after = json.loads(watched.get("/api/events").body)
    assert after["run"] != before["run"]
    assert after["events"] == before["events"][: len(after["events"])]


def test_a_pipe_in_place_of_a_file_is_not_waited_for(watched, copy):
    for name in ("events.jsonl", "result.json", "run.json"):
        (copy / name).unlink()
        os.mkfifo(copy / name)
        assert watched.get("/api/events").status == (503 if name == "run.json" else 200)
    assert not is_live(copy)
    with pytest.raises(RunNotFoundError, match="is not a run"):
        read_manifest(copy)


def test_no_answer_is_written_where_a_link_of_the_record_leads(copy, tmp_path):
    own = tmp_path / "own"
    own.mkdir()
    (own / "nchw.json").write_text("mine")
    (copy / "answers").symlink_to(own)
    with pytest.raises(WriteError, match="it is a link"):
        save_answer(copy, Answer(topic="nchw", question="Why?", short="So."))
    assert (own / "nchw.json").read_text() == "mine"


def test_only_an_answer_leaves_from_the_folder_of_answers(copy, tmp_path):
    secret = tmp_path / "credentials.json"
    secret.write_text(json.dumps({"token": "very-secret"}))
    answer = Answer(topic="nchw", question="Why?", short="So.")
    save_answer(copy, answer)
    (copy / "answers" / "linked.json").symlink_to(secret)
    both = msgspec.to_builtins(answer) | {"token": "very-secret", "topic": "other"}
    (copy / "answers" / "more.json").write_text(json.dumps(both))
    found = Trace(copy).manifest().answers
    assert [one.topic for one in found] == ["other", "nchw"]
    assert "very-secret" not in msgspec.json.encode(found).decode()


def test_curves_that_have_grown_on_are_forgotten(going, monkeypatch):
    trace = Trace(going.folder, live=True)
    (going.folder / "scalars").mkdir()
    curve, told = Curve(), []
    for number in range(6):
        curve.extend(number + 1, np.array([float(number)]))
        curve.write(going.folder / "scalars" / "loss.npy")
        os.utime(going.folder / "scalars" / "loss.npy", (number, number))
        trace.refresh()
        told.append(trace.manifest().curves[0].rows.hash)
    assert len(set(told)) == 6
    assert [trace.blob(ref) is not None for ref in told] == [False] * 4 + [True] * 2


def test_steps_that_a_resume_made_void_are_not_judged(going):
    trace = Trace(going.folder, live=True)
    for event in (
        Started(time=1.0, steps=10, device="cpu"),
        Gap(time=2.0, step=5, what="this is void", reason="x"),
        Gap(time=2.0, step=3, what="this is not", reason="x"),
    ):
        going.log.write(event)
    trace.refresh()
    going.log.write(Resumed(time=3.0, step=3))
    trace.refresh()
    assert [type(event).__name__ for event in trace._all] == ["Started", "Gap", "Resumed"]
    # A page that is open has them, and is told so.
    assert [shaped.seq for shaped in trace.events] == [0, 1, 2, 3]
