"""After the end every attribute is what it was before: the same object, in the same place."""

from __future__ import annotations

import sys
import threading
from inspect import ismodule
from pathlib import Path

import pytest
import safetensors.torch  # noqa: F401 - so that its rows are put on from the start
import torch
import torch._dynamo  # puts its own function in the place of torch.manual_seed

from goingdeep.errors import WatchError
from goingdeep.watch import table
from goingdeep.watch.data import passes
from goingdeep.watch.patches import Patches, Row
from goingdeep.watch.states import states
from goingdeep.watch.steps import foreign
from goingdeep.watch.watcher import Watcher, is_watched
from tests.foreign.harness import LOOPS, run, watch

ROWS = (*table.ROWS, *passes.ROWS, *states.ROWS, *foreign.ROWS)
GLOBALS = tuple(sys.modules[name] for name in ("torch.nn.modules.module", "torch.optim.optimizer"))
"""Modules whose global dictionaries hold the official hooks."""


def reached() -> list[tuple[Row, object]]:
    """Each row that would be put on now, with the class or module that it reaches into."""
    here = [row for row in ROWS if not row.needs or row.needs in sys.modules]
    return [(row, owner) for row in here if (owner := row.owner()) is not None]


def owners() -> list[object]:
    """Every class and module that a row reaches into, and those that hold global hooks."""
    found = {id(owner): owner for _, owner in reached()}
    found.update({id(owner): owner for owner in GLOBALS})
    return list(found.values())


def name_of(owner: object) -> str:
    """The full name: several frameworks have a class called Optimizer."""
    return owner.__name__ if ismodule(owner) else f"{owner.__module__}.{owner.__qualname__}"


def snapshot() -> dict[tuple[str, str], object]:
    """Every attribute of each of them, and the content of their hook dictionaries."""
    found: dict[tuple[str, str], object] = {}
    for owner in owners():
        name = name_of(owner)
        for key, value in list(vars(owner).items()):
            found[name, key] = value
            if key.startswith("_global_") and isinstance(value, dict):
                found[name, f"{key} content"] = tuple(value.items())
    return found


def changed(before: dict[tuple[str, str], object]) -> list[tuple[str, str]]:
    after = snapshot()
    gone = [key for key in before if key not in after]
    other = [
        key
        for key, value in before.items()
        if key in after
        and after[key] is not value
        and not (key[1].endswith(" content") and after[key] == value)
    ]
    ours = [key for key, value in after.items() if key not in before and is_ours(value)]
    return gone + other + ours


def is_ours(value: object) -> bool:
    code = getattr(getattr(value, "__func__", value), "__code__", None)
    return code is not None and "goingdeep" in code.co_filename


def program(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "program.py"
    path.write_text(text)
    return path


TRAIN = """
import torch
from torch import nn
model = nn.Linear(2, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(3):
    optimizer.zero_grad()
    model(torch.ones(1, 2)).sum().backward()
    {here}
    optimizer.step()
"""


def test_the_comparison_sees_every_row_while_the_watcher_is_on():
    before = snapshot()
    watcher = Watcher()
    watcher.start()
    try:
        found = set(changed(before))
    finally:
        watcher.stop()
    expected = {(name_of(owner), row.name) for row, owner in reached()}
    assert expected <= found
    hooks = {key for key in found if key[1].endswith(" content")}
    assert {key[1] for key in hooks} == {
        "_global_optimizer_pre_hooks content", "_global_optimizer_post_hooks content",
    }  # fmt: skip
    assert found - hooks == expected
    assert changed(before) == []


@pytest.mark.parametrize("name", ["everything", "own_hooks", "plain", "workers"])
def test_after_a_program_nothing_of_ours_is_left(name, tmp_path):
    before = snapshot()
    assert watch(LOOPS / f"{name}.py", tmp_path).error is None
    assert changed(before) == []
    assert not is_watched()


@pytest.mark.parametrize(
    ("here", "error"),
    [
        ("raise ValueError('x')", ValueError),
        ("raise KeyboardInterrupt", KeyboardInterrupt),
        ("import sys; sys.exit(2)", SystemExit),
        ("raise GeneratorExit", GeneratorExit),
        ("torch.ones(2).backward()", RuntimeError),
    ],
)
def test_after_an_error_nothing_of_ours_is_left(here, error, tmp_path):
    before = snapshot()
    one = watch(program(tmp_path, TRAIN.format(here=here)), tmp_path / "run")
    assert type(one.error) is error
    assert one.seen.end.error == error.__name__
    assert changed(before) == []


@pytest.mark.filterwarnings("ignore:.*torch.jit:FutureWarning")
@pytest.mark.parametrize("where", ["forward", "backward", "step", "script"])
def test_after_an_interrupt_inside_of_an_operation_nothing_of_ours_is_left(where, tmp_path):
    text = TRAIN.format(here="pass")
    if where == "forward":
        text = text.replace("model(torch", "model.register_forward_hook(stop)\n    model(torch")
    elif where == "backward":
        text = text.replace("for step", "model.weight.register_hook(stop)\nfor step")
    elif where == "step":
        text = text.replace("for step", "optimizer.register_step_pre_hook(stop)\nfor step")
    else:
        text = text.replace("for step", "torch.jit.script(stop())\nfor step")
    text = "def stop(*args):\n    raise KeyboardInterrupt\n" + text
    before = snapshot()
    one = watch(program(tmp_path, text), tmp_path / "run")
    assert type(one.error) is KeyboardInterrupt
    assert changed(before) == []
    # The next one begins as if nothing had happened.
    again = watch(LOOPS / "by_hand.py", tmp_path / "again")
    assert again.error is None
    assert again.seen.steps == again.value("steps")


def test_a_wrapper_that_the_program_put_around_ours_stays(tmp_path):
    text = TRAIN.format(here="pass") + (
        "counted = []\n"
        "inner = torch.optim.Optimizer.zero_grad\n"
        "def zero_grad(self, set_to_none=True):\n"
        "    counted.append(1)\n"
        "    return inner(self, set_to_none)\n"
        "torch.optim.Optimizer.zero_grad = zero_grad\n"
    )
    original = torch.optim.Optimizer.zero_grad
    try:
        one = watch(program(tmp_path, text), tmp_path / "run")
        assert torch.optim.Optimizer.zero_grad is one.value("zero_grad")
        one.value("optimizer").zero_grad()
        assert one.value("counted") == [1]
        assert one.value("model").weight.grad is None
    finally:
        torch.optim.Optimizer.zero_grad = original


def test_two_watchers_at_once_are_refused_and_the_first_goes_on():
    before = snapshot()
    first = Watcher()
    first.start()
    try:
        with pytest.raises(WatchError, match="watched already"):
            Watcher().start()
        assert is_watched()
    finally:
        first.stop()
        first.stop()
    assert changed(before) == []


def test_a_start_that_fails_half_way_leaves_nothing(monkeypatch):
    before = snapshot()
    put, count = Patches.put, []

    def failing(self, row):
        count.append(row)
        if len(count) == 30:
            raise MemoryError
        put(self, row)

    monkeypatch.setattr(Patches, "put", failing)
    with pytest.raises(MemoryError):
        Watcher().start()
    assert changed(before) == []
    assert not is_watched()


def test_a_program_can_be_watched_again_and_again(tmp_path):
    before = snapshot()
    runs = [watch(LOOPS / "no_loader.py", tmp_path / str(n)) for n in range(3)]
    assert [one.seen.steps for one in runs] == [8, 8, 8]
    assert runs[0].result == runs[2].result == run(LOOPS / "no_loader.py").result
    assert changed(before) == []
    assert threading.active_count() == 1 or all(t.daemon for t in threading.enumerate()[1:])
