"""`gd run` up to the moment at which it becomes the program."""

from __future__ import annotations

import json
import os
import sys
import zipfile
from pathlib import Path

import pytest

from goingdeep.errors import (
    RunExistsError,
    ScriptError,
    ScriptNotFoundError,
    SettingsError,
    UnknownNameError,
)
from goingdeep.startup import sitecustomize
from goingdeep.watch.program import script
from goingdeep.watch.program.program import program_name
from goingdeep.watch.program.script import Asked, environment, flags_of, launch, parse
from goingdeep.watch.program.script_file import MAGIC_NUMBER, check_script


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


# -------------------------------------------------------------------- words


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        ("train.py", Asked(("train.py",))),
        ("train.py --out a --quiet --help", Asked(("train.py", "--out", "a", "--quiet", "--help"))),
        ("--out a train.py", Asked(("train.py",), out="a")),
        ("--out=a=b train.py -- x", Asked(("train.py", "--", "x"), out="a=b")),
        ("--out -x --quiet --moments t", Asked(("t",), out="-x", quiet=True, moments=True)),
        ("--report train.py", Asked(("train.py",))),
        ("--no-report train.py", Asked(("train.py",), report=False)),
        ("-- --strange.py", Asked(("--strange.py",))),
        ("--quiet -m a.b --quiet", Asked(("-m", "a.b", "--quiet"), quiet=True)),
        ("- 1", Asked(("-", "1"))),
        ("--help", None),
        ("--quiet -h train.py", None),
    ],
)
def test_our_options_stand_before_the_program_and_the_rest_is_its_own(words, asked):
    assert parse(words.split()) == asked


def test_an_empty_word_is_a_program_that_is_not_there():
    assert parse(["", "x"]) == Asked(("", "x"))


@pytest.mark.parametrize(
    ("words", "kind", "text"),
    [
        (
            "--quite train.py", UnknownNameError,
            ("there is no option of gd run called '--quite'\n"
            "  why:   the program's own options stand after it\n"
            "  fix:   did you mean --quiet?\n"
            "  more:  gd run --help"),
        ),
        (
            "", SettingsError,
            ("gd run expects a program\n"
            "  fix:   gd run SCRIPT.py, or: gd run -m PACKAGE.MODULE\n"
            "  more:  gd run --help"),
        ),
        (
            "--quiet -m", SettingsError,
            ("gd run expects a module after -m\n"
            "  fix:   gd run SCRIPT.py, or: gd run -m PACKAGE.MODULE\n"
            "  more:  gd run --help"),
        ),
        (
            "--out= train.py", SettingsError,
            ("--out expects a folder\n"
            "  fix:   gd run --out DIR SCRIPT.py\n"
            "  more:  gd run --help"),
        ),
        (
            "--out", SettingsError,
            ("--out expects a folder\n"
            "  fix:   gd run --out DIR SCRIPT.py\n"
            "  more:  gd run --help"),
        ),
    ],
)  # fmt: skip
def test_words_that_cannot_be_read(words, kind, text):
    with pytest.raises(kind) as caught:
        parse(words.split())
    assert str(caught.value) == text


def test_a_flag_takes_no_value():
    with pytest.raises(UnknownNameError, match="no option of gd run called '--quiet=yes'"):
        parse(["--quiet=yes", "train.py"])


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (("train.py", "x.py"), "train"),
        (("a/b.c/train", "-m"), "train"),
        (("-m", "package.module"), "package.module"),
        (("app/",), "app"),
        (("app/__main__.py",), "app"),
        (("__main__.py",), "program"),
        (("-",), "stdin"),
        ((".hidden",), ".hidden"),
        (("train.tar.gz",), "train.tar"),
    ],
)
def test_what_a_program_is_called(words, name):
    assert program_name(words) == name


# -------------------------------------------------------------------- what cannot be run


def refused(word: str) -> str:
    with pytest.raises(ScriptError) as caught:
        check_script(word)
    lines = str(caught.value).split("\n")
    assert len(lines) <= 5
    assert "\x1b" not in str(caught.value)
    return str(caught.value)


def test_a_script_that_is_not_there_gets_the_nearest_name(here):
    (here / "sub").mkdir()
    (here / "sub" / "train.py").touch()
    (here / "sub" / "train.txt").touch()
    assert refused("sub/trian.py") == (
        f"there is no script 'sub/trian.py'\n  where: {here}/sub\n"
        "  fix:   did you mean sub/train.py?\n  more:  gd run --help"
    )
    assert refused("sub/z.py") == (
        f"there is no script 'sub/z.py'\n  where: {here}/sub\n  fix:   ls sub\n"
        "  more:  gd run --help"
    )
    assert f"where: {here}/no (not there either)" in refused("no/z.py")
    with pytest.raises(ScriptNotFoundError):
        check_script("z.py")


@pytest.mark.parametrize("word", ["x" * 5000, "a\0b", "a\x1b[31mb", "../" * 2000, "\udcff", ""])
def test_any_name_is_answered_with_our_error(word):
    refused(word).encode()


def test_a_link_to_nothing_and_a_link_to_itself(here):
    (here / "gone.py").symlink_to("removed.py")
    (here / "round.py").symlink_to("round.py")
    check_script("gone.py")  # Python says what it says of it
    check_script("round.py")


def test_a_folder_without_a_main_program(here):
    (here / "app").mkdir()
    assert refused("app") == (
        "app is a folder without __main__.py\n  why:   there is no Python file in it\n"
        "  fix:   name the script itself\n  more:  gd run --help"
    )
    for number in range(7):
        (here / "app" / f"s{number}.py").touch()
    assert refused("app") == (
        "app is a folder without __main__.py\n"
        "  why:   in it are s0.py, s1.py, s2.py, s3.py, s4.py, ...\n"
        "  fix:   gd run app/s0.py\n  more:  gd run --help"
    )
    (here / "app" / "__main__.py").touch()
    check_script("app")


def test_what_is_no_python_program(here):
    (here / "shoe.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")
    assert refused("shoe.png") == (
        "shoe.png is not a Python program\n  why:   it holds zero bytes, which no text does\n"
        "  fix:   name a .py file\n  more:  gd run --help"
    )
    with zipfile.ZipFile(here / "model.pt", "w") as file:
        file.writestr("data.pkl", b"")
    assert "why:   it is a zip archive without __main__.py" in refused("model.pt")
    (here / "lesson.ipynb").write_text("{}")
    assert refused("lesson.ipynb").startswith("lesson.ipynb is a notebook, not a script\n  fix:")


def test_what_python_runs_besides_text(here):
    with zipfile.ZipFile(here / "app.zip", "w") as file:
        file.writestr("__main__.py", b"")
    (here / "code.bin").write_bytes(MAGIC_NUMBER + bytes(12))
    (here / "other.pyc").write_bytes(bytes(16))
    (here / "empty.py").touch()
    for name in ("app.zip", "code.bin", "other.pyc", "empty.py", "-", "-m", "/dev/null"):
        check_script(name)


def test_a_pipe_is_not_read(here):
    os.mkfifo(here / "pipe")
    check_script("pipe")  # opening it would wait for a writer for ever


def test_a_file_that_is_closed_to_us(here, monkeypatch):
    (here / "train.py").touch()

    def closed(path, *_, **__):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(script.Path, "open", closed)
    assert refused("train.py") == (
        f"train.py cannot be read: Permission denied\n  where: {here}\n"
        "  fix:   look at its permissions: ls -ld train.py\n  more:  gd run --help"
    )


# -------------------------------------------------------------------- becoming the program


class Became(Exception):  # noqa: N818
    """Instead of another program."""


@pytest.fixture
def became(here, monkeypatch):
    """The words and variables with which Python would start."""

    def execve(path, words, variables):
        raise Became(path, words, variables)

    monkeypatch.setattr(os, "execve", execve)
    monkeypatch.setattr(sys, "orig_argv", ["python", "-O", "/bin/gd", "run", "..."])
    (here / "train.py").touch()

    def call(asked: Asked):
        with pytest.raises(Became) as caught:
            launch(asked)
        return caught.value.args

    return call


def test_it_becomes_python_with_the_words_of_the_program(became):
    path, words, _ = became(Asked(("train.py", "--lr", "1"), out="new"))
    assert path == sys.executable
    assert words == [sys.executable, "-O", "train.py", "--lr", "1"]


def test_an_out_in_use_is_refused_before_anything_runs(became, here, monkeypatch):
    (here / "used").mkdir()
    became(Asked(("train.py",), out="used"))
    (here / "used" / "mine.txt").touch()
    with pytest.raises(RunExistsError) as caught:
        launch(Asked(("train.py",), out="used"))
    assert str(caught.value) == (
        "used is already in use\n  why:   it is not an empty folder\n"
        "  fix:   choose a new folder: gd run --out DIR ...\n  more:  docs/runs.md"
    )
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "2")
    became(Asked(("train.py",), out="used"))  # rank 0 has made it


def test_a_python_that_cannot_be_started(became, monkeypatch):
    def execve(*_):
        raise OSError(2, "No such file or directory")

    monkeypatch.setattr(os, "execve", execve)
    with pytest.raises(ScriptError, match="Python cannot be started: No such file"):
        launch(Asked(("train.py",)))


def test_a_python_that_would_not_let_us_in(became, monkeypatch):
    monkeypatch.setattr(sys, "executable", "")
    with pytest.raises(ScriptError, match="needs a Python that reads its environment"):
        launch(Asked(("train.py",)))


@pytest.mark.parametrize("path", [None, "", "/a", "/a::/b", "/a:"])
def test_the_variables_hold_all_that_is_needed_to_take_them_away_again(path):
    before = {"HOME": "/h", **({} if path is None else {"PYTHONPATH": path})}
    assert (script.TOLD, script.PATH_BEFORE) == (sitecustomize.TOLD, sitecustomize.PATH_BEFORE)
    after = environment(Asked(("t.py", "x"), out="\udcff\x1b", moments=True), before)
    told = {
        "words": 2,
        "out": "\udcff\x1b",
        "quiet": False,
        "moments": True,
        "report": True,
        "check": None,
        "why": None,
    }
    assert json.loads(after.pop(sitecustomize.TOLD)) == told
    ours, _, rest = after.pop("PYTHONPATH").partition(os.pathsep)
    assert Path(ours, "sitecustomize.py").is_file()
    assert rest == (path or "")
    assert after.pop(sitecustomize.PATH_BEFORE, None) == path
    assert after == {"HOME": "/h"}


@pytest.mark.parametrize(
    ("words", "flags"),
    [
        ("python /bin/gd run t.py -O", ""),
        ("python -O -B /bin/gd run", "-O -B"),
        ("python -OB -W error -Xdev -X utf8 -m goingdeep run", "-OB -W error -Xdev -X utf8"),
        ("python -um goingdeep run", "-u"),
        ("python -mgoingdeep run", ""),
        ("python -c code run", ""),
        ("python --check-hash-based-pycs never /bin/gd", "--check-hash-based-pycs never"),
        ("python -", ""),
        ("python", ""),
        ("", ""),
    ],
)
def test_options_of_the_interpreter_are_handed_on(words, flags):
    assert flags_of(words.split()) == flags.split()
