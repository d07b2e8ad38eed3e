"""`gd why TOPIC --script PROGRAM` and `--again`, and with no run at all, as a user types them."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec
import pytest

from goingdeep.errors import RunFormatError, ScriptNotFoundError, SettingsError
from goingdeep.explained_program import again
from goingdeep.record import read_manifest
from goingdeep.record.answer import Answer, read_answers
from tests.cli.test_run import Done, call, script
from tests.no_dynamo import NO_DYNAMO


@pytest.fixture
def why(warm_python) -> Callable[..., Done]:
    """why("zero-grad"): `gd why`, and the program under it, by a Python that is warm."""
    return partial(call, warm_python, "-m", "goingdeep", "why")


TRAINING = (
    f"    {NO_DYNAMO}"
    """
    import sys
    import torch
    import torch.nn.functional as F
    from torch.utils.data import DataLoader, TensorDataset

    torch.manual_seed(0)
    x = torch.randn(400, 6)
    y = x[:, :3].argmax(1)
    train = DataLoader(TensorDataset(x[:320], y[:320]), 8, shuffle=True)
    test = DataLoader(TensorDataset(x[320:], y[320:]), 40)
    model = torch.nn.Sequential(torch.nn.Linear(6, 8), torch.nn.ReLU(), torch.nn.Linear(8, 3))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    print("arguments", sys.argv[1:])
    epochs = 0
    try:
        while True:
            for images, labels in train:
                loss = F.cross_entropy(model(images), labels)
                loss.backward()
                optimizer.step()
                optimizer.zero_grad()
            with torch.no_grad():
                for images, labels in test:
                    model(images)
            epochs += 1
    finally:
        print("epochs", epochs)
"""
)


def test_a_program_is_seen_until_it_is_enough_and_answered_in_its_own_process(home, why):
    script(TRAINING, "sub/train.py")
    done = why("zero-grad", "--script", "sub/train.py", "--json", "-m", "")
    assert done.code == 0, done.err
    # 60 steps are a moment, the second epoch's evaluation has been seen before.
    assert done.err == "arguments ['--json', '-m', '']\nepochs 1\n"
    said = done.out.decode()
    assert said.startswith("Why zero the gradients?\n")
    assert "Replay equals the run: the losses of steps 1 to 60, bit for bit." in said
    (run,) = (path for path in (home / "runs").iterdir() if not path.is_symlink())
    assert f"See it in {run.name}" in said
    (answer,) = read_answers(run)
    assert (answer.topic, answer.replayed, answer.run) == ("zero-grad", 60, run.name)
    assert {place.file for place in answer.places} == {"sub/train.py"}
    manifest = read_manifest(run)
    assert manifest.command == ("gd", "run", "sub/train.py", "--json", "-m", "")
    assert manifest.directory == str(home)

    (home / "else").mkdir()
    os.chdir(home / "else")
    shown = why("zero-grad", str(run), "--json")
    assert "replayed" not in json.loads(shown.out)
    assert "--again" in json.loads(shown.out)["says"]
    once_more = why("zero-grad", str(run), "--again", "--json")
    assert once_more.code == 0, once_more.err
    assert once_more.err == (
        f"again: sub/train.py --json -m ''  (in {home})\narguments ['--json', '-m', '']\nepochs 1\n"
    )
    second = msgspec.json.decode(once_more.out, type=Answer)
    assert second.replay == answer.replay
    assert second.claims[1] == answer.claims[1]
    assert list((home / "else").iterdir()) == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("print('nothing')", "there is no answer: program.py showed no training step"),
        ("import torch; raise SystemExit(3)", "it ended with exit code 3"),
        ("import torch; torch.nn.Linear(2, 2)(torch.ones(1, 2))", "it called no backward"),
    ],
)
def test_a_program_without_training(home, text, says, why):
    done = why("zero-grad", "--script", script(text))
    assert (done.code, done.out) == (2, b"")
    assert "RunError: there is no answer" in done.err
    assert says in done.err


def test_a_program_that_fails_is_answered_on_what_it_did(home, why):
    text = TRAINING.replace("epochs += 1", "raise ArithmeticError('of its own')")
    text = text.replace("epochs = 0", "__import__('os').chdir('/')")
    text = text.replace('print("epochs", epochs)', "pass")
    done = why("zero-grad", "--script", script(text), "--x")
    assert "ArithmeticError: of its own" in done.err
    assert "the losses of steps 1 to 40" in done.out.decode()
    assert "See it in program-" in done.out.decode()  # as it is typed here, not there


def test_a_program_that_ends_at_once_is_answered_from_its_record(home, why):
    text = TRAINING.replace("epochs += 1", "__import__('os')._exit(7)")
    done = why("zero-grad", "--script", script(text))
    assert (done.code, done.err) == (0, "arguments []\n" if done.err else "")
    assert "The program ended at once, with exit code 7" in done.out.decode()
    assert "See it in program-" in done.out.decode()


@pytest.mark.parametrize("option", ["--script", "--again"])
def test_a_program_without_a_question_is_an_error(gd, home, option):
    words = (option, "x.py") if option == "--script" else (option,)
    assert gd("why", *words).is_error(f"{option} expects a question before it, got none", fix="gd")


@pytest.mark.parametrize("moments", [True, False])
def test_a_program_asks_about_itself(home, moments, warm_python):
    text = TRAINING.replace("while True", "while not epochs").replace(
        "epochs += 1",
        "epochs += 1\n            import goingdeep; print(goingdeep.why('zero-grad'))",
    )
    options = ["--quiet", "--no-report", *(["--moments"] if moments else [])]
    done = call(warm_python, "-m", "goingdeep", "run", *options, script(text))
    assert done.code == 0, done.err
    said = " ".join(done.out.decode().split())
    assert ("the losses of steps 1 to 40, bit for bit" in said) == moments
    assert ("and gd run --moments keep one" in said) != moments


def test_a_program_that_is_not_there(gd, home):
    assert gd("why", "zero-grad", "--script", "nothing.py").is_error(
        "ScriptNotFoundError: there is no script 'nothing.py'"
    )
    assert gd("why", "zero-grat-and-more-that-nobody-asks", "--script", "nothing.py").code == 2


def test_with_no_run_a_short_training_is_made(home, why):
    done = why("zero-grad")
    assert (done.code, done.err) == (0, "")
    said = done.out.decode()
    assert said.startswith("There is no run here, so the quickstart's network was trained for this")
    assert "See it in a short training made for this answer" in said
    # How far the replay comes in its seconds is the machine's.
    assert re.search(r"Replay equals the run: the losses of steps 32 to \d+, bit for bit\.", said)
    assert list(home.iterdir()) == []


# -------------------------------------------------------------------- what may be run once more


def run_of(home: Path, **changes) -> Path:
    folder = home / "runs" / "one"
    folder.mkdir(parents=True)
    manifest = {
        "format": 1, "kind": "watch", "name": "one", "created": "2026-01-01T00:00:00+00:00",
        "command": ["gd", "run", "train.py", "--lr", "1"], "directory": str(home),
    }  # fmt: skip
    (folder / "run.json").write_text(json.dumps(manifest | changes))
    return folder


def test_the_command_and_the_folder_of_a_recorded_program(home):
    assert again("eval", run_of(home)) == (["train.py", "--lr", "1"], str(home))


def test_of_a_check_too(home):
    folder = run_of(home, command=["gd", "check", "-m", "package.train"])
    assert again("eval", folder) == (["-m", "package.train"], str(home))


def test_what_cannot_be_run_again(home):
    folder = run_of(home, command=["gd.watch", "train.py"])
    with pytest.raises(SettingsError, match=r"was recorded by gd\.watch\(\) inside a program"):
        again("eval", folder)
    manifest = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps(manifest | {"kind": "train"}))
    with pytest.raises(SettingsError, match="which is replayed from its checkpoint"):
        again("eval", folder)


@pytest.mark.parametrize("changes", [{"directory": "/gone"}, {"directory": "a\0b"}])
def test_a_program_whose_folder_is_gone_is_not_run_again(home, changes):
    with pytest.raises(ScriptNotFoundError, match="the folder is gone in which"):
        again("eval", run_of(home, **changes))


@pytest.mark.parametrize(
    ("word", "place"),
    [
        ("runs/one/evil.py", ""),
        ("./runs/../runs/one/x/evil.py", ""),
        ("-m evil", "runs/one"),
        ("-m one.evil", "runs"),
        ("../../evil.py", "runs/one"),
    ],
)
def test_code_that_came_with_a_run_is_never_run(home, word, place):
    folder = run_of(home, command=["gd", "run", *word.split()], directory=str(home / place))
    with pytest.raises(RunFormatError, match="code that came with a run is never run"):
        again("eval", folder)
