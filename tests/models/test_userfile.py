"""Models from a user's own file, and everything that can be wrong with one."""

from __future__ import annotations

import sys

import pytest
import torch

from goingdeep import models
from goingdeep.errors import SettingsError, ShapeError

HEAD = "import torch\nfrom torch import nn\ndef net(channels, height, width, classes):\n"
GOOD = HEAD + "    return nn.Sequential(nn.Flatten(), nn.Linear(channels*height*width, classes))\n"


@pytest.fixture
def write(tmp_path):
    def write(text: str, file: str = "net.py") -> str:
        path = tmp_path / file
        path.write_text(text, encoding="utf-8")
        return f"{path}:net"

    return write


def refused(name: str, kind: type[Exception] = SettingsError) -> SettingsError | ShapeError:
    with pytest.raises(kind) as caught:
        models.build(name, 1, 4, 4, 3)
    return caught.value


def test_a_model_from_a_file(write, tmp_path):
    before = list(sys.path)
    name = write(GOOD)
    assert models.build(name, 1, 4, 4, 3)(torch.rand(5, 1, 4, 4)).shape == (5, 3)
    assert sys.path == before
    assert [p.name for p in tmp_path.iterdir()] == ["net.py"], "no bytecode is left beside it"
    write(GOOD.replace("nn.Flatten(), ", "nn.ReLU(), nn.Flatten(), "))
    assert len(models.build(name, 1, 4, 4, 3)) == 3, "an edit counts at once"


def test_it_can_import_its_neighbours_and_define_dataclasses(write):
    write("WIDTH = 3\n", "neighbour_of_net.py")
    text = "from __future__ import annotations\nfrom dataclasses import dataclass\n"
    text += "from neighbour_of_net import WIDTH\n@dataclass\nclass A:\n    b: int = WIDTH\n" + GOOD
    before = list(sys.path)
    try:
        models.build(write(text), 1, 4, 4, 3)
    finally:
        sys.modules.pop("neighbour_of_net", None)
    assert sys.path == before


@pytest.mark.parametrize(
    ("text", "message", "where"),
    [
        ("x = 1\nboom\n", "failed: NameError: name 'boom' is not defined", "line 2: boom"),
        ("def net(:\n", "failed: SyntaxError", "line 1: def net(:"),
        ("import sys\nsys.exit(3)\n", "failed: SystemExit: 3", "line 2: sys.exit(3)"),
        (HEAD + "    return nn.Linear('a', 2)\n", "failed: TypeError", "line 4: return nn.Linear"),
        (HEAD + "    pass\n", "expects to return a torch.nn.Module, got NoneType", "line 3"),
        (HEAD + "    return nn.ReLU\n", "got the class ReLU", "line 3"),
        ("def net(classes): ...\n", "(channels, height, width, classes), got (classes)", "line 1"),
        ("net = 3\n", "expects a function, got int", "net.py"),
        ("def other(): ...\n", "expects a function 'net' in net.py, got none", "net.py"),
    ],
)
def test_wrong_files(write, text, message, where):
    before, name = list(sys.path), write(text)
    error = refused(name)
    assert error.message.startswith(name)
    assert message in error.message
    assert where in error.where
    assert "net.py" in error.where
    assert "\n" not in error.message
    assert sys.path == before


def test_the_functions_it_has_are_named(write):
    assert refused(write("def other(): ...\n")).why == "it has: other"


def test_wrong_scores(write):
    error = refused(write(GOOD.replace("classes))", "7))")), ShapeError)
    assert "expects to give f32[2,3] for images f32[2,1,4,4], got f32[2,7]" in error.message
    assert error.why == "the last layer gives 7 scores, there are 3 classes"
    assert "net.py, line 3" in error.where
    error = refused(write(HEAD + "    return nn.LSTM(4, 4)\n"), ShapeError)
    assert "cannot take images" in error.message
    text = "from torch import nn\nclass net(nn.Module):\n    def __init__(self, *_):\n"
    text += "        super().__init__()\n    def forward(self, x):\n        return {RETURN}\n"
    error = refused(write(text.replace("{RETURN}", "[x]")), ShapeError)
    assert error.message.endswith("got list")
    error = refused(write(text.replace("{RETURN}", "x.flatten(1)[:, :3].long()")), ShapeError)
    assert error.message.endswith("got i64[2,3]")


def test_a_failing_forward_names_the_layer(write):
    error = refused(write(GOOD.replace("channels*height*width", "99")), ShapeError)
    assert "cannot take images f32[2,1,4,4]: RuntimeError: " in error.message
    assert "mat1 and mat2 shapes cannot be multiplied (2x16 and 99x3)" in error.message
    assert error.where.startswith("layer 1 (Linear) of ")


def test_lazy_layers_become_real(write):
    text = HEAD + "    return nn.Sequential(nn.Flatten(), nn.LazyLinear(classes))\n"
    torch.manual_seed(0)
    lazy = models.build(write(text), 1, 4, 4, 3)
    torch.manual_seed(0)
    real = models.build(write(GOOD), 1, 4, 4, 3)
    assert torch.equal(lazy[1].weight, real[1].weight)


RANDOM = """
import torch
from torch import nn

class net(nn.Module):
    def __init__(self, channels, height, width, classes):
        super().__init__()
        self.classes = classes
        self.bn = nn.BatchNorm2d(channels).eval()
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, x):
        self.calls += 1
        return self.bn(x).flatten(1)[:, : self.classes] + torch.rand(())
"""


def test_the_trial_leaves_generator_and_buffers_alone(write):
    rng = torch.get_rng_state()
    model = models.build(write(RANDOM), 1, 4, 4, 3)
    assert torch.equal(rng, torch.get_rng_state())
    assert float(model.calls) == 0
    assert model.training
    assert not model.bn.training
