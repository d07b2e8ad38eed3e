"""A fault in any hook of ours is said once and switches that hook off; the program notices nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
import safetensors.torch  # noqa: F401 - so that its rows are put on from the start

from goingdeep.record.log import EventLog, read_events
from goingdeep.record.reading import Seen
from goingdeep.watch import table
from goingdeep.watch.data import passes
from goingdeep.watch.data.active import ActivePass
from goingdeep.watch.data.passes import Passes
from goingdeep.watch.data.walks import Walks
from goingdeep.watch.lane import Lane
from goingdeep.watch.looks.look import Look
from goingdeep.watch.patches import Row
from goingdeep.watch.reading.sites import Sites
from goingdeep.watch.states import states
from goingdeep.watch.states.states import States
from goingdeep.watch.steps import foreign
from goingdeep.watch.steps.alive import LossesAlive
from goingdeep.watch.steps.by_hand import ByHand
from goingdeep.watch.steps.gradients import Gradients
from goingdeep.watch.steps.held import Held
from goingdeep.watch.steps.losses import LossFunctions
from goingdeep.watch.steps.modules import Models
from goingdeep.watch.steps.optimizers import Optimizers
from goingdeep.watch.watcher import Watcher
from tests.foreign.harness import LOOPS, Outcome, run, unwatched, watch

TABLES = (table, passes, states, foreign)
TEXT = "a fault of ours"

# Rows that only a loader with worker processes reaches, and those of other frameworks, which are
# tested with these.
WITH_WORKERS = {
    "torch.utils.data.dataloader._MultiProcessingDataLoaderIter.__init__",
    "torch.utils.data.dataloader._BaseDataLoaderIter._reset",
}
FRAMEWORK = {
    "fastai.optimizer": "fastai_learner",
    "keras.src.optimizers.base_optimizer": "keras_fit",
}


def sides() -> list[pytest.param]:
    """Each row with each function of ours that it calls."""
    found = []
    for module in TABLES:
        for row in module.ROWS:
            for side in ("before", "after"):
                if getattr(row, side) is not None:
                    marks = [pytest.mark.filterwarnings("ignore")] if row.needs in FRAMEWORK else []
                    found.append(
                        pytest.param(module, row, side, id=f"{row.key}-{side}", marks=marks)
                    )
    return found


def program_for(row: Row) -> str:
    return FRAMEWORK.get(row.needs) or ("workers" if row.key in WITH_WORKERS else "everything")


def unchanged(name: str, one: Outcome) -> None:
    other = unwatched(name)
    assert one.error is None, one.error
    assert {key for key, value in one.result.items() if other.result.get(key) != value} == set()
    assert one.streams == other.streams
    assert one.output == other.output


@pytest.mark.parametrize(("module", "row", "side"), sides())
def test_a_fault_in_a_row_is_said_once_and_changes_nothing(
    module, row, side, monkeypatch, tmp_path
):
    called = []

    def faulty(*args):
        called.append(args)
        raise RuntimeError(TEXT)

    rows = tuple(replace(r, **{side: faulty}) if r is row else r for r in module.ROWS)
    monkeypatch.setattr(module, "ROWS", rows)
    name = program_for(row)
    with EventLog(tmp_path) as log:
        watcher = Watcher(tmp_path, log)
        one = run(LOOPS / f"{name}.py", watcher)
    unchanged(name, one)
    record = Seen(read_events(tmp_path), tmp_path)
    # Calls inside of others were under way already when the first one failed.
    assert len(called) == 1 or row.name in {"train", "state_dict"}
    assert watcher.off == {row.key}
    said = [gap for gap in record.gaps if gap.what == row.key]
    assert [gap.reason for gap in said] == [f"RuntimeError: {TEXT}"]
    assert record.end.error == ""
    # Everything else goes on.
    if row.name not in {"step", "apply"}:
        assert record.steps == one.value("steps")
    if row.name not in {"__next__", "__init__"}:
        assert len(record.passes) == len(one.value("passes"))


def test_a_fault_where_an_error_is_told_of_is_said_too(monkeypatch, tmp_path):
    def faulty(*args):
        raise RuntimeError(TEXT)

    for module in TABLES:
        rows = tuple(replace(row, failed=faulty) if row.failed else row for row in module.ROWS)
        monkeypatch.setattr(module, "ROWS", rows)
    one = watch(LOOPS / "everything.py", tmp_path)
    unchanged("everything", one)
    # The end of a loader's walk is the one error in it.
    (said,) = one.seen.gaps
    assert said.what == "torch.utils.data.dataloader._BaseDataLoaderIter.__next__"
    assert said.reason == f"RuntimeError: {TEXT}"
    assert one.seen.steps == one.value("steps")
    raised = watch(LOOPS / "raises.py", tmp_path / "raises")
    assert str(raised.error) == "a bad seventh batch"


PARTS = (
    ActivePass, ByHand, Gradients, Held, Lane, Look, LossesAlive, LossFunctions, Models, Optimizers,
    Passes, Sites, States, Walks,
)  # fmt: skip


def methods() -> list[pytest.param]:
    """Every public method of what stands behind the rows."""
    return [
        pytest.param(part, name, id=f"{part.__name__}.{name}")
        for part in PARTS
        for name, value in vars(part).items()
        if callable(value) and not name.startswith("_")
    ]


@pytest.mark.parametrize(("part", "name"), methods())
def test_a_fault_deeper_inside_changes_nothing_either(part, name, monkeypatch, tmp_path):
    def faulty(*args, **kwargs):
        called.append(name)
        raise RuntimeError(TEXT)

    called: list[str] = []
    monkeypatch.setattr(part, name, faulty)
    one = watch(LOOPS / "everything.py", tmp_path)
    unchanged("everything", one)
    assert one.seen.end.error == ""
    # Said once by each hook that met it, and each met it once.
    said = [gap for gap in one.seen.gaps if TEXT in gap.reason]
    assert len(said) == len({gap.what for gap in said})
    assert bool(said) == bool(called)


def test_a_fault_in_the_optimizers_hooks_leaves_the_rest(monkeypatch, tmp_path):
    monkeypatch.setattr(Lane, "step_started", _raising)
    one = watch(LOOPS / "plain.py", tmp_path)
    unchanged("plain", one)
    said = [(gap.what, gap.reason) for gap in one.seen.gaps if gap.what != "close look"]
    assert said == [(table.OPTIMIZER_HOOKS, f"RuntimeError: {TEXT}")]
    assert one.seen.end.backwards == 15
    assert [walk.batches for walk in one.seen.passes] == [5, 2] * 3


def test_a_fault_at_a_modules_call_leaves_the_rest(monkeypatch, tmp_path):
    monkeypatch.setattr(Lane, "forward_started", _raising)
    one = watch(LOOPS / "plain.py", tmp_path)
    unchanged("plain", one)
    assert [gap.what for gap in one.seen.gaps] == [table.MODULES]
    assert one.seen.steps == 15


@pytest.mark.parametrize(
    "error", [MemoryError, RecursionError, AssertionError, StopIteration, Warning]
)
def test_any_kind_of_error_is_caught(error, monkeypatch, tmp_path):
    def faulty(*args, **kwargs):
        raise error

    monkeypatch.setattr(Lane, "backward_started", faulty)
    one = watch(LOOPS / "plain.py", tmp_path)
    unchanged("plain", one)
    assert [gap.reason.split(":")[0] for gap in one.seen.gaps] == [error.__name__]


def test_an_error_without_a_text_is_said_too(monkeypatch, tmp_path):
    class SilentError(Exception):
        def __str__(self):
            raise ValueError

    def faulty(*args, **kwargs):
        raise SilentError

    monkeypatch.setattr(Lane, "backward_started", faulty)
    one = watch(LOOPS / "plain.py", tmp_path)
    unchanged("plain", one)
    assert [gap.reason for gap in one.seen.gaps] == ["SilentError: "]


def test_a_fault_while_everything_is_written_does_not_reach_the_program(monkeypatch, tmp_path):
    for part in (Lane, Passes, States):
        monkeypatch.setattr(part, "finish", _raising)
    one = watch(LOOPS / "plain.py", tmp_path)
    unchanged("plain", one)
    assert one.seen.steps == 15
    assert {gap.what for gap in one.seen.gaps} == {"finish"}


def test_a_disk_that_is_full_loses_the_record_and_not_the_training(monkeypatch, tmp_path, capsys):
    write, count = EventLog.write_all, []

    def full(self, lines, step, **settings):
        count.append(lines)
        if len(count) > 20:
            raise OSError(28, "No space left on device")
        write(self, lines, step, **settings)

    monkeypatch.setattr(EventLog, "write_all", full)
    one = watch(LOOPS / "plain.py", tmp_path)
    unchanged("plain", one)
    said = capsys.readouterr().err
    assert said.count("the record is lost, the training goes on") == 1
    assert "No space left on device" in said


def test_without_a_folder_a_program_is_watched_all_the_same():
    watcher = Watcher()
    one = run(LOOPS / "plain.py", watcher)
    unchanged("plain", one)
    assert watcher.recorder.counts.steps == 15
    assert not watcher.off


def _raising(*args, **kwargs):
    raise RuntimeError(TEXT)


def test_an_error_of_the_programs_own_is_never_taken_for_ours(tmp_path):
    # A forward that runs inside backward (checkpointing) and raises there must not be run again.
    program = tmp_path / "program.py"
    program.write_text(
        "import torch\n"
        "from torch import nn\n"
        "from torch.utils.checkpoint import checkpoint\n"
        "calls = []\n"
        "class Net(nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.linear = nn.Linear(2, 1)\n"
        "    def forward(self, x):\n"
        "        calls.append(1)\n"
        "        if len(calls) == 2:\n"
        "            raise ValueError('in the second call')\n"
        "        return self.linear(x).tanh()\n"
        "checkpoint(Net(), torch.ones(1, 2), use_reentrant=False).sum().backward()\n"
    )
    one = watch(program, tmp_path / "run")
    assert type(one.error) is ValueError
    assert one.value("calls") == [1, 1]
    assert not one.seen.gaps


def _frames(error: BaseException) -> list[str]:
    trace, found = error.__traceback__, []
    while trace is not None:
        found.append(trace.tb_frame.f_code.co_filename)
        trace = trace.tb_next
    return found


def test_an_error_of_the_programs_own_comes_through_as_it_is():
    one = run(LOOPS / "raises.py", Watcher())
    assert str(one.error) == "a bad seventh batch"
    assert one.error.__context__ is None
    assert one.error.__cause__ is None
    assert _frames(one.error)[-1] == str(LOOPS / "raises.py")
