"""`gd.watch()`, and a program that `gd run` started, seen from inside the process."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import warnings
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

import goingdeep as gd
from goingdeep import watched as watched_module
from goingdeep.check import check_run
from goingdeep.errors import RunExistsError, WatchError, WriteError
from goingdeep.record import read_events, read_manifest
from goingdeep.record.event import Gap
from goingdeep.record.seen import Ended, Optimizer
from goingdeep.watch import watcher
from goingdeep.watch.program import program, run
from goingdeep.watch.program.program import WatchedProgram
from goingdeep.watch.program.tell import tell
from goingdeep.watch.reading import sites


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def train(steps: int = 3, fail_at: int = -1) -> None:
    torch.manual_seed(0)
    model = torch.nn.Linear(4, 3)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for number in range(steps):
        loss = torch.nn.functional.cross_entropy(model(torch.ones(2, 4)), torch.tensor([0, 1]))
        optimizer.zero_grad()
        loss.backward()
        if number == fail_at:
            raise ArithmeticError("at step\nfour")
        optimizer.step()


def ended(path: Path) -> Ended:
    (event,) = (event for event in read_events(path) if isinstance(event, Ended))
    return event


def nothing_is_on() -> bool:
    return not run._on and not len(watcher._on)


# -------------------------------------------------------------------- a watch in Python


def test_a_watch_records_what_happens_inside_and_prints_nothing(here, capfd):
    with gd.watch() as watched:
        train()
        assert watched.path.parent == here / "runs"
        assert read_manifest(watched.path).status == "running"
    assert ended(watched.path).steps == 3
    manifest = read_manifest(watched.path)
    assert (manifest.kind, manifest.status, manifest.command[0]) == (
        "watch",
        "finished",
        "gd.watch",
    )
    assert (here / "runs" / "latest").resolve() == watched.path
    assert tuple(capfd.readouterr()) == ("", "")
    assert nothing_is_on()


def test_a_program_that_came_through_a_pipe_is_not_read_again(here):
    """As `gd run <(make_program)`: who opens it waits for ever, or takes what is another's."""
    os.mkfifo("pipe")
    weight = torch.nn.Parameter(torch.ones(2))
    names = {"weight": weight, "optimizer": torch.optim.SGD([weight], lr=0.1)}
    with gd.watch() as watched:
        for file in (str(here / "pipe"), "/dev/zero"):  # without torch.manual_seed, which reads too
            exec(compile("weight.sum().backward()\noptimizer.step()", file, "exec"), names)
    assert ended(watched.path).steps == 2


def test_what_it_shows_is_what_gd_show_prints(here):
    with gd.watch("mine") as watched:
        train()
        begun = watched.show(80)
    from goingdeep.show import loop_text

    assert watched.path == here / "mine"
    assert watched.show(80) == loop_text(Path("mine"), 80)
    assert str(here) not in watched.show(80).replace(str(Path(__file__)), "")
    assert "loss.backward()" in watched.show(80)
    assert "backward" in begun
    assert repr(watched) == watched.show()


def test_in_a_notebook_its_text_is_escaped(monkeypatch):
    with gd.watch() as watched:
        pass
    monkeypatch.setattr("goingdeep.show.loop_text", lambda *_: "<script>&")
    assert watched._repr_html_() == "<pre>&lt;script&gt;&amp;</pre>"


def test_an_error_goes_through_untouched_and_is_recorded(here):
    with pytest.raises(ArithmeticError) as caught, gd.watch() as watched:
        train(fail_at=2)
    assert str(caught.value) == "at step\nfour"
    assert caught.value.__cause__ is caught.value.__context__ is None
    names = [frame.name for frame in caught.traceback]
    assert names[-1] == "train"
    assert (ended(watched.path).steps, ended(watched.path).error) == (2, "ArithmeticError")
    manifest = read_manifest(watched.path)
    assert (manifest.status, manifest.error) == ("failed", "ArithmeticError: at step")
    assert nothing_is_on()


@pytest.mark.parametrize(
    ("error", "status"), [(KeyboardInterrupt(), "interrupted"), (SystemExit(1), "finished")]
)
def test_how_a_run_that_was_stopped_is_called(error, status):
    with pytest.raises(type(error)), gd.watch() as watched:
        raise error
    assert read_manifest(watched.path).status == status


class Hostile(Exception):  # noqa: N818
    def __str__(self):
        raise RuntimeError("not even a text")


def test_an_error_without_a_text():
    with pytest.raises(Hostile), gd.watch() as watched:
        raise Hostile(object())
    assert read_manifest(watched.path).error == "Hostile"


def test_a_watch_inside_another_is_refused_and_changes_nothing(here):
    with gd.watch() as outer:
        with pytest.raises(WatchError) as caught, gd.watch():
            pass
        train()
    assert str(caught.value).split("\n")[0] == "this program is being watched already"
    assert ended(outer.path).steps == 3
    assert len(list((here / "runs").glob("*-2*"))) == 1
    with gd.watch():  # afterwards another is welcome
        pass


def test_a_watch_is_used_once():
    watched = gd.watch()
    with watched:
        pass
    with pytest.raises(WatchError, match="has begun already"), watched:
        pass


def test_a_watcher_that_somebody_else_put_on(here):
    other = watcher.Watcher()
    other.start()
    try:
        with pytest.raises(WatchError), gd.watch():
            pass
    finally:
        other.stop()
    assert not (here / "runs").exists()
    assert nothing_is_on()


def test_an_out_in_use_is_refused(here):
    (here / "used").mkdir()
    (here / "used" / "mine.txt").touch()
    with pytest.raises(RunExistsError) as caught, gd.watch("used"):
        pass
    assert str(caught.value).split("\n")[2] == "  fix:   choose a new folder: gd.watch('DIR')"
    assert nothing_is_on()
    (here / "empty").mkdir()
    with gd.watch(Path("empty")) as watched:
        pass
    assert watched.path == here / "empty"


def test_where_nothing_can_be_written_the_training_goes_on_with_one_warning(here, capsys):
    (here / "runs").touch()
    with gd.watch() as watched:
        train()
        watched.mark()
    assert watched.path is None
    assert watched.show() == "nothing is recorded"
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == (
        f"gd: WriteError: cannot write runs: File exists\n  where: {here}\n"
        "  why:   nothing is recorded; the program goes on\n"
        "  fix:   choose another place: gd.watch('DIR')\n  more:  docs/watch.md\n"
    )
    assert nothing_is_on()


@pytest.mark.parametrize("where", ["write_manifest", "EventLog"])
def test_what_could_not_be_begun_leaves_nothing(here, monkeypatch, capsys, where):
    def full(*_):
        raise WriteError("cannot write it: the disk is full")

    monkeypatch.setattr(f"goingdeep.record.{where}", full)
    with gd.watch():
        train()
    assert not (here / "runs").exists()
    assert capsys.readouterr().err.count("\n") == 4


def test_a_fault_of_ours_at_the_start_does_not_reach_the_program(here, monkeypatch, capsys):
    def fault(*_):
        raise ZeroDivisionError("ours")

    monkeypatch.setattr(watcher, "put_all", fault)
    with gd.watch() as watched:
        train()
    assert watched.path is None
    said = "gd: nothing is recorded, the program goes on: ZeroDivisionError: ours\n"
    assert capsys.readouterr().err == said
    assert nothing_is_on()
    assert not (here / "runs").exists()


def test_ctrl_c_before_it_has_begun_leaves_nothing(here, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(watcher, "put_all", interrupted)
    with pytest.raises(KeyboardInterrupt), gd.watch():
        pass
    assert nothing_is_on()
    assert not (here / "runs").exists()


def test_an_out_that_is_closed_to_us_is_one_warning(here, monkeypatch, capsys):
    (here / "closed").mkdir()

    def closed(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(run.os, "listdir", closed)
    monkeypatch.setattr(Path, "iterdir", closed)
    with gd.watch("closed") as watched:
        train()
    assert watched.path is None
    said = "gd: WriteError: cannot write closed: writing is not allowed there\n"
    assert capsys.readouterr().err.startswith(said)


def test_a_folder_that_disappears_is_one_warning(here, capsys):
    import shutil

    with gd.watch() as watched:
        train(1)
        shutil.rmtree(watched.path)
        train(1)
    assert capsys.readouterr().err.count("\n") <= 1
    assert nothing_is_on()


def test_a_watch_that_begins_in_the_middle_of_a_step(here):
    """As beside a thread that trains: the optimizer is met before the model that it belongs to."""
    model = torch.nn.Linear(4, 3)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    model(torch.ones(2, 4)).sum().backward()
    with gd.watch() as watched:
        for _ in range(4):
            optimizer.step()
            optimizer.zero_grad()
            model(torch.ones(2, 4)).sum().backward()
    *_, told = (event for event in read_events(watched.path) if isinstance(event, Optimizer))
    assert told.groups[0].owns == {0: (0, 1)}
    assert check_run(watched.path).findings == []


def test_another_folder_is_no_matter(here):
    (here / "elsewhere").mkdir()
    with gd.watch("mine") as watched:
        os.chdir("elsewhere")
        train()
    assert ended(watched.path).steps == 3
    assert list((here / "elsewhere").iterdir()) == []


def test_a_child_of_a_fork_ends_without_a_word_in_the_record():
    with gd.watch() as watched:
        train(1)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            child = os.fork()
        if child == 0:
            with contextlib.suppress(BaseException):
                watched.__exit__(None, None, None)
            os._exit(0)
        os.waitpid(child, 0)
        train(1)
    assert ended(watched.path).steps == 2


# -------------------------------------------------------------------- before torch


@pytest.fixture
def no_torch(monkeypatch):
    """As if torch were a module that has not been imported yet; call the result to import it."""
    waiting = []

    def when_imported(name, told):
        assert name == "torch"
        waiting.append(told)
        return lambda: waiting.remove(told) if told in waiting else None

    monkeypatch.setattr(watched_module, "when_imported", when_imported)
    monkeypatch.setattr(program, "when_imported", when_imported)
    # Not taken out of sys.modules itself: whoever else imports it meanwhile would break it.
    without = {name: module for name, module in sys.modules.items() if name != "torch"}
    monkeypatch.setattr(watched_module, "sys", SimpleNamespace(modules=without, argv=sys.argv))

    def arrive():
        without["torch"] = torch
        while waiting:
            waiting.pop(0)()

    return arrive


def test_torch_may_be_imported_inside(here, no_torch):
    with gd.watch() as watched:
        assert watched.path is None
        assert watched.show() == "nothing is recorded"
        assert not (here / "runs").exists()
        with pytest.raises(WatchError), gd.watch():
            pass
        no_torch()
        train()
    assert ended(watched.path).steps == 3


def test_without_torch_there_is_no_run(here, no_torch):
    with gd.watch() as watched:
        pass
    no_torch()
    assert watched.path is None
    assert list(here.iterdir()) == []
    assert nothing_is_on()


def test_an_out_in_use_is_refused_before_torch_is_there(here, no_torch):
    (here / "used").mkdir()
    (here / "used" / "mine.txt").touch()
    with pytest.raises(RunExistsError), gd.watch("used"):
        pass


# -------------------------------------------------------------------- inside gd run


class Started:
    """A program in this process, as `gd run` starts it in one of its own."""

    def __init__(self, monkeypatch, **asked):
        told = {
            "words": 2,
            "out": None,
            "quiet": False,
            "moments": False,
            "report": True,
            "check": None,
            "why": None,
        } | asked
        at_end = []
        monkeypatch.setattr(program.atexit, "register", at_end.append)
        monkeypatch.setattr(sys, "orig_argv", ["python", "-B", "my/train.py", "--lr"])
        monkeypatch.setattr(program, "_this", None)
        for name in ("last_exc", "last_value"):
            monkeypatch.setattr(sys, name, None, raising=False)
        self.reported = []
        self.problem = ""
        self.answered = []
        self.program = WatchedProgram(
            json.dumps(told), lambda path: f"<summary of {path.name}>", self.report, self.answer
        )
        self.program.arm()
        (self.end,) = at_end

    def answer(self, watched, topic):
        self.answered.append((watched.path, topic))

    def report(self, path):
        self.reported.append(path)
        return self.problem


@pytest.fixture
def start(monkeypatch):
    return lambda **asked: Started(monkeypatch, **asked)


def test_a_program_is_recorded_and_summed_up(here, start, capfd):
    started = start()
    train()
    started.end()
    (path,) = (one for one in (here / "runs").iterdir() if not one.is_symlink())
    assert path.name.startswith("train-2")
    assert read_manifest(path).command == ("gd", "run", "my/train.py", "--lr")
    assert read_manifest(path).status == "finished"
    assert ended(path).steps == 3
    name = path.name
    said = (
        f"<summary of {name}>\n\nrun      runs/{name}\n\ntry next\n"
        "  gd view   step through it in the browser\n  gd show   the loop again\n"
        "  gd check  look for silent mistakes\n"
    )
    assert tuple(capfd.readouterr()) == ("", said)
    assert started.reported == [path]


def test_a_page_that_cannot_be_written_is_said(here, start, capfd):
    started = start()
    started.problem = "report.html was not written: the disk is full"
    train()
    started.end()
    assert capfd.readouterr().err.endswith("\ngd: report.html was not written: the disk is full\n")


def test_the_page_can_be_left_out(here, start):
    started = start(report=False)
    train()
    started.end()
    assert started.reported == []


def test_quiet_prints_no_summary(here, start, capfd):
    started = start(quiet=True)
    train()
    started.end()
    assert tuple(capfd.readouterr()) == ("", "")
    assert (here / "runs" / "latest").exists()


def test_an_out_is_named_to_be_shown_again(here, start, capfd):
    started = start(out="my run", moments=True)
    train()
    started.end()
    assert capfd.readouterr().err.endswith(
        "\nrun      my run\n\ntry next\n"
        "  gd view 'my run'   step through it in the browser\n"
        "  gd show 'my run'   the loop again\n"
        "  gd check 'my run'  look for silent mistakes\n"
    )
    assert ended(here / "my run").steps == 3


def test_the_folder_of_the_start_is_the_one_that_counts(here, start, capfd):
    started = start(out="mine")
    (here / "elsewhere").mkdir()
    os.chdir("elsewhere")
    train()
    started.end()
    assert ended(here / "mine").steps == 3
    assert "\nrun      mine\n" in capfd.readouterr().err


def test_torch_without_training_leaves_no_run(here, start, capfd):
    start().end()
    assert capfd.readouterr().err == (
        "gd: no training seen: torch was imported, 0 forwards, no backward\n"
        "    (a process that it starts is watched by `with gd.watch():` inside)\n"
    )
    assert list(here.iterdir()) == []


def test_forwards_without_training_are_a_run(here, start, capfd):
    started = start()
    with torch.no_grad():
        torch.nn.Linear(2, 2)(torch.ones(1, 2))
    started.end()
    said = capfd.readouterr().err
    assert said.startswith("gd: no training seen: torch was imported, 1 forward, no backward\n<sum")
    assert ended((here / "runs" / "latest").resolve()).forwards == 1


def test_a_program_that_never_imports_torch(here, start, no_torch, capfd):
    started = start()
    started.end()
    assert tuple(capfd.readouterr()) == ("", "gd: no training seen: torch was never imported\n")
    assert list(here.iterdir()) == []


def test_of_several_ranks_one_speaks(start, no_torch, capfd, monkeypatch):
    monkeypatch.setenv("RANK", "1")
    start().end()
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("name", ["last_exc", "last_value"])
def test_what_ended_it_is_recorded(here, start, monkeypatch, name, capfd):
    started = start()
    train()
    monkeypatch.setattr(sys, name, ValueError("the\nend"), raising=False)
    started.end()
    run_folder = (here / "runs" / "latest").resolve()
    assert read_manifest(run_folder).status == "failed"
    assert ended(run_folder).error == "ValueError"


def test_a_watch_inside_joins_the_recording(here, start, capfd):
    started = start()
    with gd.watch("ignored") as watched:
        with gd.watch() as inner:
            train()
            assert inner.path == watched.path == started.program.run.path
        watched.mark()
    train()
    started.end()
    assert ended(watched.path).steps == 6
    assert not (here / "ignored").exists()


def test_a_watch_inside_an_unwritable_program_has_its_own_place(here, start, capfd):
    (here / "runs").touch()
    started = start()
    with gd.watch("mine") as watched:
        train()
    started.end()
    assert ended(watched.path).steps == 3
    assert capfd.readouterr().err.count("gd: WriteError") == 1


def test_a_summary_that_fails_is_said(start, capfd):
    started = start()
    started.program._summary = lambda path: 1 / 0
    train()
    started.end()
    assert capfd.readouterr().err == "gd: the end of the record is lost: ZeroDivisionError\n"


def test_a_program_that_closed_its_error_stream(start, monkeypatch):
    started = start()
    train()
    monkeypatch.setattr(sys, "__stderr__", None)
    started.end()


def test_an_installed_program_counts_as_the_user(here, start, monkeypatch, capfd):
    place = next(root for root in sites._LIBRARY if "site-packages" in root)
    monkeypatch.setattr(sites, "_user_roots", [])
    main = type(sys)("__main__")
    main.__file__ = f"{place}shoes/train.py"
    monkeypatch.setitem(sys.modules, "__main__", main)
    start().end()
    assert sites.kind_of(f"{place}shoes/model.py") == sites.USER
    assert sites.kind_of(f"{place}other/model.py") == sites.LIBRARY
    gaps = [e for e in read_events(here) if isinstance(e, Gap)]
    assert gaps == []


def test_what_the_error_stream_does_not_take_is_dropped(monkeypatch):
    """What is left in a buffer would fail again when Python ends, and change the exit code."""
    with open("/dev/full", "w", encoding="ascii") as full:  # noqa: PTH123
        monkeypatch.setattr(sys, "__stderr__", full)
        tell("gone", full)
    with open("kept.txt", "w", encoding="ascii", errors="backslashreplace") as kept:  # noqa: PTH123
        monkeypatch.setattr(sys, "__stderr__", kept)
        kept.write("before ")
        tell("an unusual sign: ✓", kept)
    assert Path("kept.txt").read_text() == "before an unusual sign: \\u2713\n"
    tell("nobody reads this", kept)
    tell("nor this", None)
