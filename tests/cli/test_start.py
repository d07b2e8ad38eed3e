"""How little is imported, and what is on the disk before torch is."""

from __future__ import annotations

import os
import subprocess
import sys

from goingdeep.record import read_manifest
from tests.cli.conftest import PLAIN

LIGHT = """
import sys
import goingdeep
heavy = {"torch", "numpy", "rich", "PIL", "msgspec", "cyclopts"} & set(sys.modules)
assert not heavy, heavy
from goingdeep import cli
helped = [[], ["--help"], ["train", "--help"]]
for words, unwanted in ((helped, {"torch", "PIL", "numpy", "msgspec"}),
                        ([["runs"], ["trian"], ["resume", "nope"]], {"torch", "torchvision", "PIL"})):
    for one in words:
        sys.argv = ["gd", *one]
        try:
            cli.main()
        except SystemExit:
            pass
    heavy = unwanted & set(sys.modules)
    assert not heavy, heavy
print("light")
"""


def test_torch_is_not_imported_for_what_needs_none(home):
    done = subprocess.run([sys.executable, "-c", LIGHT], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("light\n")


def test_run_json_is_there_before_torch(home, tiny):
    """torch is replaced by a module that cannot be imported."""
    stub = home / "stub" / "torch"
    stub.mkdir(parents=True)
    (stub / "__init__.py").write_text(
        "import pathlib\n"
        "assert len(list(pathlib.Path('run').glob('run.json'))) == 1\n"
        "pathlib.Path('torch-was-imported').touch()\n"
        "raise ImportError('no torch here')\n"
    )
    command = [sys.executable, "-c", "from goingdeep.cli import main; main()"]
    done = subprocess.run(
        [*command, "train", "tiny.npz", *PLAIN, "--out", "run"],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(home / "stub")},
    )
    assert done.returncode != 0
    assert (home / "torch-was-imported").exists(), done.stderr
    manifest = read_manifest(home / "run")
    assert manifest.status in {"started", "failed"}
    assert manifest.settings["batch_size"].value == 8
