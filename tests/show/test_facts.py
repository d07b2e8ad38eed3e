"""The same as JSON."""

from __future__ import annotations

import json

import pytest

from goingdeep.show import loop_facts, shown, step_facts
from tests.show.conftest import op, write_look, write_plain
from tests.show.loops import ALL


def as_json(content: str) -> dict:
    """Strictly: JSON has no NaN."""

    def refuse(constant: str) -> None:
        raise ValueError(constant)

    return json.loads(content, parse_constant=refuse)


def test_the_loop_as_json_says_what_the_drawing_says(plain):
    content = as_json(shown(plain, as_json=True))
    (loop,) = content["loops"]
    assert (content["steps"], content["status"], content["seconds"]) == (4690, "finished", 41.25)
    assert (loop["optimizers"], loop["steps"], loop["steps_as_drawn"]) == (["SGD"], 4690, 4690)
    assert [operation["op"] for operation in loop["operations"]] == [
        "batch", "forward", "loss", "backward", "step", "clear",
    ]  # fmt: skip
    assert loop["operations"][-1] == {
        "op": "clear", "words": "gradients set to none", "file": "/srv/me/train.py", "line": 47,
        "source": "optimizer.zero_grad()", "facts": {"by": "optimizer", "number": 0, "to": "none"}, "times": 1,
    }  # fmt: skip
    assert [walk["role"] for walk in content["passes"]] == ["training", "evaluation"] * 5


def test_a_step_as_json(record):
    one = write_plain(record())
    write_look(one, {41 + i: i for i in range(7)})
    content = as_json(shown(one.end(), "938", as_json=True))
    assert content["step"] == 938
    assert content["done_by"][0]["optimizer"] == "SGD"
    assert content["done_by"][0]["loss"]["steps"] == 4
    assert {part["kind"] for part in content["close_look"]} == {
        "look-batch", "look-call", "look-loss", "look-backward", "look-step", "look-clear",
    }  # fmt: skip
    assert content["close_look"][-1]["line"] == 47


@pytest.mark.parametrize("name", ALL)
def test_every_loop_is_json(record, name):
    folder = ALL[name](record(name))
    content = as_json(shown(folder, as_json=True))
    for step in content["looked_at"]:
        assert as_json(shown(folder, step, as_json=True))["step"] == step


def test_an_error_is_told_with_its_place(record):
    content = loop_facts(ALL["raised"](record()))
    assert content["error"] == {
        "class": "ValueError", "message": "Expected input batch_size (64) to match target",
        "file": "/srv/me/train.py", "line": 44, "source": "loss = loss_fn(pred, y)",
    }  # fmt: skip
    assert content["status"] == "finished"  # as run.json has it


def test_a_step_that_was_not_looked_at_has_an_empty_look(plain):
    content = step_facts(plain, 7)
    assert content["close_look"] == content["evaluation"] == content["looked_at"] == []


def test_framework_lines_are_told(record):
    (loop,) = loop_facts(ALL["framework"](record()))["loops"]
    assert loop["operations"][0]["via_line"] == 134


def test_a_loss_that_is_not_finite_is_text(record):
    one = record()
    one.steps(one.anatomy(op("step", optimizer=0)), 1, 2)
    one.curve([1.0, float("nan")])
    folder = one.end()
    assert as_json(shown(folder, as_json=True))["loops"][0]["loss"] == {"first": 1.0, "last": "nan"}
