"""A program that uses the CPU alone is left alone on a machine with a GPU: no context is made."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
loader = DataLoader(TensorDataset(torch.randn(64, 8), torch.randint(0, 3, (64,))), batch_size=8)
model = nn.Sequential(nn.Linear(8, 8), nn.Dropout(0.1), nn.Linear(8, 3))
optimizer = torch.optim.Adam(model.parameters())
for _ in range(2):
    for x, y in loader:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
"""
WAYS = {
    "plain": "",
    "watched": "import goingdeep as gd\nwith gd.watch({out!r}, quiet=True):\n",
    "moments": "import goingdeep as gd\nwith gd.watch({out!r}, quiet=True, moments=True) as run:\n",
}
AFTER = {"moments": "print(gd.why('zero-grad', run).answer.topic)\n"}


@pytest.mark.parametrize("way", WAYS)
def test_cuda_is_not_initialised(tmp_path, way):
    begin = WAYS[way].format(out=str(tmp_path / "run"))
    indented = "".join(f"    {line}\n" for line in PROGRAM.splitlines()) if begin else PROGRAM
    text = f"{begin}{indented}import torch\n{AFTER.get(way, '')}print('initialised', torch.cuda.is_initialized())\n"
    (tmp_path / "program.py").write_text(text)
    done = subprocess.run(
        [sys.executable, "program.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "initialised False"


def test_gd_run_does_not_either(tmp_path):
    (tmp_path / "program.py").write_text(
        "import atexit\n"
        + PROGRAM
        + "atexit.register(lambda: print('initialised', torch.cuda.is_initialized()))\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "goingdeep", "run", "--out", "run", "program.py"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "initialised False" in done.stdout


LARGE = PROGRAM.replace("nn.Linear(8, 8), nn.Dropout(0.1), nn.Linear(8, 3)", (
    "nn.Linear(8, 400), nn.ReLU(), nn.Linear(400, 400), nn.ReLU(), nn.Linear(400, 3)"
)).replace("range(2)", "range(20)")  # fmt: skip


def test_a_large_model_beside_an_idle_gpu_is_a_hint_and_starts_no_driver(tmp_path):
    (tmp_path / "program.py").write_text(
        LARGE
        + "import atexit\natexit.register(lambda: print('initialised', torch.cuda.is_initialized()))\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "goingdeep", "check", "program.py"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "initialised False" in done.stdout
    assert "model-on-cpu-gpu-idle" in done.stdout + done.stderr
