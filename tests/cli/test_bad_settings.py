"""Settings that cannot be: refused before anything is made."""

from __future__ import annotations

import pytest

from tests.cli.conftest import PLAIN, tree

FLAGS = [
    (["--epochs", "0"], "epochs expects 1 to 1,000,000, got 0", "--epochs 5"),
    (["--epochs", "-3"], "epochs expects 1 to 1,000,000, got -3", "--epochs 5"),
    (["--epochs", "five"], "epochs expects a whole number, got 'five'", "--epochs 5"),
    (["--epochs", "1.5"], "epochs expects a whole number, got 1.5", "--epochs 5"),
    (["--epochs", ""], "epochs expects a whole number, got ''", "--epochs 5"),
    (["--epochs", "9" * 5000], "epochs expects a whole number, got", "--epochs 5"),
    (["--minutes", "-1"], "minutes expects at least 0, got -1", "--minutes"),
    (["--minutes", "nan"], "minutes expects at least 0, got nan", "--minutes"),
    (["--seed", "-1"], "seed expects 0 to", "--seed 0"),
    (["--set", "seed=inf"], "seed expects a whole number, got inf", "--seed 0"),
    (["--set", "optimizer.lr=1e30"], "expects 0 to 9,007,199,254,740,992, got 1e+30", "--set"),
    (["--set", "optimizer.lr=nan"], "optimizer.lr expects at least 0, got nan", "--set"),
    (["--set", "optimizer.lr=high"], "optimizer.lr expects a number, got 'high'", "--set"),
    (["--set", "optimizer.lr"], "--set expects key=value, got 'optimizer.lr'", "--set"),
    (["--set", "epochs=[1]"], "epochs expects a whole number, got [1]", "--epochs 5"),
    (["--set", "test.mirror=1"], "test.mirror expects true or false, got 1", "--set"),
    (["--set", "augment.flip=left"], "augment.flip expects one of none, random", "--set"),
    (["--set", "optimzer.lr=1"], "no setting called 'optimzer.lr'", "did you mean optimizer.lr?"),
    (["--set", "=1"], "no setting called ''", "see all 32 of them: docs/recipes.md"),
    (["--recipe", "fats"], "there is no recipe called 'fats'", "did you mean fast?"),
    (["--set", "recipe=bets"], "there is no recipe called 'bets'", "did you mean best?"),
    (["--model", "mpl"], "there is no model called 'mpl'", "did you mean mlp?"),
    (["--model", "no.py:net"], "no.py:net expects a Python file no.py", "give the path"),
    (["--model", "~nobody9/no.py:net"], "expects a Python file ~nobody9/no.py", "give the path"),
    (["--out", ""], "--out expects a name after it, got an empty one", "--out DIR, or leave"),
    (["--recipe="], "--recipe expects a name after it, got an empty one", "--recipe NAME"),
    (["--config", "no.toml"], "cannot read no.toml: No such file", "--config FILE"),
]


@pytest.mark.parametrize(("words", "first", "fix"), FLAGS, ids=lambda x: str(x)[:40])
def test_a_bad_setting_is_explained(gd, home, tiny, words, first, fix):
    before = tree(home)
    assert gd("train", "tiny.npz", *words).is_error(first, fix=fix)
    assert tree(home) == before
    assert not (home / "runs").exists()


FILES = [
    ("model = mlp", "settings.toml is not TOML", "text in quotes"),
    ("a" * 300 + "[" * 2000, "settings.toml is not TOML", "text in quotes"),
    ("x = " + "[" * 5000, "settings.toml is not TOML", "text in quotes"),
    (b"\xff\xfe", "settings.toml is not TOML", "text in quotes"),
    ('modell = "mlp"', "there is no setting called 'modell'", "did you mean model?"),
    ("[optimizer.x]\nlr = 1", "there is no setting called 'optimizer.x'", ""),
    ("epochs = [1]", "epochs expects a whole number, got [1]", "--epochs 5"),
    ("epochs = 2026-01-01", "epochs expects a whole number, got", "--epochs 5"),
]


@pytest.mark.parametrize(("text", "first", "fix"), FILES, ids=lambda x: str(x)[:20])
def test_a_bad_file_of_settings_is_explained(gd, home, tiny, text, first, fix):
    path = home / "settings.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    before = tree(home)
    assert gd("train", "tiny.npz", "--config", "settings.toml").is_error(first, fix=fix)
    assert tree(home) == before


LATE = [
    (["--device", "gpu"], "DeviceError: there is no device called 'gpu'"),
    (["--device", "cuda:99"], "DeviceError: device cuda:99 is not available"),
    (["--model", "resnet"], "ShapeError: resnet expects images of at least 12x12, got 8x8"),
    (["--model", "torchvision:nope"], "UnknownNameError: torchvision has no classification model"),
    (["--model", "net.py:raises"], "failed: ValueError: [red]oh"),
    (["--model", "net.py:gone"], "expects a function 'gone' in net.py"),
    (["--model", "net.py:number"], "expects to return a torch.nn.Module, got int"),
    (["--model", "net.py:narrow"], "cannot take images f32[2,1,8,8]"),
    (["--model", "broken.py:net"], "failed: SyntaxError"),
]
NET = """
from torch import nn
def raises(c, h, w, k): raise ValueError("[red]oh\\nsecond line")
def number(c, h, w, k): return 3
def narrow(c, h, w, k): return nn.Linear(3, 3)
"""


@pytest.mark.parametrize("out", [(), ("--out", "mine"), ("--out", "new/run")], ids=str)
@pytest.mark.parametrize(("words", "first"), LATE, ids=lambda x: str(x)[:30])
def test_what_shows_only_with_torch_leaves_no_run_either(gd, home, tiny, words, first, out):
    (home / "net.py").write_text(NET)
    (home / "broken.py").write_text("def net(:")
    (home / "mine").mkdir()
    before = tree(home)
    outcome = gd("train", "tiny.npz", *PLAIN, *words, *out)
    assert outcome.code == 2, outcome.err
    assert first in outcome.first
    assert "Traceback" not in outcome.err
    assert tree(home) == before
    assert (home / "mine").is_dir()
    assert not (home / "runs").exists()
    assert not (home / "new" / "run").exists()


def test_latest_is_still_the_run_before_one_that_could_not_begin(gd, done, home):
    assert gd("train", "tiny.npz", *PLAIN, "--epochs", "1").code == 0
    newest = (home / "runs" / "latest").readlink()
    assert gd("train", "tiny.npz", *PLAIN, "--device", "gpu").code == 2
    assert (home / "runs" / "latest").readlink() == newest
    assert sorted(p.name for p in (home / "runs").iterdir()) == ["done", "latest", str(newest)]


@pytest.mark.parametrize("what", ["file", "folder", "run"])
def test_a_folder_in_use_is_not_written_to(gd, done, home, what):
    out = {"file": "tiny.npz", "folder": "mine", "run": "runs/done"}[what]
    (home / "mine").mkdir()
    (home / "mine" / "notes.txt").write_text("mine")
    before = tree(home)
    outcome = gd("train", "tiny.npz", *PLAIN, "--out", out)
    fix = "gd resume" if what == "run" else "--out DIR"
    assert outcome.is_error(f"RunExistsError: {out} is already in use", fix=fix)
    assert tree(home) == before


USAGE = [
    (["trian"], 'Unknown command "trian". Did you mean "train"?', "gd --help"),
    (["train", "--epoch", "3"], "--epochs", "gd train --help"),
    (["train", "tiny.npz", "extra"], "gd train has no use for extra", "gd train --help"),
    (["train", "--epochs"], "--epochs", "gd train --help"),
    (["predict"], "RUN", "gd predict --help"),
    (["data", "show"], "DATA", "gd data show --help"),
]


@pytest.mark.parametrize(("words", "first", "more"), USAGE, ids=lambda x: str(x)[:30])
def test_a_command_that_does_not_exist(gd, tiny, words, first, more):
    outcome = gd(*words)
    assert outcome.code == 2
    assert outcome.first.startswith("UsageError: ")
    assert first in outcome.first
    assert f"  more:  {more}" in outcome.err
    assert "Traceback" not in outcome.err


def test_a_recipe_given_with_set_is_the_recipe(gd, tiny, home):
    words = ("--set", "recipe=quickstart", "--set", "model=mlp", "--epochs", "1")
    assert gd("train", "tiny.npz", *words, "--out", "run").code == 0
    text = (home / "run" / "settings.toml").read_text()
    assert 'recipe = "quickstart"' in text
    assert "batch_size = 64  # recipe" in text
