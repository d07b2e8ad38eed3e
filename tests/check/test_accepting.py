"""Comments, settings and baselines: what the user accepts, and what is said of it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from goingdeep.check import catalogue, read_settings
from goingdeep.check.settings import CheckSettings
from goingdeep.check.source import Source
from goingdeep.checked import check_record
from goingdeep.errors import RunExistsError, SettingsError, UnknownNameError, WriteError
from tests.check.conftest import SOURCE, Record

IGNORE = "gd: ignore[grads-not-cleared]"


def with_line(script: Path, line: int, text: str) -> Path:
    """Record the loop with one line of its source changed."""
    lines = SOURCE.splitlines()
    lines[line - 1] = text
    script.write_text("\n".join(lines) + "\n")
    return Record(str(script)).loop(source="\n".join(lines)).write(script.parent / "runs" / "one")


# -------------------------------------------------------------------- comments


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (6, f"    loss.backward()  # {IGNORE}"),
        (6, "    loss.backward()  #gd:ignore[ other-rule , grads-not-cleared ] as we want"),
        (5, f"    # {IGNORE}"),
    ],
)
def test_a_comment_on_the_line_or_the_one_before_accepts(script, line, text):
    checked = check_record(with_line(script, line, text))
    assert checked.report.findings == []
    assert [finding.rule for finding in checked.report.ignored] == ["grads-not-cleared"]
    assert checked.exit_code == 0


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (7, f"    optimizer.step()  # {IGNORE}"),
        (4, f"for x, y in loader:  # {IGNORE}"),
        (6, f'    loss.backward(); s = "# {IGNORE}"'),
        (6, "    loss.backward()  # gd: ignore"),
        (6, "    loss.backward()  # gd: ignore[double-softmax]"),
    ],
)
def test_other_comments_accept_nothing(script, line, text):
    checked = check_record(with_line(script, line, text))
    assert [finding.rule for finding in checked.report.findings] == ["grads-not-cleared"]


def test_the_recorded_line_counts_where_the_file_is_gone(script):
    folder = with_line(script, 6, f"    loss.backward()  # {IGNORE}")
    script.unlink()
    assert check_record(folder).report.findings == []


def test_comments_that_accept_nothing_are_said(script):
    folder = with_line(script, 2, f"model = torch.nn.Linear(2, 2)  # {IGNORE}")
    assert (
        "train.py:2: gd: ignore[grads-not-cleared] is not used" in check_record(folder).report.notes
    )
    folder = with_line(script, 6, "    loss.backward()  # gd: ignore[grad-not-cleared]")
    (note,) = check_record(folder).report.notes
    assert (
        note
        == "train.py:6: there is no rule called 'grad-not-cleared'; did you mean grads-not-cleared?"
    )
    folder = with_line(script, 6, "    loss.backward()  # gd: ignore")
    assert check_record(folder).report.notes == [
        "train.py:6: `gd: ignore` names no rule; write gd: ignore[RULE]"
    ]


def test_a_changed_file_is_said_and_its_comments_accept_nothing(script, run):
    script.write_text("\n" + SOURCE.replace("optimizer.step()", f"optimizer.step()  # {IGNORE}"))
    (finding,) = check_record(run).report.findings
    assert finding.source == "loss.backward()"
    assert finding.note == "the file has changed since; the line is as it was recorded"
    script.unlink()
    (finding,) = check_record(run).report.findings
    assert finding.note == "the file is gone; the line is as it was recorded"


ENCODED = {
    "latin-1": b"# -*- coding: latin-1 -*-\nloss.backward()  # \xe9t\xe9\nx()  # gd: ignore[a-rule]\n",
    "a mark": b"\xef\xbb\xbf#\nloss.backward()  # \xc3\xa9t\xc3\xa9\nx()  # gd: ignore[a-rule]\n",
    "carriage returns": b"#\r\nloss.backward()  # \xc3\xa9t\xc3\xa9\rx()  # gd: ignore[a-rule]\r\n",
    "odd spaces": b"y = '\x1c\xc2\x85\xe2\x80\xa8'\x0c\nloss.backward()  # \xc3\xa9t\xc3\xa9\n"
    b"x()  # gd: ignore[a-rule]",
    "no such encoding": b"# coding: nothing\nloss.backward()  # \xc3\xa9t\xc3\xa9\nx()  # gd: ignore[a-rule]",
}


@pytest.mark.parametrize("how", ENCODED)
def test_a_file_is_read_as_python_reads_it(tmp_path, how):
    file = tmp_path / "program.py"
    file.write_bytes(ENCODED[how])
    source = Source()
    assert source.lines(str(file)) is not None
    assert len(source.lines(str(file)) or ()) == 3
    assert not source.stale(str(file), 2, "loss.backward()  # \xe9t\xe9")
    assert [(one.line, one.names) for one in source.ignores(str(file))] == [(3, ("a-rule",))]


def test_a_file_of_nothing_has_no_lines(tmp_path):
    file = tmp_path / "program.py"
    file.write_bytes(b"")
    assert Source().lines(str(file)) == ()


@pytest.mark.parametrize(
    "name", ["/dev/zero", "/", "", "x" * 5000, "\x00", "<ipython-input-3>", "\udce9.py"]
)
def test_only_ordinary_files_are_read(name):
    assert Source().lines(name) is None


def test_a_cell_of_a_notebook_is_no_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = Record("<ipython-input-1>").loop().write(tmp_path / "runs" / "cell")
    (finding,) = check_record(folder).report.findings
    assert (finding.file, finding.note) == ("<ipython-input-1>", "")


# -------------------------------------------------------------------- settings


def settings(tmp_path: Path, text: str) -> CheckSettings:
    (tmp_path / "pyproject.toml").write_text(f"[tool.goingdeep]\n{text}\n")
    (tmp_path / "deep").mkdir(exist_ok=True)
    return read_settings(tmp_path / "deep", catalogue())


def test_settings_are_found_above_and_read(tmp_path):
    found = settings(
        tmp_path,
        'disable = ["unshuffled-train"]\nenable = []\nfail-on = "warning"\nbaseline = "known.json"\n'
        '[tool.goingdeep.severity]\nga-not-scaled = "warning"',
    )
    assert found == CheckSettings(
        disable=("unshuffled-train",), severity={"ga-not-scaled": "warning"}, fail_on="warning",
        baseline=tmp_path / "known.json", file=tmp_path / "pyproject.toml",
    )  # fmt: skip


def test_no_file_or_no_table_is_no_settings(tmp_path):
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    assert read_settings(tmp_path, catalogue()).disable == ()


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ('disable = ["grad-not-cleared"]', UnknownNameError, "did you mean grads-not-cleared?"),
        ('disabled = ["x"]', UnknownNameError, "did you mean disable?"),
        ('disable = "x"', SettingsError, "disable expects a list of rules, got 'x'"),
        ("disable = [1]", SettingsError, "disable expects a list of rules"),
        ('fail-on = "bad"', SettingsError, "a severity is one of error, warning, hint, got 'bad'"),
        ("severity = 3", SettingsError, "severity expects a table"),
        ('[tool.goingdeep.severity]\nnope = "hint"', UnknownNameError, "no rule called 'nope'"),
        ("baseline = 3", SettingsError, "baseline expects a file's name"),
        ("x = [", SettingsError, "cannot be read as TOML"),
        pytest.param("x = " + "[" * 9999, SettingsError, "cannot be read as TOML", id="deep"),
        pytest.param(
            "severity.a" + ' . "a"' * 40_000 + " = 1",
            SettingsError,
            "the key in line 2 has more than 32 parts",
            id="dotted",
        ),
        pytest.param("#" * (1 << 20), SettingsError, "it is larger than 1 MiB", id="large"),
    ],
)
def test_a_setting_that_cannot_be_is_an_error(tmp_path, text, kind, words):
    with pytest.raises(kind) as raised:
        settings(tmp_path, text)
    assert words in str(raised.value)
    assert "pyproject.toml" in str(raised.value)


def test_a_setting_of_any_length_is_said_in_one_line(tmp_path):
    with pytest.raises(UnknownNameError) as raised:
        settings(tmp_path, f'disable = ["{"x" * 100_000}"]')
    assert len(raised.value.message) < 200


def test_a_folder_that_has_been_deleted_has_no_settings(tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    nowhere = Record(f"/{'x' * 9999}/train.py")
    assert check_record(nowhere.loop().write(tmp_path / "run")).settings == CheckSettings()


def test_the_settings_of_the_program_count_before_those_of_the_current_folder(
    script, run, tmp_path, monkeypatch
):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "pyproject.toml").write_text("[tool.goingdeep]\ndisable = []\n")
    (script.parent / "pyproject.toml").write_text(
        '[tool.goingdeep]\ndisable = ["grads-not-cleared"]\n'
    )
    monkeypatch.chdir(elsewhere)
    assert check_record(run).report.findings == []
    assert len(check_record(run, enable=["grads-not-cleared"]).report.findings) == 1


@pytest.mark.parametrize("encoding", ["rot13", "base64", "idna", "undefined", "no-such"])
def test_a_file_in_no_encoding_of_text_is_read_as_utf_8(tmp_path, encoding):
    path = tmp_path / "train.py"
    path.write_text(f"# coding: {encoding}\nx = 1  # gd: ignore[dead-relu]\n")
    assert [comment.line for comment in Source().ignores(str(path))] == [2]


# -------------------------------------------------------------------- baseline


def test_known_findings_do_not_count_and_new_ones_do(script, run, tmp_path):
    known = tmp_path / "known.json"
    assert check_record(run, baseline=known, write=True).written == 1
    checked = check_record(run, baseline=known)
    assert (checked.report.findings, len(checked.report.known), checked.exit_code) == ([], 1, 0)
    other = with_line(script, 6, "    loss.backward(retain_graph=True)")
    checked = check_record(other, baseline=known)
    assert len(checked.report.findings) == 1
    assert checked.report.notes == ["1 finding of the baseline is gone: write it anew"]


def test_a_line_that_moved_is_the_same_finding(script, tmp_path):
    known = tmp_path / "known.json"
    check_record(
        Record(str(script)).loop().write(tmp_path / "runs" / "a"), baseline=known, write=True
    )
    moved = Record(str(script))
    moved.loop()
    moved.events = [
        type(event)(**{**event_fields(event), "line": event.line + 10})
        if hasattr(event, "line")
        else event
        for event in moved.events
    ]
    assert check_record(moved.write(tmp_path / "runs" / "b"), baseline=known).report.findings == []


def event_fields(event) -> dict:
    return {name: getattr(event, name) for name in event.__struct_fields__}


def test_a_baseline_is_written_anew_but_nothing_else_is_overwritten(run, tmp_path):
    known = tmp_path / "known.json"
    for _ in range(2):
        assert check_record(run, baseline=known, write=True).written == 1
    other = tmp_path / "mine.json"
    other.write_text("{}")
    with pytest.raises(RunExistsError, match="is no baseline"):
        check_record(run, baseline=other, write=True)
    assert other.read_text() == "{}"


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"goingdeep_baseline": "x"}', "\x00"])
def test_a_file_that_is_no_baseline_is_an_error(run, tmp_path, content):
    (tmp_path / "known.json").write_text(content)
    with pytest.raises(SettingsError, match="is not a baseline"):
        check_record(run, baseline=tmp_path / "known.json")


def test_a_baseline_of_a_newer_version_is_an_error_and_is_not_replaced(run, tmp_path):
    known = tmp_path / "known.json"
    known.write_text('{"goingdeep_baseline": 2, "findings": []}')
    with pytest.raises(SettingsError, match="has format 2, this Going Deep reads up to 1"):
        check_record(run, baseline=known)
    with pytest.raises(RunExistsError):
        check_record(run, baseline=known, write=True)
    assert "2" in known.read_text()


@pytest.mark.parametrize("kind", ["pipe", "folder", "device"])
def test_a_baseline_that_is_no_file_is_an_error(run, tmp_path, kind):
    place = tmp_path / "known"
    if kind == "pipe":
        os.mkfifo(place)
    elif kind == "folder":
        place.mkdir()
    else:
        place.symlink_to("/dev/zero")
    for write in (False, True):
        with pytest.raises((SettingsError, RunExistsError), match="known"):
            check_record(run, baseline=place, write=write)


@pytest.mark.parametrize("name", ["a\0b", "a" * 300])
def test_a_baseline_with_a_name_that_no_file_has_is_an_error(run, tmp_path, name):
    for write in (False, True):
        with pytest.raises((SettingsError, WriteError)):
            check_record(run, baseline=tmp_path / name, write=write)


def test_a_baseline_behind_a_link_is_written_where_the_link_points_to(run, tmp_path):
    own, link = tmp_path / "own.json", tmp_path / "known.json"
    link.symlink_to(own.name)
    for _ in range(2):
        check_record(run, baseline=link, write=True)
        assert link.is_symlink()
        assert "grads-not-cleared" in own.read_text()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_baseline_that_is_kept_from_being_written_is_not_replaced(run, tmp_path):
    known = tmp_path / "known.json"
    known.write_text('{"goingdeep_baseline": 1}')
    known.chmod(0o444)
    with pytest.raises(WriteError, match="not allowed"):
        check_record(run, baseline=known, write=True)
    assert known.read_text() == '{"goingdeep_baseline": 1}'


def test_a_baseline_that_is_missing_is_an_error(run, tmp_path):
    with pytest.raises(SettingsError, match="cannot be read: no such file"):
        check_record(run, baseline=tmp_path / "known.json")
    with pytest.raises(SettingsError, match="expects a file to write to"):
        check_record(run, write=True)


def test_the_baseline_can_be_read_by_people(run, tmp_path):
    check_record(run, baseline=tmp_path / "known.json", write=True)
    content = json.loads((tmp_path / "known.json").read_text())
    assert content["findings"] == [
        {"rule": "grads-not-cleared", "file": "train.py", "source": "loss.backward()", "count": 1}
    ]
