"""run.json."""

from __future__ import annotations

import json

import msgspec
import pytest

from goingdeep.errors import RunFormatError, RunNotFoundError
from goingdeep.record import DataFacts, Manifest, Setting, read_manifest, write_manifest
from goingdeep.record.manifest import FORMAT, settings_of


@pytest.fixture
def manifest() -> Manifest:
    return Manifest(
        name="a-run",
        command=("gd", "train", "pictures", "--epochs", "3"),
        created="2026-01-02T03:04:05.678+00:00",
        status="interrupted",
        versions={"torch": "2.9.0"},
        machine={"system": "Linux x86_64", "cores": 2},
        data=DataFacts(
            name="pictures", source="pictures", fingerprint="ff", counts={"train": 9, "test": 2},
            image=(3, 32, 32), class_names=("Schnürschuh", "靴", "a\tb"), notes=("one skipped",),
        ),
        settings={
            "optimizer.lr": Setting(0.1, "flag"),
            "epochs": Setting(3, "recipe"),
            "test.mirror": Setting(value=True, origin="default"),
            "layout": Setting("channels_last", "capability", "convolutions read it fastest"),
        },
        plan={"steps": 30, "epoch_steps": 10},
        watched=False,
        error="WriteError: the disk is full",
    )  # fmt: skip


def test_it_comes_back(tmp_path, manifest):
    write_manifest(tmp_path, manifest)
    back = read_manifest(tmp_path)
    assert back == manifest
    # 3 and 3.0, True and 1 are equal, but not the same setting.
    assert [type(s.value) for s in back.settings.values()] == [float, int, bool, str]


def test_it_can_be_read_by_people_and_by_any_json(tmp_path, manifest):
    write_manifest(tmp_path, manifest)
    text = (tmp_path / "run.json").read_text(encoding="utf-8")
    assert text.endswith("\n}\n")
    assert "\n  " in text
    assert "Schnürschuh" in text
    assert json.loads(text)["settings"]["epochs"] == {"value": 3, "origin": "recipe", "reason": ""}


def test_it_is_replaced(tmp_path, manifest):
    write_manifest(tmp_path, manifest)
    manifest.status = "finished"
    write_manifest(tmp_path, manifest)
    assert read_manifest(tmp_path).status == "finished"
    assert [path.name for path in tmp_path.iterdir()] == ["run.json"]


def test_names_that_are_no_unicode_are_written_as_their_escape(tmp_path, manifest):
    manifest.command = ("gd", "train", "caf\udce9")
    write_manifest(tmp_path, manifest)
    back = read_manifest(tmp_path)
    assert back.command == ("gd", "train", "caf\\udce9")
    assert (back.data, back.settings) == (manifest.data, manifest.settings)


def test_settings_without_their_origin(manifest):
    assert settings_of(manifest) == {
        "optimizer.lr": 0.1, "epochs": 3, "test.mirror": True, "layout": "channels_last",
    }  # fmt: skip


def test_a_field_of_the_future_is_left_out(tmp_path, manifest):
    content = msgspec.to_builtins(manifest) | {"mood": "good"}
    (tmp_path / "run.json").write_bytes(msgspec.json.encode(content))
    assert read_manifest(tmp_path) == manifest


def test_a_newer_format_is_refused(tmp_path):
    (tmp_path / "run.json").write_text(json.dumps({"format": FORMAT + 1}))
    with pytest.raises(RunFormatError) as caught:
        read_manifest(tmp_path)
    assert str(caught.value) == (
        f"{tmp_path} has format {FORMAT + 1}, this Going Deep reads up to {FORMAT}\n"
        "  fix:   pip install --upgrade goingdeep\n"
        "  more:  docs/runs.md"
    )


def test_no_run_json_is_no_run(tmp_path):
    with pytest.raises(RunNotFoundError) as caught:
        read_manifest(tmp_path)
    assert str(caught.value).splitlines() == [
        f"{tmp_path} is not a run",
        "  why:   run.json cannot be read: No such file or directory",
        "  fix:   gd runs (lists the runs there are)",
        "  more:  docs/runs.md",
    ]


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"null", b"[]", b"{}", b"\x00" * 100, b"\xff\xfe", b'{"format":"1"}',
        b'{"format":1}', b'{"format":' + b"9" * 400 + b"}", b'{"a":' * 100_000,
        b'{"format":1,"name":"\xff","command":[],"created":""}',
        b'{"format":1,"name":"\\ud800","command":[],"created":""}',
        b'{"format":1,"name":"x","command":[],"created":"","status":"dancing"}',
        b'{"format":1,"name":"x","command":[],"created":"","settings":{"a":{"value":null}}}',
    ],
)  # fmt: skip
def test_a_damaged_one_is_our_error(tmp_path, content):
    (tmp_path / "run.json").write_bytes(content)
    with pytest.raises(RunFormatError) as caught:
        read_manifest(tmp_path)
    lines = str(caught.value).splitlines()
    assert lines[-1] == "  more:  docs/runs.md"
    assert lines[0].startswith(str(tmp_path))
