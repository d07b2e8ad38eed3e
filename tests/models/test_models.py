"""The built-in models and what they promise."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from goingdeep import models
from goingdeep.errors import SettingsError, ShapeError, UnknownNameError

FOLDER = Path(models.__file__).parent


class Quickstart(nn.Module):
    """PyTorch's quickstart, as the tutorial writes it."""

    def __init__(self):
        super().__init__()
        self.flatten = nn.Flatten()
        self.linear_relu_stack = nn.Sequential(
            nn.Linear(28 * 28, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 10)
        )

    def forward(self, x):
        return self.linear_relu_stack(self.flatten(x))


def test_mlp_is_the_quickstart():
    torch.manual_seed(3)
    theirs = Quickstart()
    after = torch.get_rng_state()
    torch.manual_seed(3)
    ours = models.build("mlp", 1, 28, 28, 10)
    assert torch.equal(after, torch.get_rng_state())
    for a, b in zip(theirs.parameters(), ours.parameters(), strict=True):
        assert torch.equal(a, b)
    images = torch.rand(4, 1, 28, 28)
    assert torch.equal(theirs(images), ours(images))


@pytest.mark.parametrize("name", models.NAMES)
def test_build_draws_what_plain_construction_draws(name):
    function = getattr(importlib.import_module(f"goingdeep.models.{name}"), name)
    torch.manual_seed(0)
    plain = function(3, 32, 40, 7)
    after = torch.get_rng_state()
    torch.manual_seed(0)
    built = models.build(name, 3, 32, 40, 7)
    assert torch.equal(after, torch.get_rng_state())
    assert plain.state_dict().keys() == built.state_dict().keys()
    for key, value in plain.state_dict().items():
        assert torch.equal(value, built.state_dict()[key]), key
    assert all(module.training for module in built.modules())
    assert all(p.grad is None for p in built.parameters())


@pytest.mark.parametrize("name", models.NAMES)
@pytest.mark.parametrize("size", [(1, 28, 28), (3, 32, 32), (4, 16, 50), (3, 64, 64)])
def test_any_size_that_makes_sense(name, size):
    assert models.build(name, *size, 5)(torch.rand(3, *size)).shape == (3, 5)


def test_cnn_takes_the_images_of_scikit_learn_digits():
    assert models.build("cnn", 1, 8, 8, 10)(torch.rand(2, 1, 8, 8)).shape == (2, 10)


@pytest.mark.parametrize(
    ("name", "side", "times"), [("cnn", 8, "three times"), ("resnet", 12, "twice")]
)
def test_too_small_images_are_refused(name, side, times):
    with pytest.raises(ShapeError) as caught:
        models.build(name, 1, side - 1, 40, 10)
    assert str(caught.value) == (
        f"{name} expects images of at least {side}x{side}, got {side - 1}x40\n"
        f"  why:   it halves the image {times}\n"
        f"  fix:   --model mlp, or --set data.size={side} --set data.resize=pad\n"
        "  more:  docs/models.md"
    )


def test_sizes_below_one_are_refused():
    with pytest.raises(ShapeError, match="mlp expects sizes of at least 1, got channels 0"):
        models.build("mlp", 0, 28, 28, 10)


def test_a_model_is_a_file_with_a_function_of_its_name():
    files = sorted(p.stem for p in FOLDER.glob("*.py") if not p.name.startswith("_"))
    assert list(models.NAMES) == files
    for name in files:
        tree = ast.parse((FOLDER / f"{name}.py").read_text(encoding="utf-8"))
        assert name in {n.name for n in tree.body if isinstance(n, ast.FunctionDef)}


def test_names_are_checked_without_torch():
    code = (
        "import sys; from goingdeep import models; models.check_name('cnn')\n"
        "try: models.check_name('cnm')\n"
        "except LookupError as e: print(e)\n"
        "assert 'torch' not in sys.modules"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        env={"PYTHONPATH": str(FOLDER.parents[1]), "PATH": ""},
    )  # fmt: skip
    assert "did you mean cnn?" in result.stdout


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("mpl", "there is no model called 'mpl'"),
        ("", "there is no model called ''"),
        ("_card", "there is no model called '_card'"),
        ("torchvision", "did you mean torchvision:NAME?"),
        ("torchvision:", "expects the name of a model after the colon, got nothing"),
        ("net.py", "a model from a file expects file.py:function, got 'net.py'"),
        ("net.py:", "a model from a file expects file.py:function, got 'net.py:'"),
        ("net.py:a b", "a model from a file expects file.py:function"),
        ("nowhere/net.py:net", "expects a Python file nowhere/net.py, got nothing there"),
    ],
)
def test_wrong_names(name, says):
    with pytest.raises(SettingsError) as caught:
        models.check_name(name)
    assert says in str(caught.value)
    assert "more:  docs/models.md" in str(caught.value)


@pytest.mark.parametrize(
    ("shape", "why", "fix"),
    [
        ((64, 28, 28, 1), "the last axis has length 1", "images = images.permute(0, 3, 1, 2)"),
        ((1, 28, 28), "looks like one image", "images[None]"),
        ((28, 28), "looks like one grey image", "images[None, None]"),
        ((64, 28, 28), "there is no axis for channels", "images = images[:, None]"),
        ((64, 3, 28, 28), "they have 3 channels, the model was built for 1", ""),
        ((64, 1, 32, 30), "they are 32x30 pixels, the model was built for 28x28", "bring them to"),
        ((64, 784), "", ""),
    ],
)
def test_images_that_do_not_fit(shape, why, fix):
    with pytest.raises(ShapeError) as caught:
        models.check_images("mlp", torch.zeros(shape), 1, 28, 28)
    got = ",".join(map(str, shape))
    assert caught.value.message == f"mlp expects images f32[N,1,28,28], got f32[{got}]"
    assert why in caught.value.why
    assert fix in caught.value.fix


def test_images_that_fit_and_fixes_for_numpy():
    models.check_images("mlp", torch.zeros(0, 1, 28, 28), 1, 28, 28)
    with pytest.raises(ShapeError, match=r"got u8\[2,28,28,1\]") as caught:
        models.check_images("mlp", np.zeros((2, 28, 28, 1), np.uint8), 1, 28, 28)
    assert caught.value.fix == "images = images.transpose(0, 3, 1, 2)"


def test_card_of_the_mlp_is_known_by_hand():
    card = models.card(models.build("mlp", 1, 28, 28, 10), 1, 28, 28)
    assert card.parameters == 785 * 512 + 513 * 512 + 513 * 10
    assert card.multiply_adds == 784 * 512 + 512 * 512 + 512 * 10
    assert card.rows[0] == models.LayerRow("0 Flatten", "f32[N,1,28,28]", "f32[N,784]", 0, 0)
    assert card.rows[1].gives == "f32[N,512]"
    assert json.loads(json.dumps(dataclasses.asdict(card)))["parameters"] == card.parameters


class Odd(nn.Module):
    """Draws in eval mode, counts its calls, uses a layer twice and a product of its own."""

    def __init__(self):
        super().__init__()
        self.twice = nn.Linear(4, 4)
        self.own = nn.Parameter(torch.ones(4, 3))
        self.frozen = nn.BatchNorm2d(1).eval()
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, images):
        self.calls += 1
        x = self.twice(self.twice(self.frozen(images).flatten(1)))
        return nn.functional.dropout(x) @ self.own


def test_card_of_an_odd_model_and_that_nothing_is_touched():
    model = Odd()
    before, rng = {k: v.clone() for k, v in model.state_dict().items()}, torch.get_rng_state()
    card = models.card(model, 1, 2, 2)
    assert [(r.layer, r.parameters, r.multiply_adds) for r in card.rows] == [
        ("frozen BatchNorm2d", 2, 0),
        ("twice Linear", 20, 16),
        ("twice Linear", 0, 16),
        ("outside these layers", 12, 12),
    ]
    assert (card.parameters, card.multiply_adds) == (34, 44)
    assert torch.equal(rng, torch.get_rng_state())
    assert all(torch.equal(v, model.state_dict()[k]) for k, v in before.items())
    assert model.training
    assert not model.frozen.training
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())


def attention() -> nn.Module:
    return nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)


@pytest.mark.parametrize(
    ("model", "size"),
    [
        (nn.ConvTranspose2d(3, 5, 3, stride=2), (3, 6, 7)),
        (nn.Conv2d(4, 6, 3, groups=2), (4, 9, 9)),
        (nn.Sequential(nn.Flatten(2), attention()), (5, 2, 4)),
        (Odd(), (1, 2, 2)),
    ],
)
def test_work_equals_torchs_own_counter(model, size):
    from torch.nn.attention import SDPBackend, sdpa_kernel
    from torch.utils.flop_counter import FlopCounterMode

    card = models.card(model, *size)
    torch.backends.mha.set_fastpath_enabled(value=False)
    try:
        # PyTorch 2.14 does not count the fused attention of a CPU: the plain products are counted.
        with (
            sdpa_kernel(SDPBackend.MATH),
            FlopCounterMode(display=False) as counter,
            torch.no_grad(),
        ):
            model.eval()(torch.zeros(1, *size))
    finally:
        torch.backends.mha.set_fastpath_enabled(value=True)
    assert card.multiply_adds == counter.get_total_flops() // 2
    assert card.parameters == sum(p.numel() for p in model.parameters())


def test_torchvision_grey_and_its_names():
    model = models.build("torchvision:resnet18", 1, 32, 32, 4)
    images = torch.rand(2, 1, 32, 32)
    colour = model[1].eval()(images.repeat(1, 3, 1, 1))
    assert torch.equal(model.eval()(images), colour)
    with pytest.raises(UnknownNameError, match="no classification model called 'resnet19'") as e:
        models.build("torchvision:resnet19", 1, 28, 28, 10)
    assert e.value.fix == "did you mean torchvision:resnet18?"
    with pytest.raises(ShapeError, match="expects images with 1 or 3 channels, got 4"):
        models.build("torchvision:resnet18", 4, 28, 28, 10)


@pytest.mark.parametrize(
    ("name", "needs"), [("squeezenet1_1", "at least 17x17"), ("vit_b_32", "224x224")]
)
def test_torchvision_says_what_size_it_needs(name, needs):
    rng = torch.get_rng_state()
    with pytest.raises(ShapeError) as caught:
        models.build(f"torchvision:{name}", 3, 16, 16, 10)
    assert caught.value.message == f"torchvision:{name} expects images of {needs}, got 16x16"
    torch.set_rng_state(rng)


def test_torchvision_model_with_helpers_gives_one_answer():
    assert models.build("torchvision:googlenet", 3, 32, 32, 4)(torch.rand(2, 3, 32, 32)).shape == (
        2,
        4,
    )
