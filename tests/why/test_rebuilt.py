"""A moment of a run of `gd train` is rebuilt, and its replay gives the losses that were recorded."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.same import small

import goingdeep as gd
from goingdeep import session
from goingdeep.errors import WatchError
from goingdeep.record import read_events
from goingdeep.record.events import Losses
from goingdeep.watch.moments.replay import replay
from goingdeep.why.experiment import Bound
from goingdeep.why.rebuilt import of_run

BOUND = Bound(steps=9, seconds=60)
SETTINGS = {"epochs": 2, "batch_size": 8, "checkpoint_seconds": 1e6}
COUNT = 200
"""50 steps: the moment is at step 5, and 9 steps later the first epoch is not over."""

RUNS = {
    "quickstart": {"recipe": "quickstart"},
    "fast": {"recipe": "fast"},
    "fast mlp": {"recipe": "fast", "model": "mlp"},
    "best": {"recipe": "best"},
    "file": {"model": "net.py:net"},
    "everything": {**small.SETTINGS, "model": "net.py:net", **SETTINGS},
    "adamw": {
        "recipe": "quickstart", "optimizer.name": "adamw", "optimizer.lr": 0.002,
        "optimizer.weight_decay": 0.01, "schedule.name": "cosine", "schedule.warmup": 0.3,
    },
    "bfloat16": {"recipe": "fast", "precision": "bfloat16", "layout": "channels_last"},
    "weights": {"recipe": "fast", "loss.class_weights": "balanced", "augment.cutout": 3},
    "patience": {"recipe": "quickstart", "select.patience": 1, "select.holdout": 0.2},
    "torchvision": {"model": "torchvision:squeezenet1_0", "epochs": 1, "batch_size": 20},
    "one epoch of few": {"recipe": "quickstart", "epochs": 1, "batch_size": 100},
}  # fmt: skip


pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("rebuilt")
    small.write(place)
    np.savez(place / "data.npz", **small.arrays(COUNT, side=24))
    return place


def trained(folder: Path, name: str, **more) -> Path:
    out = folder / name.replace(" ", "-")
    if not out.exists():
        settings = {**SETTINGS, **RUNS.get(name, {}), **more}
        if settings.get("model") == "net.py:net":
            settings["model"] = f"{folder / 'net.py'}:net"
        watch = settings.pop("watch", True)
        gd.train(folder / "data.npz", out=out, settings=settings, watch=watch)
    return out


def recorded(run: Path) -> dict[int, float]:
    """The losses as they stand in the record."""
    found = {}
    for event in read_events(run):
        if isinstance(event, Losses):
            found |= dict(enumerate(event.values, event.first))
    return found


def content(run: Path) -> dict[str, bytes]:
    return {str(p): p.read_bytes() for p in sorted(run.rglob("*")) if p.is_file()}


@pytest.mark.parametrize("name", RUNS)
def test_the_unchanged_replay_gives_the_losses_that_the_run_recorded(folder, name):
    run = trained(folder, name)
    before = content(run)
    torch.manual_seed(3)
    state = torch.get_rng_state()
    experiment = of_run(run, BOUND)
    assert torch.equal(torch.get_rng_state(), state)
    assert content(run) == before
    moment = experiment.moment
    assert experiment.reason == ""
    assert moment is not None
    steps = json.loads((run / "run.json").read_text())["plan"]["steps"]
    assert moment.step == max(1, steps // 10) + 1
    assert len(moment.steps) == min(BOUND.steps, steps - moment.step + 1)
    losses = recorded(run)
    expected = [losses[moment.step + i] for i in range(len(moment.steps))]
    assert replay(moment).losses == expected
    last = moment.step + len(moment.steps) - 1
    assert experiment.agrees == (
        f"Replay equals the run: the losses of steps {moment.step} to {last}, bit for bit."
    )


def test_a_moment_that_goes_over_the_end_of_an_epoch(folder):
    run = trained(folder, "everything")
    experiment = of_run(run, Bound(steps=30, seconds=60))
    assert experiment.moment is not None
    assert len(experiment.moment.steps) == 30
    assert experiment.agrees.startswith("Replay equals the run")


def test_the_losses_that_are_kept_are_those_of_the_curve(folder):
    run = trained(folder, "everything")
    rows = np.load(run / "scalars" / "loss.npy")
    losses = recorded(run)
    assert list(losses) == list(range(1, 51))
    assert list(losses.values()) == rows[:, 3].tolist()


def test_before_its_moment_a_run_is_rebuilt_from_the_seed(folder, tmp_path):
    """Killed early: what is on disk is run.json and the first lines."""
    run = tmp_path / "killed"
    shutil.copytree(trained(folder, "everything"), run)
    shutil.rmtree(run / "checkpoints")
    experiment = of_run(run, BOUND)
    assert experiment.moment is not None
    assert experiment.moment.step == 1
    assert experiment.agrees == ("Replay equals the run: the losses of steps 1 to 9, bit for bit.")


def test_a_run_that_goes_on_is_read_without_being_disturbed(folder, tmp_path):
    found = []

    def told(*_):
        return None

    from goingdeep.train.stop import StopRequest

    steps, check = 0, StopRequest.check

    def at_step_20(self):
        nonlocal steps
        steps += 1
        if steps == 20:
            state = torch.get_rng_state()
            watch_off = list(_on)
            _on.clear()  # the run is another process's in life: it is not watched here
            found.append(of_run(tmp_path / "going", BOUND))
            _on.update(watch_off)
            assert torch.equal(state, torch.get_rng_state())
        check(self)

    from goingdeep.watch.watcher import _on

    whole = trained(folder, "everything")
    settings = {**RUNS["everything"], "model": f"{folder / 'net.py'}:net"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(StopRequest, "check", at_step_20)
        going = gd.train(
            folder / "data.npz", out=tmp_path / "going", settings=settings, watch=False
        )
    (experiment,) = found
    assert experiment.moment.step == 6
    weights = "model/model.safetensors"
    assert (going.path / weights).read_bytes() == (whole / weights).read_bytes()


def test_a_run_that_kept_no_losses_says_so(folder):
    experiment = of_run(trained(folder, "unwatched", watch=False, recipe="quickstart"), BOUND)
    assert experiment.moment is not None
    assert experiment.agrees == "The run kept no losses of these steps to compare with."
    assert not experiment.seen.watched


def test_tests_and_loader_are_those_of_the_run(folder):
    experiment = of_run(trained(folder, "quickstart"), BOUND)
    images = torch.cat([x for x, _ in experiment.tests])
    labels = torch.cat([y for _, y in experiment.tests])
    data = small.arrays(COUNT, side=24)
    assert torch.equal(images, torch.tensor(data["x_test"]).float() / 255)
    assert torch.equal(labels, torch.tensor(data["y_test"]))
    assert experiment.loader is not None
    assert len(experiment.loader) == 25
    assert experiment.loader.dataset[0][0].shape == (1, 24, 24)


# -------------------------------------------------------------------- what is not as it was


def changed(run: Path, tmp_path: Path, change) -> Path:
    copy = tmp_path / "changed"
    shutil.copytree(run, copy)
    manifest = json.loads((copy / "run.json").read_text())
    change(manifest)
    (copy / "run.json").write_text(json.dumps(manifest))
    return copy


def test_images_that_have_changed_are_the_reason(folder, tmp_path):
    data = small.arrays(COUNT, side=24)
    np.savez(tmp_path / "data.npz", **data)
    run = gd.train(tmp_path / "data.npz", out=tmp_path / "run", settings=SETTINGS).path
    data["x_train"][7, 0, 3, 3] ^= 1
    np.savez(tmp_path / "data.npz", **data)
    experiment = of_run(run, BOUND)
    assert experiment.moment is None
    assert experiment.reason == (
        "the images of data.npz are not those the run began with: as many samples of the same shape "
        "and classes, but other pixels or labels"
    )
    assert experiment.seen.watched
    (tmp_path / "data.npz").unlink()
    assert of_run(run, BOUND).reason.startswith(
        "the images of data.npz are not where they were when the run began"
    )


def test_a_run_on_arrays_needs_them_again(tmp_path):
    data = small.arrays(COUNT)
    run = gd.train(data, out=tmp_path / "run", settings=SETTINGS).path
    assert of_run(run, BOUND).reason == (
        f"{run} was trained on arrays, which only your program has"
    )
    assert of_run(run, BOUND, source=data).moment is not None


def test_a_model_whose_file_has_changed(folder, tmp_path):
    """It still loads: only the losses tell."""
    (tmp_path / "net.py").write_text(small.MODEL)
    settings = SETTINGS | {"model": f"{tmp_path / 'net.py'}:net"}
    run = gd.train(folder / "data.npz", out=tmp_path / "run", settings=settings).path
    (tmp_path / "net.py").write_text(small.MODEL.replace("0.3", "0.4"))
    reason = of_run(run, BOUND).reason
    assert reason.startswith("done again, step 6 has the loss ")
    assert reason.endswith(
        "as recorded, although machine and versions are the same (has net.py changed?)"
    )
    (tmp_path / "net.py").write_text(small.MODEL.replace("8", "9"))
    assert "belongs to another model" in of_run(run, BOUND).reason
    (tmp_path / "net.py").unlink()
    assert "net.py" in of_run(run, BOUND).reason


def slightly_other(run: Path, factor: float) -> None:
    """As another machine would have recorded it."""
    lines = [json.loads(line) for line in (run / "events.jsonl").read_text().splitlines()]
    for line in lines:
        if line["kind"] == "losses":
            line["values"] = [value * factor for value in line["values"]]
    (run / "events.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


def test_another_version_is_named_where_the_last_bits_differ(folder, tmp_path):
    run = changed(
        trained(folder, "quickstart"), tmp_path, lambda m: m["versions"].update(torch="2.0.1")
    )
    assert of_run(run, BOUND).agrees.startswith("Replay equals the run")
    slightly_other(run, 1 + 1e-6)
    experiment = of_run(run, BOUND)
    assert experiment.moment is not None
    assert experiment.agrees.startswith("The run's losses of steps 6 to 14 are met to within ")
    assert f"it ran with torch 2.0.1, and here is {torch.__version__.split('+')[0]}" in (
        experiment.agrees
    )
    slightly_other(run, 1.1)
    assert of_run(run, BOUND).reason.startswith("done again, step 6 has the loss")


def test_a_run_from_a_gpu_is_read_without_one(folder, tmp_path):
    def on_a_gpu(manifest):
        manifest["settings"]["device"] = {"value": "cuda:0", "origin": "default"}

    run = changed(trained(folder, "bfloat16"), tmp_path, on_a_gpu)
    for state in (run / "checkpoints").glob("*/state.json"):
        state.write_text(state.read_text().replace('"device":"cpu"', '"device":"cuda:0"'))
    (run / "settings.toml").write_text(
        (run / "settings.toml").read_text().replace('device = "cpu"', 'device = "cuda:0"')
    )
    slightly_other(run, 1 + 1e-4)
    experiment = of_run(run, BOUND)
    if torch.cuda.is_available():
        pytest.skip("there is a GPU here")
    assert experiment.moment is not None, experiment.reason
    assert experiment.agrees.endswith("it ran on cuda:0, and is done again here on the CPU.")


def test_where_dropout_draws_on_a_gpu_the_losses_are_met_roughly(folder, tmp_path):
    if torch.cuda.is_available():
        pytest.skip("there is a GPU here")

    def on_a_gpu(manifest):
        manifest["settings"]["device"] = {"value": "cuda", "origin": "default"}

    run = changed(trained(folder, "everything"), tmp_path, on_a_gpu)
    for name in (
        "settings.toml",
        *(f"checkpoints/{p.name}/state.json" for p in (run / "checkpoints").glob("step*")),
    ):
        text = (run / name).read_text()
        text = text.replace('device = "cpu"', 'device = "cuda"').replace(
            '"device":"cpu"', '"device":"cuda"'
        )
        (run / name).write_text(text)
    slightly_other(run, 1.1)
    assert of_run(run, BOUND).agrees.endswith(
        "it ran on cuda, and is done again here on the CPU, where Dropout draws other numbers."
    )
    slightly_other(run, 2)
    assert "done again, step 6 has the loss" in of_run(run, BOUND).reason


def test_a_damaged_moment_is_the_reason(folder, tmp_path):
    run = changed(trained(folder, "quickstart"), tmp_path, lambda _: None)
    weights = run / "checkpoints" / "step-00000005" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-8])
    assert of_run(run, BOUND).reason.startswith("checkpoint step-00000005 is damaged")


def test_a_moment_is_bounded_in_bytes_and_seconds(folder):
    run = trained(folder, "quickstart")
    whole = of_run(run, BOUND).moment
    bound = Bound(steps=9, seconds=60, bytes=whole.size * 2 - 3 * 8 * 24 * 24 * 4)
    less = of_run(run, bound).moment
    assert less is not None
    assert 1 <= len(less.steps) < 9
    assert less.size <= bound.bytes // 2
    assert "more than" in of_run(run, Bound(bytes=1 << 10)).reason
    assert len(of_run(run, Bound(seconds=0)).moment.steps) == 1


def test_inside_a_watch_it_is_refused(folder, tmp_path):
    run = trained(folder, "quickstart")
    with gd.watch(tmp_path / "watch"), pytest.raises(WatchError, match="cannot be replayed while"):
        of_run(run, BOUND)


def test_a_run_of_another_loop_is_refused(tmp_path):
    with gd.watch(tmp_path / "watch"):
        pass
    with pytest.raises(session.RunFormatError, match="was recorded from a loop of your own"):
        of_run(tmp_path / "watch", BOUND)
