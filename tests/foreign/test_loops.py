"""Loops as people write them: what is recorded equals what each program knows of itself."""

from __future__ import annotations

import pytest

from tests.foreign.harness import (
    LOOPS,
    PLAIN,
    check_lines,
    check_losses,
    check_modes,
    check_passes,
    watched,
)

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*torch.jit:FutureWarning"),
    pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning"),
]

# What cannot be observed, and is said; every other program is seen without a gap.
GAPS = {
    "compiled": {"inside torch.compile"},
    "compiled_fullgraph": {"inside torch.compile"},
    "scripted": {"inside torch.jit.script"},
    "traced": {"inside torch.jit.trace", "inside torch.fx", "inside a mode of fake tensors"},
    "transforms": {"inside torch.func"},
}
# How a program ends that does not just end.
ERRORS = {"exits": "SystemExit", "raises": "ValueError"}

every_loop = pytest.mark.parametrize("name", PLAIN)


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
def test_every_operation_has_the_line_that_the_program_says(name):
    check_lines(watched(name), LOOPS / f"{name}.py")


@every_loop
def test_what_cannot_be_seen_is_said_and_nothing_else(name):
    run = watched(name)
    assert {gap.what for gap in run.seen.gaps} == GAPS.get(name, set()), run.seen.gaps


@every_loop
def test_the_end_is_recorded_as_it_was(name):
    run = watched(name)
    raised = type(run.error).__name__ if run.error is not None else ""
    assert raised == ERRORS.get(name, ""), run.error
    assert run.seen.end.error == raised
    if raised == "ValueError":
        assert run.seen.end.message == "a bad seventh batch"
        assert "raise ValueError" in run.seen.site(run.seen.end.site).source
