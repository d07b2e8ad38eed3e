"""The page in one file: what is in it is the run, nothing else, and it is bounded."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import zlib
from pathlib import Path

import msgspec
import pytest

from goingdeep import viewed
from goingdeep.record import read_blob, read_events, read_manifest, write_manifest
from goingdeep.record.event import Blob
from goingdeep.record.look import LookBatch
from goingdeep.view.page_files import PROGRAM, SOURCE, STYLE, PageFiles
from goingdeep.view.single import whole_page
from goingdeep.view.trace import Trace
from tests.view.conftest import HOSTILE, PAGE, train_tiny


def carried(html: str) -> dict:
    """What the element says, unpacked as the page does."""
    (text,) = re.findall(
        r'<script type="application/json" id="gd-source">(.*?)</script>', html, re.DOTALL
    )
    source = json.loads(text)
    return {
        **source,
        **json.loads(zlib.decompress(base64.b64decode(source["data"]))),
        "blobs": {h: zlib.decompress(base64.b64decode(b)) for h, b in source["blobs"].items()},
    }


@pytest.fixture(scope="module")
def page(trained):
    return carried(whole_page(Trace(trained), page=PAGE).html)


def test_the_events_are_those_of_the_record(trained, page):
    kinds = [event["kind"] for event in page["events"]]
    wanted = [type(event).__struct_config__.tag for event in read_events(trained)]
    assert [kind for kind in kinds if kind != "steps"] == [
        kind for kind in wanted if kind not in {"steps", "source", "worker"}
    ]
    looks = [event for event in page["events"] if event["kind"].startswith("look-")]
    assert all(event["sentence"] for event in looks)
    assert all(
        a["seq"] < b["seq"] for a, b in zip(page["events"], page["events"][1:], strict=False)
    )


def test_pictures_are_in_it_byte_for_byte(trained, page):
    batches = [event for event in read_events(trained) if isinstance(event, LookBatch)]
    assert batches
    for event in batches:
        assert page["blobs"][event.picture.hash] == read_blob(trained, event.picture).tobytes()
    for content in page["blobs"].values():
        assert len(content) <= 4 << 20


def test_every_blob_that_is_named_is_there_and_no_other(page):
    named = set()

    def look_for(value):
        if isinstance(value, dict):
            if {"hash", "dtype", "shape"} <= value.keys():
                named.add(value["hash"])
            for item in value.values():
                look_for(item)
        elif isinstance(value, list):
            for item in value:
                look_for(item)

    look_for([page["manifest"], page["events"]])
    assert named == set(page["blobs"])


def test_the_manifest_is_what_the_contract_says(page):
    from goingdeep.view.contract import Manifest

    manifest = msgspec.convert(page["manifest"], Manifest)
    assert manifest.state == "finished"
    assert [curve.name for curve in manifest.curves] == ["loss", "rate"]
    assert manifest.results.test["n"] == 32
    assert len(manifest.results.worst) == 32 - manifest.results.test["correct"]
    assert manifest.results.pictures.shape == (len(manifest.results.worst), 1, 8, 8)
    assert manifest.checked


def test_the_source_is_what_ran(page):
    from goingdeep.train import loop

    (source,) = [s for s in page["manifest"]["sources"] if s["file"] == "goingdeep/train/loop.py"]
    text = "\n".join("".join(token["t"] for token in line) for line in source["lines"])
    assert text + "\n" == Path(loop.__file__).read_text(encoding="utf-8")
    sites = {e["id"]: e for e in page["events"] if e["kind"] == "site"}
    files = {s["file"] for s in page["manifest"]["sources"]}
    assert {site["file"] for site in sites.values()} <= files


def test_the_policy_names_the_hashes_of_what_is_there(trained):
    html = whole_page(Trace(trained), page=PAGE).html
    (policy,) = re.findall(r'<meta http-equiv="Content-Security-Policy" content="(.*?)">', html)
    assert html.index("<meta") < html.index("<style>")
    rules = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert rules["default-src"] == rules["connect-src"] == "'none'"
    assert rules["script-src"] == f"'sha256-{_sha(PAGE.js)}'"
    assert rules["style-src"] == f"'sha256-{_sha(PAGE.css)}'"
    assert f"<script>{PAGE.js}</script>" in html
    assert f"<style>{PAGE.css}</style>" in html
    assert "http://" not in html.replace("http-equiv", "")
    assert "src=" not in html


def _sha(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def test_hostile_strings_cannot_end_their_element(copy):
    manifest = read_manifest(copy)
    manifest.name = manifest.error = HOSTILE
    manifest.data = msgspec.structs.replace(manifest.data, name=HOSTILE, class_names=(HOSTILE,) * 3)
    manifest.command = (HOSTILE,)
    write_manifest(copy, manifest)
    lines = (copy / "events.jsonl").read_text(encoding="utf-8")
    quoted = json.dumps(HOSTILE)[1:-1]
    (copy / "events.jsonl").write_text(
        lines.replace('"Flatten"', f'"{quoted}"')
        .replace("optimizer.step()", quoted)
        .replace('"Sequential"', f'"{quoted}"'),
        encoding="utf-8",
    )
    html = whole_page(Trace(copy), page=PAGE).html
    assert html.count("<script") == 2
    assert html.count("</script") == 2
    assert "alert" not in html
    page = carried(html)
    assert page["manifest"]["run"]["name"] == HOSTILE
    assert any(event.get("class_name") == HOSTILE for event in page["events"])


def test_nothing_of_this_machine_leaves(trained, page, monkeypatch):
    text = json.dumps([page["manifest"], page["events"]])
    assert str(Path.home()) not in text or str(Path.home()) == "/"
    assert str(trained.parent) not in text
    assert "machine" not in page["manifest"]["run"]
    assert "versions" not in page["manifest"]["run"]
    assert str(Path(viewed.__file__).parent) not in text


def test_environment_variables_never_leave(tmp_path, monkeypatch):
    monkeypatch.setenv("SOME_SECRET", "a-very-secret-value-8471")
    page = carried(whole_page(Trace(train_tiny(tmp_path / "run")), page=PAGE).html)
    assert "very-secret" not in json.dumps([page["manifest"], page["events"]])
    assert all(b"very-secret" not in content for content in page["blobs"].values())


def test_source_and_pictures_can_be_left_out(trained):
    whole = whole_page(Trace(trained, source=False, images=False), page=PAGE)
    page = carried(whole.html)
    assert page["manifest"]["sources"] == []
    assert page["manifest"]["results"].get("pictures") is None
    assert len(page["manifest"]["notes"]) == 2
    kinds = {event["kind"] for event in page["events"]}
    assert not kinds & {"first-batch", "worst-errors"}
    assert not any(event.get("picture") or event.get("maps") for event in page["events"])
    # What is left are curves and numbers.
    pictures = {e.picture.hash for e in read_events(trained) if isinstance(e, LookBatch)}
    assert not pictures & set(page["blobs"])
    assert not any("source" in line.split()[0] for line in whole.leaves)


def test_what_leaves_is_listed(trained):
    text = "\n".join(whole_page(Trace(trained), page=PAGE).leaves)
    assert "goingdeep/train/loop.py" in text
    assert "with pictures" in text


def test_it_is_kept_small_by_leaving_out_close_looks(trained):
    trace = Trace(trained)
    large = whole_page(trace, page=PAGE).html
    small = whole_page(trace, page=PAGE, most=len(large) - 2_000)
    assert len(small.html) <= len(large) - 2_000
    page = carried(small.html)
    (note,) = page["manifest"]["notes"]
    assert re.fullmatch(r"\d+ of \d+ close looks were left out, to keep the file small", note)
    looks = {event["look"] for event in page["events"] if event["kind"].startswith("look-")}
    assert 1 in looks


def test_a_damaged_record_still_gives_a_page(copy):
    lines = (copy / "events.jsonl").read_bytes().split(b"\n")
    lines[3] = b'{"kind": "site", "id": "no"'
    lines.insert(5, b"\xff\xfe")
    lines.insert(6, b'{"kind":"from-the-future","time":1}')
    (copy / "events.jsonl").write_bytes(b"\n".join(lines))
    for blob in (copy / "blobs").iterdir():
        blob.write_bytes(b"x")
    (copy / "predictions.safetensors").write_bytes(b"not that")
    (copy / "scalars" / "loss.npy").write_bytes(b"nor that")
    page = carried(whole_page(Trace(copy), page=PAGE).html)
    assert page["manifest"]["results"]["test"]["n"] == 32
    assert [curve["name"] for curve in page["manifest"]["curves"]] == ["rate"]


def test_no_path_of_a_record_is_opened(copy, tmp_path, monkeypatch):
    secret = tmp_path / "secret.py"
    secret.write_text("password = 1\n")
    text = (copy / "events.jsonl").read_text()
    own = str(Path(viewed.__file__).parent / "train" / "loop.py")
    assert own in text
    (copy / "events.jsonl").write_text(text.replace(own, str(secret)))
    html = whole_page(Trace(copy), page=PAGE).html
    assert "password" not in json.dumps(carried(html)["manifest"])


def test_a_page_whose_markup_is_another_is_noticed():
    assert STYLE in PAGE.html
    assert SOURCE in PAGE.html
    assert PROGRAM in PAGE.html
    with pytest.raises(AssertionError, match=r"page\.html has no"):
        PageFiles("<head></head>", "", "").whole("{}")


def test_a_blob_that_names_a_path_is_not_read(copy):
    trace = Trace(copy)
    trace._blobs["../run.json"] = Blob("../run.json", "u1", (3,))
    assert trace.blob("../run.json") is None
