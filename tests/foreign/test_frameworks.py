"""Frameworks, each with its own loop: what is recorded equals what its callbacks counted."""

from __future__ import annotations

import pytest

from tests.foreign.harness import (
    FRAMEWORKS,
    LOOPS,
    check_lines,
    check_losses,
    check_modes,
    check_passes,
    steps_of,
    unwatched,
    watched,
)  # fmt: skip

# Importing and using them warns; what they warn of is theirs, what we warn of would not be.
pytestmark = pytest.mark.filterwarnings("ignore", "error:::goingdeep")

every_framework = pytest.mark.parametrize("name", FRAMEWORKS)


@every_framework
def test_each_step_is_counted_and_has_its_loss(name):
    check_losses(watched(name))


@every_framework
def test_passes_have_their_roles(name):
    check_passes(watched(name))


@every_framework
def test_every_forward_is_seen_in_its_mode(name):
    check_modes(watched(name))


@every_framework
def test_lines_are_those_of_the_user_and_the_framework_is_named_beside(name):
    run = watched(name)
    check_lines(run, LOOPS / f"{name}.py")
    package = {"accelerated": "accelerate", "lightning_fabric": "lightning"}.get(
        name, name.split("_")[0]
    )
    through = {run.seen.site(op.site).via_file for _, ops in steps_of(run.seen) for op in ops}
    assert any(f"/{package}/" in file for file in through)


@every_framework
def test_nothing_is_left_unseen(name):
    # fastai compiles some of its activations with torch.jit.script when it is imported.
    assert {gap.what for gap in watched(name).seen.gaps} <= {"inside torch.jit.script"}


@every_framework
def test_gradients_are_fresh_at_each_step(name):
    states = [
        op.facts["grads"]
        for count, ops in steps_of(watched(name).seen)
        for op in ops
        if op.op == "step" and count
    ]
    assert set(states) == {"fresh"}


@every_framework
def test_weights_losses_and_random_numbers_are_those_of_a_run_unwatched(name):
    one, other = watched(name), unwatched(name)
    assert one.error is None
    assert other.error is None
    assert one.result == other.result
    assert one.streams == other.streams
    assert one.output == other.output
