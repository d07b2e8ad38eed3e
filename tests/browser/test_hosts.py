"""One page, three hosts: a file, the server with a run that goes on, a sandboxed frame. Hostile records."""

from __future__ import annotations

import base64
import html
import json
import re
import shutil
import zlib

import pytest

from goingdeep.record.log import EventLog
from goingdeep.view.page_files import page_files
from goingdeep.view.single import whole_page
from goingdeep.view.trace import Trace
from tests.browser.conftest import serving
from tests.browser.records import looked

expect = pytest.importorskip("playwright.sync_api").expect

HOSTILE = '</script><img src=x onerror="alert(1)"><svg onload=alert(2)>&lt;b&gt;\u202e{{7*7}}'


def test_the_server_shows_the_same_as_the_file(tab, folders):
    with serving(folders["cnn"]) as address:
        tab.open(address)
        page = tab.page
        sentences = [part.sentence for part in looked(folders["cnn"])[1]]
        tab.unfold()
        words = page.locator(".in-words li a")
        expect(words).to_have_count(len(sentences) + 1)
        assert words.all_inner_texts()[1:] == sentences
        page.keyboard.press("PageDown")
        page.keyboard.press("ArrowRight")
        place = re.compile(r"#/step/2/op/1\b")
        expect(page).to_have_url(place)
        sentence = page.inner_text(".sentence")
        page.reload()
        expect(page.locator(".sentence")).to_have_text(sentence, use_inner_text=True)
        expect(page).to_have_url(place)
        assert tab.said == []


def test_without_its_key_the_page_says_what_to_do(tab, folders):
    with serving(folders["mlp"]) as address:
        tab.page.goto(address.split("#")[0])
        tab.page.locator("main", has_text="without its key").wait_for()


def test_a_run_that_goes_on_is_followed_until_it_dies(tab, folders, tmp_path):
    copy = shutil.copytree(folders["mlp"], tmp_path / "copy")
    lines = (copy / "events.jsonl").read_bytes().splitlines(keepends=True)
    cut = next(i for i, line in enumerate(lines) if b'"look":4,' in line)
    manifest = json.loads((copy / "run.json").read_bytes())
    manifest["status"] = "running"
    (copy / "run.json").write_text(json.dumps(manifest), encoding="utf-8")
    (copy / "events.jsonl").write_bytes(b"".join(lines[:cut]))
    log = EventLog(copy)
    try:
        with serving(copy) as address:
            tab.open(address)
            page = tab.page
            steps = page.locator("header .steps option")
            expect(steps).to_have_count(3)
            assert [option.get_attribute("value") for option in steps.all()] == ["1", "2", "3"]
            expect(page.locator(".live")).to_be_visible()
            with (copy / "events.jsonl").open("ab") as file:
                file.write(b"".join(lines[cut:]))
            expect(page.locator("header .steps option[value='4']")).to_be_attached()
            log.close()
            expect(page.locator(".problem", has_text="is gone")).to_be_visible()
            expect(page.locator(".live")).to_have_count(0)
    finally:
        log.close()


def test_another_run_in_the_same_folder_begins_the_page_anew(tab, folders, tmp_path):
    place = tmp_path / "run"
    shutil.copytree(folders["mlp"], place)
    with serving(place) as address:
        tab.open(address)
        tab.page.locator("h1", has_text="mlp").wait_for()
        shutil.rmtree(place)
        tab.page.locator(".problem", has_text="could not be read").wait_for()
        shutil.copytree(folders["nan"], place)
        manifest = json.loads((place / "run.json").read_bytes())
        (place / "run.json").write_text(json.dumps({**manifest, "name": "another"}))
        tab.page.locator("h1", has_text="another").wait_for()
        assert tab.page.locator(".problem").count() == 0


def frame(folder, place: str) -> str:
    """A notebook's page with the run in a frame of its own."""
    whole = whole_page(Trace(folder), kind="frame").html
    whole = whole.replace('"kind": "frame"', f'"kind": "frame", "place": "{place}"')
    return f'<!doctype html><title>host</title><iframe sandbox="allow-scripts" width="1000" height="800" srcdoc="{html.escape(whole)}"></iframe>'


def test_in_a_sandboxed_frame(tab, folders, tmp_path):
    host = tmp_path / "host.html"
    host.write_text(frame(folders["mlp"], "#/step/2/op/3"), encoding="utf-8")
    tab.page.goto(host.as_uri())
    inside = tab.page.frame_locator("iframe")
    expect(inside.locator(".sentence")).to_have_text("Flatten: 8x1x8x8 becomes 8x64")
    inside.locator(".sentence").click()
    tab.page.keyboard.press("ArrowRight")
    inside.locator(".sentence:has-text('Linear')").wait_for()
    inside.locator("nav a:text-is('Loss')").click()
    inside.locator(".compared").first.wait_for()
    assert tab.page.url == host.as_uri()
    assert tab.said == []


def poisoned(content):
    """Every text of a record that a user, or somebody who sends a record, can choose."""
    if isinstance(content, dict):
        kept = {
            "kind",
            "dtype",
            "hash",
            "phase",
            "op",
            "by",
            "function",
            "state",
            "severity",
            "schema",
            "k",
            "reduction",
        }
        return {key: value if key in kept else poisoned(value) for key, value in content.items()}
    if isinstance(content, list):
        return [poisoned(value) for value in content]
    return HOSTILE if isinstance(content, str) else content


@pytest.mark.parametrize("name", ["cnn", "finding"])
def test_a_hostile_record_stays_text(tab, folders, tmp_path, name):
    told = json.loads(
        re.search(
            r'id="gd-source">(.*?)</script>', whole_page(Trace(folders[name])).html, re.DOTALL
        )[1]
    )
    content = json.loads(zlib.decompress(base64.b64decode(told["data"])))
    poison = {
        "manifest": {**poisoned(content["manifest"]), "state": "finished"},
        "events": [poisoned(event) for event in content["events"]],
    }
    for event, own in zip(poison["events"], content["events"], strict=True):
        event.update({key: own[key] for key in ("file",) if key in own})
    told["data"] = base64.b64encode(zlib.compress(json.dumps(poison).encode())).decode()
    path = tmp_path / "hostile.html"
    path.write_text(page_files().whole(json.dumps(told)), encoding="utf-8")
    for screen in (
        "step/2/op/4",
        "batch",
        "layers",
        "loss",
        "backward",
        "optimizer",
        "modes",
        "curves",
        "results",
        "findings",
        "lessons",
        "data",
        "compare",
    ):
        tab.open(f"{path.as_uri()}#/{screen}")
        tab.page.wait_for_timeout(60)
        assert (
            tab.page.evaluate(
                "document.querySelectorAll('img, svg[onload], script:not([id]) ~ script').length"
            )
            == 0
        ), screen
        assert tab.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), screen
    tab.open(f"{path.as_uri()}#/step/2/op/4")
    assert "onerror" in tab.page.inner_text("main")
    assert tab.said == []
    assert len(tab.requests) == 1
