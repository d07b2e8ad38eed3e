"""What a training does besides its loop: choosing, averaging, stopping, checkpoints."""

from __future__ import annotations

import json

import numpy as np
import pytest
import safetensors.torch
import torch
from tests.same import small
from torch import nn

from goingdeep import session
from goingdeep.data.loader import ImageDataset
from goingdeep.errors import NonFiniteError, SettingsError
from goingdeep.record import read_events, read_manifest
from goingdeep.record.events import Checkpointed, Epoch, Failed
from goingdeep.train import checkpoint, loop
from goingdeep.train.optimizer import learning_rate, make_loss, make_optimizer
from goingdeep.train.settings import LossSettings, OptimizerSettings, ScheduleSettings

PLAIN = {"batch_size": 32, "precision": "float32", "epochs": 3}


def weights(run):
    return safetensors.torch.load_file(run.path / "model" / "model.safetensors")


def train(tmp_path, name="run", **settings):
    return session.train(
        small.arrays(200), model="mlp", out=tmp_path / name, settings=PLAIN | settings
    )


def test_averaged_weights_are_the_average_of_every_step(tmp_path):
    """Against the plain loop written out, with an average made by hand."""
    run = train(tmp_path, **{"ema.decay": 0.8, "recipe": "quickstart", "augment.flip": "none"})
    data = small.arrays(200)
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Flatten(), nn.Linear(100, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(),
        nn.Linear(512, 4),
    )  # fmt: skip
    manifest = read_manifest(run.path)
    s = {k: v.value for k, v in manifest.settings.items()}
    schedule = ScheduleSettings(s["schedule.name"], s["schedule.warmup"])
    optimizer = make_optimizer(
        model,
        OptimizerSettings(
            s["optimizer.name"], s["optimizer.lr"], s["optimizer.momentum"],
            s["optimizer.nesterov"], s["optimizer.weight_decay"],
        ),
    )  # fmt: skip
    loss_function = nn.CrossEntropyLoss(label_smoothing=s["loss.label_smoothing"])
    average, step = None, 0
    for epoch in range(3):
        draw = torch.Generator().manual_seed(epoch)
        for samples in torch.randperm(200, generator=draw).split(32):
            for group in optimizer.param_groups:
                group["lr"] = learning_rate(step, 21, s["optimizer.lr"], schedule)
            images = torch.tensor(data["x_train"])[samples] / 255
            loss_function(model(images), torch.tensor(data["y_train"])[samples]).backward()
            optimizer.step()
            optimizer.zero_grad()
            step += 1
            now = {k: v.clone() for k, v in model.state_dict().items()}
            average = average or now  # the first step counts whole
            average = {k: 0.8 * average[k] + 0.2 * now[k] for k in now}
    for name, value in weights(run).items():
        torch.testing.assert_close(value, average[name], rtol=1e-5, atol=1e-6)


def test_early_stopping_keeps_the_best_epoch_and_never_looks_at_the_test_part(
    tmp_path, monkeypatch
):
    looked = []
    real = loop.evaluate

    def spy(model, batches, precision, device):
        logits = real(model, batches, precision, device)
        looked.append(len(logits))
        return logits

    monkeypatch.setattr(loop, "evaluate", spy)
    run = train(
        tmp_path,
        **{"epochs": 40, "select.patience": 2, "select.holdout": 0.2, "optimizer.lr": 0.5},
    )
    events = [e for e in read_events(run.path) if isinstance(e, Epoch)]
    scores = [e.scores["validation"] for e in events]
    assert len(events) < 40
    best = int(np.argmax(scores))
    assert len(events) == best + 1 + 2
    saved = run.path / "checkpoints" / f"step-{events[best].step:08d}" / "model.safetensors"
    for name, value in safetensors.torch.load_file(saved).items():
        assert torch.equal(value, weights(run)[name])
    assert looked[: len(events)] == [looked[0]] * len(events)
    assert looked[0] != 80  # not the test part
    assert looked.count(80) == 2  # once, and once more mirrored


def test_held_out_images_are_not_trained_on(tmp_path, monkeypatch):
    seen = set()
    real = ImageDataset.__getitems__

    def spy(self, indices):
        images, labels = real(self, indices)
        if self.plan is not None:
            seen.update(image.tobytes() for image in (images * 255).round().byte().numpy())
        return images, labels

    monkeypatch.setattr(ImageDataset, "__getitems__", spy)
    data = small.arrays(200)
    run = train(tmp_path, **{"select.holdout": 0.1, "augment.flip": "none", "epochs": 1})
    trained = [image.tobytes() in seen for image in data["x_train"]]
    counts = run.manifest.data.counts
    assert sum(trained) == counts["train"]
    assert counts["train"] + counts["validation"] == 200
    assert counts["validation"] > 0


def test_it_keeps_the_last_two_the_best_and_the_moment(tmp_path):
    run = train(tmp_path, **{"epochs": 10, "select.holdout": 0.2, "checkpoint_seconds": 0})
    kept = sorted(p.name for p in (run.path / "checkpoints").glob("step-*"))
    events = list(read_events(run.path))
    saved = list(dict.fromkeys(e.name for e in events if isinstance(e, Checkpointed)))
    moment = next(e.name for e in events if isinstance(e, Checkpointed) and e.reason == "moment")
    steps = read_manifest(run.path).plan["steps"]
    assert moment == f"step-{steps // 10:08d}"
    epochs = [e for e in events if isinstance(e, Epoch)]
    best = max(epochs, key=lambda e: (e.scores["validation"], -e.epoch))
    assert set(kept) == {*saved[-2:], moment, f"step-{best.step:08d}"}
    assert (run.path / "checkpoints" / "last").read_text().strip() == f"step-{steps:08d}"


def test_minutes_fix_the_number_of_steps_at_the_start(tmp_path):
    (tmp_path / "net.py").write_text(small.MODEL)  # with Dropout, which draws random numbers
    run = session.train(
        small.arrays(200),
        model=f"{tmp_path / 'net.py'}:net",
        out=tmp_path / "run",
        settings=PLAIN | {"minutes": 0.02},
    )
    plan = read_manifest(run.path).plan
    assert run.result["steps"] == plan["steps"]
    assert run.manifest.data.counts["validation"] > 0
    # Measuring the pace must leave no trace: the same number of steps gives the same weights.
    folder = tmp_path / "again"
    folder.mkdir()
    content = json.loads((run.path / "run.json").read_text())
    content["status"] = "started"
    (folder / "run.json").write_text(json.dumps(content))
    again = session.resume(folder, data=small.arrays(200))
    for name, value in weights(again).items():
        assert torch.equal(value, weights(run)[name])


def test_balanced_class_weights_are_scikit_learns():
    from sklearn.utils.class_weight import compute_class_weight

    labels = np.array([0] * 50 + [1] * 30 + [2] * 5)
    loss = make_loss(LossSettings(class_weights="balanced"), labels, 3, torch.device("cpu"))
    expected = compute_class_weight("balanced", classes=np.arange(3), y=labels)
    np.testing.assert_allclose(loss.weight.numpy(), expected, rtol=1e-6)


def test_a_run_that_explodes_says_where_and_keeps_a_good_checkpoint(tmp_path):
    with pytest.raises(NonFiniteError) as raised:
        train(
            tmp_path,
            **{"optimizer.lr": 1e12, "schedule.name": "linear", "checkpoint_seconds": 0},
        )
    first = str(raised.value).splitlines()[0]
    assert first.startswith("the loss became ")
    step = int(first.split("step ")[1].split()[0])
    folder = tmp_path / "run"
    last = checkpoint.newest(folder)
    saved = safetensors.torch.load_file(folder / "checkpoints" / last / "model.safetensors")
    assert all(bool(v.isfinite().all()) for v in saved.values())
    assert int(last.removeprefix("step-")) < step
    assert "learning rate" in str(raised.value)
    failed = [e for e in read_events(folder) if isinstance(e, Failed)]
    assert failed[-1].error == "NonFiniteError"
    assert read_manifest(folder).status == "failed"


def test_the_layer_that_began_it_is_named(tmp_path):
    (tmp_path / "net.py").write_text(
        "import torch\nfrom torch import nn\n\n\n"
        "class Root(nn.Module):\n"
        "    def forward(self, x):\n        return torch.sqrt(x - 0.5)\n\n\n"
        "def net(c, h, w, k):\n"
        "    return nn.Sequential(nn.Flatten(), nn.Linear(c * h * w, 8), Root(), nn.Linear(8, k))\n"
    )
    with pytest.raises(NonFiniteError, match=r"layer 2 \(Root\) gave the first value not finite"):
        session.train(
            small.arrays(200), model=f"{tmp_path / 'net.py'}:net", out=tmp_path / "run",
            settings=PLAIN,
        )  # fmt: skip


def test_a_model_with_nothing_to_train_is_refused(tmp_path):
    (tmp_path / "net.py").write_text(
        "from torch import nn\n\n\ndef net(c, h, w, k):\n"
        "    return nn.Sequential(nn.Flatten(), nn.Linear(c * h * w, k)).requires_grad_(False)\n"
    )
    with pytest.raises(SettingsError, match="has nothing to train"):
        session.train(
            small.arrays(200), model=f"{tmp_path / 'net.py'}:net", out=tmp_path / "run",
            settings=PLAIN,
        )  # fmt: skip


def test_a_model_of_torchvision_trains_and_predicts(tmp_path):
    data = small.arrays(64, side=32)
    run = session.train(
        data, model="torchvision:mobilenet_v3_small", out=tmp_path / "run",
        settings={"epochs": 1, "batch_size": 32, "precision": "float32"},
    )  # fmt: skip
    found = session.load(run.path).predict(data["x_test"])
    right = (found.labels == data["y_test"]).mean()
    assert right == pytest.approx(run.accuracy)
    np.testing.assert_allclose(found.probabilities.sum(1), 1, rtol=1e-5)


def test_weight_decay_leaves_biases_alone():
    model = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3))
    optimizer = make_optimizer(model, OptimizerSettings(weight_decay=0.1, momentum=0.9))
    groups = {g["weight_decay"]: {p.ndim for p in g["params"]} for g in optimizer.param_groups}
    assert groups == {0.1: {2}, 0.0: {1}}


def test_one_cycle_is_torchs_own():
    """Linear warm-up and cosine fall, against torch's LinearLR and CosineAnnealingLR."""
    schedule = ScheduleSettings("cosine", warmup=0.25)
    ours = [learning_rate(s, 40, 0.3, schedule) for s in range(40)]
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.3)
    fall = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=30)
    theirs = [0.3 * s / 10 for s in range(10)]
    for _ in range(30):
        theirs.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        fall.step()
    np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)


def test_the_settings_a_run_leaves_repeat_it(tmp_path):
    """Also where the recipe's rate was fitted to the model."""
    first = session.train(
        small.arrays(200), model="mlp", epochs=1, out=tmp_path / "a", settings={"batch_size": 50}
    )
    again = session.train(
        small.arrays(200), config=first.path / "settings.toml", out=tmp_path / "b"
    )
    for name, value in weights(again).items():
        assert torch.equal(value, weights(first)[name])


def test_a_weight_ruined_by_the_last_update_is_named(tmp_path):
    """No later loss shows it: it is seen when the checkpoint is about to be written."""
    (tmp_path / "net.py").write_text(
        "from torch import nn\n\n\ndef net(c, h, w, k):\n"
        "    model = nn.Sequential(nn.Flatten(), nn.Linear(c * h * w, k))\n"
        "    model.steps = 0\n\n"
        "    def ruin(gradient):\n"
        "        model.steps += 1\n"
        "        return gradient * float('inf') if model.steps == 5 else gradient\n\n"
        "    model[1].weight.register_hook(ruin)\n    return model\n"
    )
    settings = PLAIN | {"batch_size": 40, "epochs": 1}
    with pytest.raises(NonFiniteError, match=r"weight 1.weight .* at step 5 \(epoch 1, batch 5\)"):
        session.train(
            small.arrays(200), model=f"{tmp_path / 'net.py'}:net", out=tmp_path / "run",
            settings=settings,
        )  # fmt: skip


def test_a_mask_of_minus_infinity_in_a_buffer_does_no_harm(tmp_path):
    (tmp_path / "net.py").write_text(
        "import torch\nfrom torch import nn\n\n\ndef net(c, h, w, k):\n"
        "    model = nn.Sequential(nn.Flatten(), nn.Linear(c * h * w, k))\n"
        "    model.register_buffer('mask', torch.full((3,), -torch.inf))\n    return model\n"
    )
    run = session.train(
        small.arrays(64), model=f"{tmp_path / 'net.py'}:net", out=tmp_path / "run", settings=PLAIN
    )
    assert run.manifest.status == "finished"


def test_testing_again_gives_the_numbers_of_the_result(tmp_path):
    np.savez(tmp_path / "a.npz", **small.arrays(200))
    run = session.train(
        tmp_path / "a.npz", model="mlp", out=tmp_path / "run",
        settings=PLAIN | {"select.holdout": 0.1},
    )  # fmt: skip
    assert session.test(run.path)["test"] == run.result["test"]


def test_images_that_are_one_pixel_wide_are_mirrored_too(tmp_path):
    """NumPy calls them contiguous backwards as well; torch takes no negative stride."""
    arrays = small.arrays(64)
    narrow = {key: a[:, 0, :, :1] if key.startswith("x_") else a for key, a in arrays.items()}
    run = session.train(narrow, model="mlp", out=tmp_path / "run", settings=PLAIN | {"epochs": 1})
    test = run.result["test"]
    assert test["mirror_accuracy"] == test["accuracy"]
    assert repr(run) == f"<Run {run.path}: finished, accuracy {run.accuracy:.4f}>"


@pytest.mark.parametrize(
    ("recipe", "model", "flags", "rate"),
    [
        ("fast", "mlp", {}, 0.1),
        ("fast", "cnn", {}, 1),
        ("fast", "mlp", {"optimizer.lr": 0.25}, 0.25),
        ("quickstart", "mlp", {}, 1),
    ],
)
def test_the_recipes_rate_fits_the_model(tmp_path, recipe, model, flags, rate):
    """A rate for networks with BatchNorm makes a plain one say a single class for ever."""
    from goingdeep.train.recipes import RECIPES

    settings = {"batch_size": 64, "epochs": 1, "precision": "float32"} | flags
    run = session.train(
        small.arrays(64), recipe=recipe, model=model, out=tmp_path / "run", settings=settings
    )
    used = read_manifest(run.path).settings["optimizer.lr"]
    expected = rate if flags else rate * RECIPES[recipe]["optimizer.lr"]
    assert used.value == pytest.approx(expected)
    assert used.origin == ("flag" if flags else "capability" if rate == 0.1 else "recipe")


def test_a_recipe_takes_fewer_images_in_a_batch_when_there_are_few(tmp_path):
    run = session.train(small.arrays(40), model="mlp", epochs=1, out=tmp_path / "run")
    chosen = read_manifest(run.path).settings["batch_size"]
    assert (chosen.value, chosen.origin) == (10, "capability")
    assert "40 images" in chosen.reason
