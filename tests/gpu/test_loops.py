"""Loops on the GPU: what is recorded equals what each program knows of itself, and changes no bit.

The programs of tests/foreign, with all they make on the GPU, and those in programs/, which do what
only a GPU makes people do.
"""

from __future__ import annotations

import contextlib
import functools
import tempfile
from pathlib import Path

import pytest

from tests.foreign import harness
from tests.foreign.harness import (
    LOOPS,
    PLAIN,
    Outcome,
    check_lines,
    check_losses,
    check_modes,
    check_passes,
)
from tests.foreign.test_loops import GAPS
from tests.gpu.moved import text, to_the_gpu

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*torch.jit"),
    pytest.mark.filterwarnings("ignore:.*fork"),
    pytest.mark.filterwarnings("ignore:.*non-blocking"),
]  # fmt: skip

# Each forks, or talks to other processes, which CUDA allows before its first use only; or counts on
# the CPU's own memory.
ELSEWHERE = {"children", "distributed", "spawned", "workers", "strange"}
MOVED = [name for name in PLAIN if name not in ELSEWHERE]
OWN = sorted(path.stem for path in (Path(__file__).parent / "programs").glob("*.py"))
OWN_GAPS = {
    "graphed": {"inside a capture of a CUDA graph"},
    "reduced": {"inside torch.compile"},
}


@functools.cache
def place() -> Path:
    return Path(tempfile.mkdtemp())


def program(name: str) -> Path:
    """The program; one of tests/foreign as a copy that says "cuda" where it said "cpu"."""
    if name in OWN:
        return Path(__file__).parent / "programs" / f"{name}.py"
    copy = place() / f"{name}.py"
    copy.write_text(text((LOOPS / f"{name}.py").read_text("utf-8")), "utf-8")
    return copy


def around(name: str) -> contextlib.AbstractContextManager[None]:
    return contextlib.nullcontext() if name in OWN else to_the_gpu()


@functools.cache
def unwatched(name: str) -> Outcome:
    with around(name):
        return harness.run(program(name))


@functools.cache
def watched(name: str) -> Outcome:
    bare = unwatched(name)
    if isinstance(bare.error, RuntimeError | TypeError):
        pytest.skip(f"it cannot run on a GPU: {bare.error}")
    with around(name):
        return harness.watch(program(name), place() / f"run-{name}")


every_loop = pytest.mark.parametrize("name", [*OWN, *MOVED])


@every_loop
def test_a_watched_run_gives_the_same_bits(name):
    one, other = watched(name), unwatched(name)
    assert {key for key, value in one.result.items() if other.result[key] != value} == set()
    assert one.streams == other.streams
    assert one.output == other.output
    assert type(one.error) is type(other.error)


@every_loop
def test_each_step_is_counted_and_has_its_loss(name):
    check_losses(watched(name))


@every_loop
def test_passes_have_their_roles_and_their_mean_losses(name):
    check_passes(watched(name))


@every_loop
def test_every_forward_is_seen_in_its_mode(name):
    check_modes(watched(name))


@every_loop
def test_every_operation_has_its_line(name):
    check_lines(watched(name), program(name))


@every_loop
def test_what_cannot_be_seen_is_said_and_nothing_else(name):
    gaps = watched(name).seen.gaps
    found = {gap.what for gap in gaps}
    if name == "reduced":
        found.discard("inside a mode of fake tensors")  # while it compiles, which is cached
    assert found == {**GAPS, **OWN_GAPS}.get(name, set()), gaps


def test_the_programs_did_run_on_the_gpu():
    ran = [
        name for name in MOVED if not isinstance(unwatched(name).error, RuntimeError | TypeError)
    ]
    assert len(ran) >= 20, ran
    model = watched("plain").names["model"]
    assert next(model.parameters()).is_cuda
    assert len(watched("half").names["skipped"]) >= 1


def test_gradients_are_told_apart():
    """As on the CPU, where their values are read on every step."""
    run = watched("clearing")
    by_step = {}
    for stretch in run.seen.stretches:
        ops = [op for block in run.seen.anatomies[stretch.anatomy].blocks for op in block.ops]
        for step in range(stretch.first, stretch.last + 1):
            by_step[step] = next(op.facts["grads"] for op in ops if op.op == "backward")
    assert [by_step[step] for step in sorted(by_step)] == run.value("found")


def test_a_close_look_says_what_one_on_the_cpu_says(tmp_path):
    import msgspec

    source = (Path(__file__).parent / "programs" / "quickstart.py").read_text()
    source = source.replace("nn.Dropout(0.1)", "nn.Identity()")  # another generator draws there
    found = []
    for number, device in enumerate(("cpu", "cuda")):
        script = tmp_path / str(number) / "program.py"
        script.parent.mkdir()
        script.write_text(
            source.replace("torch.accelerator.current_accelerator().type", repr(device))
        )
        run = harness.watch(script, tmp_path / str(number) / "run")
        assert run.error is None
        assert run.seen.gaps == []
        found.append(
            [
                msgspec.to_builtins(part) | {"kind": type(part).__name__}
                for step in (1, 2, 8)
                for part in run.seen.looks[step].training
            ]
        )
    one_look, other_look = found
    assert len(one_look) > 20
    assert len(one_look) == len(other_look)
    for one, other in zip(one_look, other_look, strict=True):
        same(one, other, one["kind"])


# Pictures and pieces of arrays are named by their content; a histogram's edges move a little.
BY_CONTENT = {"time", "device", "checksum", "maps", "picture", "losses", "before", "after", "gradient", "histogram",
              "sentence", "state_before", "state_after"}  # fmt: skip


def same(one, other, where: str) -> None:
    if isinstance(one, dict):
        assert one.keys() == other.keys(), where
        for key in one.keys() - BY_CONTENT:
            same(one[key], other[key], f"{where}.{key}")
    elif isinstance(one, list | tuple):
        assert len(one) == len(other), where
        for i, (part, counterpart) in enumerate(zip(one, other, strict=True)):
            same(part, counterpart, f"{where}.{i}")
    elif isinstance(one, float):
        assert other == pytest.approx(one, rel=2e-3, abs=2e-5), where
    else:
        assert one == other, where
