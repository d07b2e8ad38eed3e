"""What is printed, and where it goes: pipes, closed and full outputs, any encoding."""

from __future__ import annotations

import io
import json
import re

import pytest

from goingdeep.cli import app
from goingdeep.terminal import fitted
from tests.cli.conftest import PLAIN, weights, write_pictures

LINE = re.compile(
    r"^Test accuracy (\d+\.\d\d) % \(95 % interval (\d+\.\d\d) to (\d+\.\d\d)\)$", re.MULTILINE
)
RUN = ("train", "tiny.npz", *PLAIN, "--model", "mlp", "--epochs", "2")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_prose_is_folded_in_a_terminal_and_what_is_copied_is_not(monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    words = " ".join(["word"] * 12)
    text = f"DataError: {words}\n  where: {words}\n  why:   {words}\n  fix:   {words}"
    assert fitted(text, io.StringIO()) == text
    first, *rest = fitted(text, Terminal()).split("\n")
    assert " ".join(" ".join([first, *rest]).split()) == " ".join(text.split())
    whole = [line for line in rest if len(line) > 40]
    assert whole == [f"  where: {words}", f"  fix:   {words}"]
    indents = [len(line) - len(line.lstrip()) for line in rest if line not in whole]
    assert indents == [2, 2, 9]


def accuracy(text: str, result: dict) -> None:
    """The line stands there once, with the numbers of result.json."""
    lines = LINE.findall(text)
    assert len(lines) == 1
    expected = (result["test"]["accuracy"], *result["test"]["interval"])
    assert tuple(lines[0]) == tuple(f"{100 * number:.2f}" for number in expected)


def test_the_accuracy_is_one_line_and_that_of_result_json(gd, home, tiny):
    outcome = gd(*RUN, "--out", "run")
    assert outcome.code == 0
    assert outcome.err == ""
    result = json.loads((home / "run" / "result.json").read_text())
    accuracy(outcome.out, result)
    assert result["test"]["n"] == 32
    assert result["seconds"] > 0
    assert outcome.out.count("\nclass ") == 1
    for words in ("gd predict run PICTURE.png", "gd eject run", "gd train tiny.npz --recipe best"):
        assert f"\n  {words} " in outcome.out
    again = gd("test", "run").out
    accuracy(again, result)
    assert again.endswith("\nrun      run\ndata     tiny.npz\n")
    accuracy(gd("resume", "run").out, result)


def test_quiet_prints_that_line_and_no_other(gd, home, tiny):
    outcome = gd(*RUN, "--quiet", "--out", "run")
    assert LINE.fullmatch(outcome.out.removesuffix("\n"))
    assert gd("resume", "run", "--quiet").out == outcome.out


def test_json_prints_json_and_nothing_else(gd, home, tiny):
    outcome = gd(*RUN, "--json", "--out", "run")
    said = json.loads(outcome.out)
    assert said.pop("run") == "run"
    assert said == json.loads((home / "run" / "result.json").read_text())
    assert json.loads(gd("resume", "run", "--json").out) == {"run": "run", **said}
    tested = json.loads(gd("test", "run", "--json").out)
    assert tested["test"]["accuracy"] == said["test"]["accuracy"]
    assert tested["data"] == "tiny.npz"


def test_try_next_can_be_typed(gd, home, tiny):
    """In runs/ the newest run need not be named."""
    outcome = gd(*RUN)
    tried = [line.split("   ")[0].split() for line in outcome.out.splitlines() if "  gd " in line]
    assert [words[:2] for words in tried] == [["gd", "predict"], ["gd", "eject"], ["gd", "train"]]
    assert tried[1] == ["gd", "eject"]
    assert gd("eject").code == 0


def test_runs_are_listed_the_newest_first(gd, done, home):
    assert gd(*RUN, "--out", "runs/new run").code == 0
    lines = gd("runs").out.splitlines()
    assert [line.split("  ")[0].strip() for line in lines] == ["new run", "done"]
    assert all(" finished " in line and " % " in line for line in lines)
    said = json.loads(gd("runs", "--json").out)
    assert [run["run"] for run in said] == ["runs/new run", "runs/done"]


def test_data_show_is_text_to_read(gd, home):
    write_pictures(home / "data", "cat", "dog", count=9, size=(9, 8))
    (home / "data" / "cat" / "0.png").write_bytes((home / "data" / "cat" / "1.png").read_bytes())
    outcome = gd("data", "show", "data")
    lines = outcome.out.splitlines()
    assert lines[0] == "data      data"
    assert lines[1] == "images    f32[N,1,8,9]: grey, 9 wide, 8 high"
    assert "class     train      test" in lines
    assert any(line.startswith("cat  ") for line in lines)
    assert "equal     1 training image equal to an earlier one" in lines or (
        "equal     1 test image also in train: memory, not learning" in lines
    )
    assert lines[-1] == "picture   data-contact-sheet.png (some images of each class)"
    assert (home / "data-contact-sheet.png").is_file()
    facts = json.loads(gd("data", "show", "data", "--json").out)
    assert facts["picture"] == "data-contact-sheet-1.png"  # nothing is replaced
    assert facts["parts"]["train"]["count"] + facts["parts"]["test"]["count"] == 18


COMMANDS = [(), ("train",), ("resume",), ("test",), ("predict",), ("eject",), ("runs",),
            ("run",), ("show",), ("check",), ("rules",), ("view",), ("why",), ("data",), ("data", "show"), ("data", "get")]  # fmt: skip


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_every_command_has_help(gd, words, flag):
    outcome = gd(*words, flag)
    assert outcome.code == 0
    assert outcome.err == ""
    assert outcome.out.startswith("Usage: gd")
    assert len(outcome.out.splitlines()) > 3


def test_every_command_is_in_this_list():
    named = {words[0] for words in COMMANDS if words}
    assert {name for name in app if not name.startswith("-")} == named


def test_version(gd):
    import goingdeep

    assert gd("--version").out.strip() == goingdeep.__version__


# ---------------------------------------------------------------- in a process


def test_an_encoding_without_the_letters(process, home):
    write_pictures(home / "data", "chaussure é", "靴", count=4)
    words = ("train", "data", *PLAIN[:-1], "batch_size=4", "--model", "mlp", "--epochs", "1")
    outcome = process(*words, encoding="ascii")
    assert outcome.code == 0, outcome.err
    assert r"chaussure \xe9" in outcome.out
    assert r"\u9774" in outcome.out
    assert process("--help", encoding="ascii").code == 0
    assert process("data", "show", "data", encoding="ascii").code == 0


def test_a_closed_output(process, home, tiny):
    outcome = process(*RUN, "--out", "run", close=True)
    assert (outcome.code, outcome.err) == (0, "")
    assert weights("run")
    outcome = process("resume", "nope", close=True)
    assert outcome.code == 2
    assert "there is no run 'nope'" in outcome.err


def test_a_reader_that_went_away(process, done):
    """gd train | head -1: the run goes on to its end, and nobody complains."""
    for words in (["runs"], ["eject", "done"], [*RUN, "--out", "run"]):
        outcome = process(*words, pipe=True)
        assert (outcome.code, outcome.err) == (0, ""), words
    assert weights("run")


def test_an_output_that_takes_no_more(process, done, home):
    for words in (["runs"], ["eject", "done"], ["--help"], [*RUN, "--out", "run"]):
        outcome = process(*words, full=True)
        assert outcome.is_error("the output cannot be written: no space left on device"), words
    assert weights("run")


@pytest.mark.parametrize("command", ["train", "run", "check", "why", "view"])
def test_help_shows_no_default_that_is_nothing(gd, command):
    said = " ".join(gd(command, "--help").out.replace("│", " ").split())
    assert "--" in said
    for nothing in ('""', "()", "False", "None", "0", "0.0"):
        assert f"[default: {nothing}]" not in said
