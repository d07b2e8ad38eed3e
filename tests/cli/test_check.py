"""`gd check PROGRAM`: it runs as it would, and its record is judged when it has ended."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from goingdeep.check_command import marked, options
from goingdeep.record import read_manifest
from tests.cli.test_run import Done, call, script
from tests.no_dynamo import NO_DYNAMO

CHECK = ("-m", "goingdeep", "check")


@pytest.fixture
def check(warm_python) -> Callable[..., Done]:
    """check("train.py"): `gd check`, and the program under it, by a Python that is warm."""
    return partial(call, warm_python, *CHECK)


TRAINING = (
    f"    {NO_DYNAMO}"
    """
    import sys, time
    import torch
    import torch.nn.functional as F

    torch.manual_seed(0)
    model = torch.nn.Linear(4, 3)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

    def train(steps):
        for _ in range(steps):
            loss = F.cross_entropy(model(torch.randn(8, 4)), torch.arange(8) % 3)
            loss.backward()
            optimizer.step()
        return loss.item()
"""
)


def test_a_program_is_run_and_judged(home, check, warm_python):
    script(
        TRAINING + "    print(sys.argv, train(9)); print('the end', file=sys.stderr)\n", "train.py"
    )
    plain = call(warm_python, "train.py", "--steps", "2", "-m", "--format=json")
    ours = check("train.py", "--steps", "2", "-m", "--format=json")
    assert ours.out == plain.out != b""
    assert ours.code == 1
    # In brief while the program runs, whole when it has ended.
    before, _, after = ours.err.partition("the end\n")
    assert before.count("error[grads-not-cleared]: ") == 1
    assert before.endswith("\n  where: train.py:13  loss.backward()\n")
    assert after.count("error[grads-not-cleared]: ") == 1
    assert after.startswith("error[grads-not-cleared]: 8 of 9 updates used gradients left over")
    assert "\n  where: train.py:13  loss.backward()\n  why:   " in after
    (run,) = (path for path in (home / "runs").iterdir() if not path.is_symlink())
    assert f"\n\nrun      runs/{run.name}\n\ntry next\n  gd view {run.name}   " in ours.err
    assert read_manifest(run).command[:3] == ("gd", "check", "train.py")
    assert check(run.name).out.decode().startswith("error[grads-not-cleared]: 8 of 9")


def test_what_does_not_count_or_would_be_in_the_way_is_not_said(check):
    script(TRAINING + "    train(9); print('the end', file=sys.stderr)\n", "train.py")
    known = "--baseline=known.json"
    # While a baseline is written everything counts: here the format alone keeps it quiet.
    for words in (
        ("--format=json", "--write-baseline", known), (known,), ("--disable=grads-not-cleared",)
    ):  # fmt: skip
        before, end, _ = check(*words, "train.py").err.partition("the end\n")
        assert (before, end) == ("", "the end\n"), words


ENDED = """
    try:
        with open("with.txt", "w") as file:
            file.write("open")
            train(10**9)
    except Exception:
        print("never")
    finally:
        print("finally")
        print("the end", file=sys.stderr)
"""


@pytest.mark.parametrize("how", ["--steps=7", "--seconds=0.2"])
def test_a_program_is_ended_early_and_cleanly(how, check):
    script(TRAINING + ENDED, "train.py")
    done = check(how, "--format", "json", "--output", "report.json", "train.py")
    assert done.code == 1
    assert done.out == b"finally\n"
    # A report that goes into a file leaves the screen to what is said while the program runs.
    before, _, after = done.err.partition("the end\n")
    assert before.count("error[grads-not-cleared]: ") == 1
    assert before.endswith("\n  where: train.py:13  loss.backward()\n")
    assert after == "written to report.json\n"
    report = json.loads(Path("report.json").read_text())
    assert [finding["rule"] for finding in report["findings"]] == ["grads-not-cleared"]
    assert report["steps"] == 7 or how.startswith("--seconds")
    said = f"the program was ended by {how.replace('=', ' ')}: what it does later was not seen"
    assert said in report["notes"]
    assert Path("with.txt").read_text() == "open"


CATCHES = """
    def loop(n):
        try:
            train(n)
        except KeyboardInterrupt:
            print("stopped by hand", type(sys.exc_info()[1]).__mro__[1].__name__)
    loop(10**9)
    loop(10**9)
"""


def test_a_program_that_answers_ctrl_c_does_so(check):
    script(TRAINING + CATCHES, "train.py")
    done = check("--seconds", "0.2", "train.py")
    assert done.out == b"stopped by hand KeyboardInterrupt\n" * 2
    assert "the program was ended by --seconds 0.2" in done.err


FAILING = {
    "error": ("raise ValueError('late')", 2, "ended with exit code 1"),
    "exit": ("sys.exit(3)", 2, "ended with exit code 3"),
    "os exit": ("import os; os._exit(4)", 2, "ended with exit code 4"),
    "killed": ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", 2, "ended by SIGKILL"),
}


@pytest.mark.parametrize("how", FAILING)
def test_a_program_that_fails_is_judged_and_the_failure_said(how, check):
    """Gradients are cleared: what it did until then is clean."""
    end, code, said = FAILING[how]
    fixed = TRAINING.replace("loss.backward()", "optimizer.zero_grad(); loss.backward()")
    # What is recorded is written once a second, and by a kill at most that is lost.
    text = fixed + f"    train(9); time.sleep(1.1); train(1)\n    {end}\n"
    killed = how == "killed"
    done = check(*(["--prove"] if killed else []), script(text, "train.py"))
    assert done.code == code
    unproved = "note: nothing was proved: the program did not come to its end"
    assert (unproved in done.err) == killed
    assert f"note: the program {'was ' if killed else ''}{said}" in done.err
    assert "nothing wrong was found" in done.err
    assert ("ValueError: late" in done.err) == (how == "error")


def test_ctrl_c_ends_the_program_and_what_it_did_is_judged():
    script(TRAINING + "    print('begun', train(9), flush=True)\n    train(10**9)\n", "train.py")
    # A terminal sends it to all processes of the foreground, so they are a group of their own.
    with subprocess.Popen(
        [sys.executable, *CHECK, "train.py"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as running:
        assert running.stdout is not None
        assert running.stdout.readline().startswith(b"begun")
        os.killpg(running.pid, signal.SIGINT)
        _, err = running.communicate()
    assert running.returncode == 1
    assert b"KeyboardInterrupt\n" in err
    assert b"error[grads-not-cleared]" in err


def test_sigterm_reaches_the_program():
    script(TRAINING + "    print('begun', flush=True)\n    train(10**9)\n", "train.py")
    with subprocess.Popen(
        [sys.executable, *CHECK, "train.py"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        assert running.stdout is not None
        running.stdout.readline()
        running.send_signal(signal.SIGTERM)
        _, err = running.communicate()
    assert b"the program was ended by SIGTERM" in err


@pytest.mark.parametrize("text", ["print(1)", "import torch; print(1)"])
def test_a_program_without_a_training_cannot_be_judged(text, check):
    done = check(script(text, "plain.py"))
    assert (done.code, done.out) == (2, b"1\n")
    assert done.err.startswith("nothing could be judged")


def test_a_module_is_a_program_too(check):
    script(TRAINING + "    print(train(9))\n", "package/train.py")
    done = check("--format", "github", "-m", "package.train", "--help")
    assert done.code == 1
    assert done.err.startswith("::error file=package/train.py,line=13")


def test_a_finding_is_proved_on_the_programs_own_steps(home, check, warm_python):
    script(TRAINING + "    print(train(30))\n", "train.py")
    plain = call(warm_python, "train.py")
    ours = check("--prove", "train.py")
    assert (ours.code, ours.out) == (1, plain.out)
    assert "\n  proof: over the last 10 of 60 replayed steps the mean loss is " in ours.err
    assert " as it is, and 1." in ours.err
    assert (home / "runs" / "latest" / "proofs.json").exists()


# -------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("words", "first", "fix"),
    [
        ("trian.py", "ScriptNotFoundError: there is no script 'trian.py'", "did you mean train.py?"),
        ("--disable grads train.py", "no rule called 'grads'", "gd rules"),
        ("--fail-on x train.py", "a severity is one of error, warning, hint, got 'x'", "error"),
        ("--seconds nan train.py", "--steps and --seconds expect a number above 0", "--steps 200"),
        ("--seconds inf train.py", "--steps and --seconds expect a number above 0", "--steps 200"),
        ("--steps 0 train.py", "--steps and --seconds expect a number above 0", "--steps 200"),
        ("--steps -1 train.py", "--steps and --seconds expect a number above 0", "--steps 200"),
        ("--out full train.py", "full is already in use", "choose a new folder"),
        ("--output train.py train.py", "train.py is there already", "choose another name"),
        ("--write-baseline train.py", "--write-baseline expects a file", "--baseline FILE"),
        ("--format xml train.py", "no format called 'xml'", ""),
        ("--baseline no.json train.py", "the baseline no.json cannot be read", "--write-baseline"),
        ("--baseline train.py --write-baseline train.py", "is no baseline", "another name"),
        ("sub/train.py", "no rule called 'grads'", "gd rules"),
    ],
)  # fmt: skip
def test_what_is_misspelled_is_said_before_the_program_begins(gd, home, words, first, fix):
    script("open('began', 'w')", "train.py")
    script("", "full/file.py")
    script("open('began', 'w')", "sub/train.py")
    (home / "sub" / "pyproject.toml").write_text('[tool.goingdeep]\ndisable = ["grads"]\n')
    assert gd("check", *words.split()).is_error(first, fix=fix)
    assert not (home / "began").exists()


def test_our_options_end_where_the_program_begins():
    script("", "train.py")
    assert all(name == "--" or not name.startswith("-") for name in options())
    for name, takes in options().items():
        words = [f"--{name}", *(["train.py"] if takes else [])]
        assert marked([*words, "train.py", "-x"]) == [*words, "--", "train.py", "-x"]
    assert marked(["-m", "a", "--steps"]) == ["--", "-m", "a", "--steps"]
    assert marked(["--steps=3", "train.py"]) == ["--steps=3", "--", "train.py"]
