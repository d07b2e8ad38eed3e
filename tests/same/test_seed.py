"""Same seed, same weights; and nothing but seed, images and settings decides them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.transforms import ToTensor

from goingdeep import session
from goingdeep.data import load
from goingdeep.data.augment import plan_epoch
from goingdeep.data.images import Part
from goingdeep.data.loader import batches_in_order, steps_per_epoch, training_batches
from tests.same import small

QUICK = {"epochs": 2, "batch_size": 32, "precision": "float32", "augment.shift": 1}


def weights(run) -> bytes:
    return (run.path / "model" / "model.safetensors").read_bytes()


def train(data, out, **how):
    return session.train(data, model="cnn", out=out, settings=QUICK, **how)


@pytest.fixture(scope="module")
def arrays():
    """In the order of classes, as a folder gives them."""
    made = small.arrays(count=200)
    for part in ("train", "test"):
        order = np.argsort(made[f"y_{part}"], kind="stable")
        made[f"x_{part}"], made[f"y_{part}"] = made[f"x_{part}"][order], made[f"y_{part}"][order]
    return made


@pytest.fixture(scope="module")
def first(arrays, tmp_path_factory):
    return train(arrays, tmp_path_factory.mktemp("first") / "run")


def test_same_seed_same_weights(arrays, first, tmp_path):
    torch.rand(3)  # what the caller did with the global generator before must not matter
    assert weights(train(arrays, tmp_path / "run")) == weights(first)


def test_two_seeds_differ(arrays, first, tmp_path):
    assert weights(train(arrays, tmp_path / "run", seed=1)) != weights(first)


def test_unwatched_is_the_same(arrays, first, tmp_path):
    assert weights(train(arrays, tmp_path / "run", watch=False)) == weights(first)


def test_worker_processes_change_nothing(arrays, first, tmp_path):
    settings = dict(QUICK, **{"data.workers": 2})
    run = session.train(arrays, model="cnn", out=tmp_path / "run", settings=settings)
    assert weights(run) == weights(first)


def test_same_images_from_an_npz_file(arrays, first, tmp_path):
    np.savez(tmp_path / "a.npz", **arrays)
    assert weights(train(tmp_path / "a.npz", tmp_path / "run")) == weights(first)


def test_same_images_from_a_folder(arrays, first, tmp_path):
    for part in ("train", "test"):
        for i, (image, label) in enumerate(
            zip(arrays[f"x_{part}"], arrays[f"y_{part}"], strict=True)
        ):
            folder = tmp_path / "pictures" / part / f"class {label}"
            folder.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image[0]).save(folder / f"{i}.png")
    assert weights(train(tmp_path / "pictures", tmp_path / "run")) == weights(first)


def test_same_images_as_the_embedded_ones(tmp_path):
    sample = load("fashion-mnist-sample")
    same = {
        "x_train": sample.train.images, "y_train": sample.train.labels,
        "x_test": sample.test.images, "y_test": sample.test.labels,
    }  # fmt: skip
    runs = [
        session.train(data, recipe="quickstart", epochs=1, out=tmp_path / name)
        for name, data in (("named", "fashion-mnist-sample"), ("arrays", same))
    ]
    assert weights(runs[0]) == weights(runs[1])


def test_a_batch_is_what_totensor_gives():
    """Bit for bit: float32 N,C,H,W in 0 to 1, from the standard DataLoader."""
    part = load("fashion-mnist-sample").train
    plan = plan_epoch(len(part), seed=0, epoch=0)
    loader = training_batches(part, plan, 64)
    assert type(loader) is torch.utils.data.DataLoader
    images, labels = next(iter(loader))
    expected = [ToTensor()(part.images[i].transpose(1, 2, 0)) for i in plan.order[:64].tolist()]
    assert images.dtype == torch.float32
    assert torch.equal(images, torch.stack(expected))
    assert labels.tolist() == part.labels[plan.order[:64].numpy()].tolist()


def test_every_byte_becomes_what_totensor_gives():
    every = np.arange(256, dtype=np.uint8).reshape(1, 1, 16, 16)
    images, _ = next(iter(batches_in_order(Part(every, np.zeros(1, np.int64)))))
    assert torch.equal(images[0], ToTensor()(every[0].transpose(1, 2, 0)))


def test_walking_a_loader_leaves_the_global_generator_alone():
    part = Part(*(small.arrays(64)[k] for k in ("x_train", "y_train")))
    before = torch.get_rng_state()
    for _ in training_batches(part, plan_epoch(64, 0, 0, flip="random"), 8):
        pass
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(("count", "batch_size"), [(64, 8), (65, 8), (66, 8), (5, 8), (1, 8)])
def test_as_many_batches_as_said(count, batch_size):
    part = Part(np.zeros((count, 1, 4, 4), np.uint8), np.zeros(count, np.int64))
    batches = list(training_batches(part, plan_epoch(count, 0, 0), batch_size))
    assert len(batches) == steps_per_epoch(count, batch_size)


def test_epochs_differ_and_alternate_flips_show_both_sides():
    first, second = (plan_epoch(50, 0, e, flip="alternate") for e in (0, 1))
    assert not torch.equal(first.order, second.order)
    assert torch.equal(first.flip, ~second.flip)


def test_seeds_and_epochs_do_not_share_streams():
    orders = {tuple(plan_epoch(30, s, e).order.tolist()) for s in range(20) for e in range(20)}
    assert len(orders) == 400


def test_images_shared_by_training_and_test_are_counted_and_said(arrays, tmp_path):
    shared = dict(arrays, x_test=arrays["x_test"].copy())
    shared["x_test"][:7] = arrays["x_train"][:7]
    run = session.train(shared, model="mlp", out=tmp_path / "run", settings=QUICK)
    assert "7 of the test images are also in the training part" in run.manifest.data.notes


def test_a_run_leaves_the_number_of_threads_as_it_was(arrays, first, tmp_path):
    """Else a later run in this process would be made with it, and have other bits."""
    before = torch.get_num_threads()
    settings = dict(QUICK, epochs=1, threads=1 if before > 1 else 2)
    run = session.train(arrays, model="mlp", out=tmp_path / "run", settings=settings)
    assert run.manifest.settings["threads"].value != before
    assert torch.get_num_threads() == before
