"""Who gets in, who does not, and what every answer carries: against a real server on a socket."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import socket
import time

import pytest

from goingdeep.record import read_manifest, write_manifest
from goingdeep.record.answer import Answer, save_answer
from goingdeep.record.events import Started
from goingdeep.view import routes, server
from goingdeep.view import trace as traces
from goingdeep.view.guard import API, HEADERS, Guard
from goingdeep.view.stamps import named
from goingdeep.view.trace import Trace
from tests.view.conftest import PAGE, TOKEN, Served, serving

ROUTES = ["/", "/page.css", "/page.js", "/api/manifest", "/api/events?after=-1"]
OTHERS = ["/api/runs", "/api/page", "/api/other/given/manifest", "/api/other/given/page"]
SECRET = [route for route in ROUTES if route.startswith(API)]


def test_the_routes_are_these(trained):
    paths = [route.path for route in routes.Routes(Trace(trained), PAGE).all()]
    parts = ("manifest", "events", "page")
    api = [*parts, "runs", *(f"other/{{id}}/{part}" for part in parts), "blob/{ref}"]
    assert paths == ["/", "/page.css", "/page.js", *(f"{API}{part}" for part in api)]
    # Whatever is added beside the page itself is under the token.
    assert [p for p in paths if not p.startswith(API)] == ["/", "/page.css", "/page.js"]


@pytest.mark.parametrize("route", ROUTES)
def test_who_has_the_token_gets_everything(served, route):
    answer = served.get(route)
    assert answer.status == 200
    assert answer.body


def test_what_is_answered_is_the_run(served):
    manifest = json.loads(served.get("/api/manifest").body)
    assert manifest["run"]["name"] == served.trace.run.name
    assert "machine" not in manifest["run"]
    whole = json.loads(served.get("/api/events?after=-1").body)
    assert [event["seq"] for event in whole["events"]] == list(range(len(served.trace.events)))
    last = whole["events"][-1]["seq"]
    assert whole["next"] == last
    assert (
        json.loads(served.get(f"/api/events?after={last - 2}").body)["events"]
        == whole["events"][-2:]
    )
    assert json.loads(served.get(f"/api/events?after={last}").body)["events"] == []
    picture = next(e["picture"] for e in whole["events"] if e.get("picture"))
    assert len(served.get(f"/api/blob/{picture['hash']}").body) == 8 * 64
    rows = manifest["curves"][0]["rows"]
    assert (
        len(served.get(f"/api/blob/{rows['hash']}").body) == 8 * rows["shape"][0] * rows["shape"][1]
    )


def test_a_long_record_comes_in_parts(served, monkeypatch):
    whole = json.loads(served.get("/api/events").body)
    assert not whole["more"]
    monkeypatch.setattr(routes, "MOST_PAGE", 3)
    monkeypatch.setattr(traces, "MOST_PAGE", 3)
    after, parts, more = -1, [], True
    while more:
        part = json.loads(served.get(f"/api/events?after={after}").body)
        assert len(part["events"]) == 3 or not part["more"]
        after, more = part["next"], part["more"]
        parts += part["events"]
    assert parts == whole["events"]


@pytest.mark.parametrize("route", [*SECRET, *OTHERS, "/api/blob/" + "0" * 32, "/api/"])
@pytest.mark.parametrize("token", [None, "", "wrong", TOKEN[:-1], TOKEN + "t", TOKEN.upper()])
def test_without_the_token_there_is_nothing(served, route, token):
    assert served.get(route, token=token).status == 401


@pytest.mark.parametrize("shown", [f"bearer {TOKEN}", f"Basic {TOKEN}", TOKEN, f"Bearer  {TOKEN}"])
def test_a_token_shown_in_another_way_is_none(served, shown):
    assert served.get("/api/manifest", token=None, Authorization=shown).status == 401
    assert served.get(f"/api/manifest?token={TOKEN}", token=None).status == 401
    assert served.get("/api/manifest", token=None, Cookie=f"token={TOKEN}").status == 401


HOSTS = ["evil.example", "127.0.0.1", "127.0.0.1:1", "localhost.evil.example", "", "[::1]"]


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("host", HOSTS)
def test_another_name_is_refused_even_with_the_token(served, route, host):
    assert served.get(route, Host=host).status == 403


@pytest.mark.parametrize("route", ROUTES)
def test_both_own_names_are_known(served, route):
    assert served.get(route, Host=f"localhost:{served.port}").status == 200
    assert served.get(route, Host=f"LOCALHOST:{served.port}").status == 403


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(
    "origin", ["null", "https://evil.example", "http://127.0.0.1", "file://", "http://localhost:1"]
)
def test_a_foreign_origin_is_refused(served, route, origin):
    assert served.get(route, Origin=origin).status == 403


def test_the_own_origin_is_not(served):
    assert served.get("/api/manifest", Origin=f"http://{served.own}").status == 200
    assert served.get("/api/manifest", Origin=f"https://{served.own}").status == 403


@pytest.mark.parametrize(
    ("site", "status"),
    [("same-origin", 200), ("none", 200), ("same-site", 403), ("cross-site", 403), ("x", 403)],
)
def test_what_another_page_asks_for_is_refused(served, site, status):
    assert served.get("/", Sec_Fetch_Site=site).status == status
    assert served.get("/api/manifest", Sec_Fetch_Site=site).status == status


@pytest.mark.parametrize(
    "method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT"]
)
@pytest.mark.parametrize("route", ["/", "/api/manifest"])
def test_nothing_can_be_sent(served, method, route):
    answer = served.get(route, method=method)
    assert answer.status == 405
    assert answer.headers["allow"] == "GET, HEAD"


@pytest.mark.parametrize("route", ROUTES)
def test_a_head_has_no_body(served, route):
    answer = served.get(route, method="HEAD")
    assert (answer.status, answer.body) == (200, b"")


def test_a_body_is_refused(served):
    assert served.get("/", Content_Length="5").status == 413
    assert served.get("/", Transfer_Encoding="chunked").status == 413


PATHS = [
    "/run.json", "/../run.json", "/%2e%2e/run.json", "/..%2frun.json", "/api/blob/../manifest",
    "/api/blob/..%2f..%2frun.json", "/api/blob/", "/api/blob/" + "g" * 32, "/api/blob/" + "A" * 32,
    "/api/blob/" + "0" * 31, "/api/blob/" + "0" * 32 + "/x", "/api/blob/%00", "/api/%6danifest",
    "//evil.example/", "/page.js/", "/api/manifest/", "/page.html", "/" + "a" * 300, "/\\..\\run.json",
]  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_no_trick_with_a_path_leads_anywhere(served, path):
    assert served.get(path).status == 404


def test_a_blob_that_is_in_the_folder_but_was_never_told_of_is_not_given(served):
    told = (served.trace.folder / "events.jsonl").read_text()
    names = set(re.findall(r'"hash":"([0-9a-f]{32})"', told))
    given = {name: served.get(f"/api/blob/{name}").status for name in names}
    # Hashes of samples and the text of the source are in the folder, and in no event that leaves.
    assert 404 in given.values()
    assert 200 in given.values()


@pytest.mark.parametrize("after", ["x", "-2", "1.5", "1e3", "9" * 13, "", "%31", "1;2"])
def test_a_cursor_is_a_number(served, after):
    assert served.get(f"/api/events?after={after}").status in {200, 400}
    if after not in {"%31", ""}:
        assert served.get(f"/api/events?after={after}").status == 400


ASKED = [
    ("/", {}), ("/api/manifest", {}), ("/nowhere", {}), ("/api/manifest", {"token": "no"}),
    ("/", {"Host": "evil.example"}), ("/", {"method": "POST"}), ("/api/events?after=x", {}),
    ("/api/blob/" + "0" * 32, {}), ("/", {"Content_Length": "5"}),
]  # fmt: skip


@pytest.mark.parametrize(("path", "how"), ASKED)
def test_every_answer_has_every_header(served, path, how):
    headers = served.get(path, **how).headers
    assert {name: headers.get(name) for name in HEADERS} == HEADERS
    assert "set-cookie" not in headers
    assert "server" not in headers
    assert "access-control-allow-origin" not in headers


def test_the_policy_lets_nothing_in(served):
    policy = served.get("/").headers["content-security-policy"]
    rules = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert rules["default-src"] == rules["frame-ancestors"] == rules["base-uri"] == "'none'"
    assert rules["script-src"] == rules["style-src"] == rules["connect-src"] == "'self'"


# -------------------------------------------------------------------- beside another run


def test_the_runs_beside_it_can_be_read_and_nothing_else(copy, tmp_path):
    second = shutil.copytree(copy, tmp_path / "second")
    run = read_manifest(second)
    run.name = "the second"
    write_manifest(second, run)
    (tmp_path / "link").symlink_to(second)
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "run.json").write_text("{")
    (tmp_path / "no-run").mkdir()
    for served in serving(Trace(copy, live=True, source=False), neighbours=True):
        (found,) = json.loads(served.get("/api/runs").body)
        assert found == {"id": named("second"), "name": "the second", "created": run.created}
        place = f"/api/other/{found['id']}"
        manifest = json.loads(served.get(f"{place}/manifest").body)
        assert manifest["run"]["name"] == "the second"
        assert manifest["sources"] == []  # no more may leave than of the run itself
        assert json.loads(served.get(f"{place}/events").body)["events"]
        for name in ("given", "second", named("copy"), named("link"), named("no-run"), "0" * 16):
            assert served.get(f"/api/other/{name}/manifest").status == 404
            assert served.get(f"/api/other/{name}/page").status == 404
        assert served.get(f"/api/other/{named('damaged')}/manifest").status == 503


def test_others_who_were_let_in_read_one_run_only(copy, tmp_path):
    shutil.copytree(copy, tmp_path / "second")
    for served in serving(Trace(copy, live=True)):
        assert json.loads(served.get("/api/runs").body) == []
        assert served.get(f"/api/other/{named('second')}/manifest").status == 404


def test_the_page_as_one_file_is_made_when_something_has_changed(copy, monkeypatch):
    made = []
    build = routes.put_together
    monkeypatch.setattr(routes, "put_together", lambda *a, **k: made.append(a) or build(*a, **k))
    monkeypatch.setattr(routes, "REFRESH_SECONDS", 0)
    for served in serving(Trace(copy, live=True, other=copy)):
        alone = served.get("/api/page").body
        assert served.get("/api/page").body == alone
        assert len(made) == 1
        assert len(served.get("/api/other/given/page").body) > len(alone)
        save_answer(copy, Answer(topic="nchw", question="Why?", short="So."))
        assert served.get("/api/page").body != alone
        assert len(made) == 3


# -------------------------------------------------------------------- slow and oversized


def talk(served: Served, content: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", served.port), timeout=5) as connection:
        connection.sendall(content)
        received = b""
        while part := connection.recv(4096):
            received += part
        return received


def head(served: Served, *lines: str) -> bytes:
    return "\r\n".join([*lines, f"Host: {served.own}", "Connection: close", "", ""]).encode()


def test_what_is_no_request_is_answered_and_closed(served):
    answer = talk(served, b"\x00\x01\x02\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"content-security-policy: " in answer


def test_an_oversized_request_is_cut(served):
    huge = head(served, "GET / HTTP/1.1", "X-Padding: " + "x" * (1 << 14))
    assert talk(served, huge)[:13] in {b"HTTP/1.1 400 ", b"HTTP/1.1 431 "}


def test_one_without_an_end_is_cut(served):
    with contextlib.suppress(ConnectionError):
        answer = talk(served, b"GET / HTTP/1.1\r\nX: " + b"x" * (1 << 22))
        assert answer.startswith(b"HTTP/1.1 400 ")


def test_a_header_twice_is_refused(served):
    answer = talk(
        served, head(served, "GET / HTTP/1.1", f"Authorization: Bearer {TOKEN}", "Authorization: x")
    )
    assert answer.startswith(b"HTTP/1.1 400 ")


def test_a_slow_request_is_not_waited_for(served, monkeypatch):
    monkeypatch.setattr(server, "PATIENCE_SECONDS", 0.3)
    began = time.monotonic()
    assert talk(served, b"GET / HTTP/1.1\r\nHost: ") == b""
    assert talk(served, b"") == b""
    assert time.monotonic() - began < 4


def test_a_slow_second_request_is_not_waited_for(served, monkeypatch):
    monkeypatch.setattr(server, "PATIENCE_SECONDS", 0.3)
    with socket.create_connection(("127.0.0.1", served.port), timeout=3) as connection:
        connection.sendall(f"GET /page.js HTTP/1.1\r\nHost: {served.own}\r\n\r\n".encode())
        first = b""
        while PAGE.js.encode() not in first:
            first += connection.recv(4096)
        for byte in b"GET /":
            connection.sendall(bytes([byte]))
        assert connection.recv(4096) == b""


def test_connections_are_bounded(served, monkeypatch):
    monkeypatch.setattr(server, "PATIENCE_SECONDS", 3)
    waiting = [
        socket.create_connection(("127.0.0.1", served.port))
        for _ in range(server.MOST_CONNECTIONS + 1)
    ]
    try:
        time.sleep(0.2)
        assert served.get("/").status == 503
    finally:
        for connection in waiting:
            connection.close()
    time.sleep(0.2)
    assert served.get("/").status == 200


def test_a_token_with_odd_letters_does_no_harm():
    guard = Guard(lambda *_: None, ["h"], TOKEN)
    scope = {
        "method": "GET",
        "path": "/api/x",
        "headers": [(b"host", b"h"), (b"authorization", b"Bearer \xff\xfe")],
    }
    assert guard.verdict(scope)[0] == 401


# -------------------------------------------------------------------- live


def test_a_run_that_goes_on_is_followed(going, monkeypatch):
    monkeypatch.setattr(routes, "REFRESH_SECONDS", 0)
    for served in serving(Trace(going.folder, live=True)):
        first = json.loads(served.get("/api/events").body)
        assert first["events"] == []
        going.log.write(Started(time=1.0, steps=10, device="cpu"))
        after = json.loads(served.get(f"/api/events?after={first['next']}").body)
        assert [event["kind"] for event in after["events"]] == ["started"]
        assert json.loads(served.get("/api/manifest").body)["state"] == "running"
        going.close()  # killed: nobody says how it ended
        dead = json.loads(served.get("/api/events?after=0").body)
        assert dead["revision"] != after["revision"]
        assert json.loads(served.get("/api/manifest").body)["state"] == "dead"
