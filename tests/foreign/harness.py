"""Runs a program in this process, watched or not, and says what came of it.

The programs in loops/ are written as their users write them, and keep their own truth beside:

    steps       optimizer steps done
    losses      of each step; by optimizer where there are several
    passes      (role, batches) of each walk over a loader, or (role, batches, mean loss)
    trained     mode of the model at each forward that belonged to a training step
    evaluated   mode of the model at each other forward

A comment at the end of a line says which operations are done there: `# forward, loss`.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import io
import random
import re
import sys
import tempfile
import types
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import tests.foreign.early  # noqa: F401 - long before a watcher begins
from goingdeep.record import seen as kinds
from goingdeep.record.log import EventLog, read_events
from goingdeep.record.reading import Seen
from goingdeep.record.scalars import Curve
from goingdeep.record.seen import Op
from goingdeep.watch.watcher import Watcher
from goingdeep.watch.writing.ops import FIELDS

LOOPS = Path(__file__).parent / "loops"
FRAMEWORKS = (
    "accelerated", "fastai_learner", "ignite_engine", "keras_fit", "lightning_fabric", "lightning_trainer",
    "skorch_net", "transformers_trainer",
)  # fmt: skip
PLAIN = sorted({path.stem for path in LOOPS.glob("*.py")} - set(FRAMEWORKS))
MARK = re.compile(r"#\s*([a-z-]+(?:, [a-z-]+)*)\s*$")


@dataclass
class Outcome:
    """What a program did: its globals, its output, how it ended, and the random numbers after it."""

    names: dict[str, Any]
    output: str
    error: BaseException | None
    streams: tuple[Any, ...]
    before: tuple[Any, ...]
    seen: Seen | None = None
    curves: dict[str, list[float]] = field(default_factory=dict)

    def value(self, name: str) -> Any:
        return self.names[name]

    @property
    def result(self) -> dict[str, Any]:
        """Everything the program's variables hold that numbers can tell."""
        found: dict[str, Any] = {}
        for name, value in self.names.items():
            if not name.startswith("_"):
                found.update(_numbers(name, value))
        return found


def _numbers(name: str, value: Any, depth: int = 0) -> dict[str, Any]:
    if isinstance(value, torch.Tensor):
        return {name: _bits(value)}
    if isinstance(value, nn.Module):
        state = nn.Module.state_dict(value)
        grads = {n: p.grad for n, p in value.named_parameters() if p.grad is not None}
        return {
            **{f"{name}.{n}": _bits(t) for n, t in state.items() if isinstance(t, torch.Tensor)},
            **{f"{name}.{n}.grad": _bits(t) for n, t in grads.items()},
        }
    if isinstance(value, torch.optim.Optimizer):
        return _numbers(name, value.state_dict(), depth)
    if isinstance(value, dict) and depth < 4:
        items = [_numbers(f"{name}.{k}", v, depth + 1) for k, v in value.items()]
        return {key: v for item in items for key, v in item.items()}
    if isinstance(value, list | tuple) and depth < 4:
        items = [_numbers(f"{name}.{i}", v, depth + 1) for i, v in enumerate(value)]
        return {key: v for item in items for key, v in item.items()}
    if isinstance(value, int | float | str | bool):
        return {name: repr(value)}
    return {}


def _bits(tensor: torch.Tensor) -> tuple[str, tuple[int, ...], bytes]:
    if tensor.device.type == "meta":
        return str(tensor.dtype), tuple(tensor.shape), b""
    plain = (tensor.to_dense() if tensor.is_sparse else tensor).detach().contiguous().cpu()
    return (
        str(plain.dtype),
        tuple(plain.shape),
        plain.reshape(-1).view(torch.uint8).numpy().tobytes(),
    )


def random_streams() -> tuple[Any, ...]:
    """The states of every generator a program may draw from."""
    kind, keys, *rest = np.random.get_state()  # noqa: NPY002 - the one that programs use
    return (
        torch.get_rng_state().numpy().tobytes(),
        torch.cuda.get_rng_state().numpy().tobytes() if torch.cuda.is_initialized() else b"",
        (kind, keys.tobytes(), *rest),
        random.getstate(),
    )


@contextlib.contextmanager
def as_main(program: Path):
    """A module that stands in for `__main__`, as `python program.py` makes it."""
    module = types.ModuleType("__main__")
    module.__file__ = str(program)
    before, argv = sys.modules["__main__"], sys.argv
    sys.modules["__main__"], sys.argv = module, [str(program)]
    try:
        yield module
    finally:
        sys.modules["__main__"], sys.argv = before, argv


def run(program: Path, watcher: Watcher | None = None) -> Outcome:
    """Run a program to its end, whatever that is."""
    torch.set_num_threads(1)
    random.seed(7)
    np.random.seed(7)  # noqa: NPY002
    torch.manual_seed(7)
    code = compile(program.read_text(encoding="utf-8"), str(program), "exec")
    output, error = io.StringIO(), None
    before = random_streams()
    with as_main(program) as module, contextlib.redirect_stdout(output):
        if watcher is not None:
            watcher.start()
        try:
            exec(code, vars(module))
        except BaseException as raised:  # noqa: BLE001
            error = raised
        finally:
            if watcher is not None:
                watcher.stop(error)
    if program.stem in FRAMEWORKS and program.stem not in _imported:
        _imported.add(program.stem)
        gc.freeze()  # a framework is a million objects that stay; see conftest.py
    return Outcome(dict(vars(module)), output.getvalue(), error, random_streams(), before)


_imported: set[str] = set()
"""Programs under frameworks that have been run here."""


def watch(program: Path, folder: Path, **settings: Any) -> Outcome:
    """Run a program under a watcher, and read what was recorded."""
    folder.mkdir(parents=True, exist_ok=True)
    with EventLog(folder) as log:
        outcome = run(program, Watcher(folder, log, **settings))
    outcome.seen = Seen(read_events(folder), folder)
    for path in sorted((folder / "scalars").glob("*.npy")):
        outcome.curves[path.stem] = Curve.read(path).table()[:, 3].tolist()
    return outcome


@functools.cache
def watched(name: str) -> Outcome:
    """The program of that name in loops/, run once under a watcher in this test session."""
    with tempfile.TemporaryDirectory() as folder:
        return watch(LOOPS / f"{name}.py", Path(folder))


@functools.cache
def unwatched(name: str) -> Outcome:
    """The same program, run once without."""
    return run(LOOPS / f"{name}.py")


# ---------------------------------------------------------------- what the record says


def marks(program: Path) -> set[tuple[str, int]]:
    """(operation, line) of every operation that a comment in the program marks."""
    found: set[tuple[str, int]] = set()
    for number, line in enumerate(program.read_text(encoding="utf-8").splitlines(), 1):
        match = MARK.search(line)
        if match and set(match[1].split(", ")) <= set(FIELDS):
            found |= {(op, number) for op in match[1].split(", ")}
    return found


def steps_of(seen: Seen) -> list[tuple[int, list[Op]]]:
    """(how many steps, what one of them did) of each anatomy, in order of number."""
    count: dict[int, int] = {}
    for stretch in seen.stretches:
        count[stretch.anatomy] = count.get(stretch.anatomy, 0) + stretch.count
    return [
        (count.get(number, 0), [op for block in anatomy.blocks for op in block.ops * block.times])
        for number, anatomy in sorted(seen.anatomies.items())
    ]


def operations(seen: Seen) -> list[Op]:
    """Every operation of every anatomy and of every evaluation, each once."""
    ops = [op for _, ops in steps_of(seen) for op in ops]
    return ops + [op for walk in seen.passes for op in walk.ops]


def lines(seen: Seen, program: Path) -> set[tuple[str, int]]:
    """(operation, line) of all recorded operations; -1 for a line elsewhere or nowhere."""
    found = set()
    for op in operations(seen):
        site = seen.site(op.site)
        here = site is not None and site.file == str(program)
        found.add((op.op, site.line if site is not None and here else -1))
    return found


def walks(seen: Seen) -> list[kinds.Pass]:
    """The passes in the order in which they began."""
    return sorted(seen.passes, key=lambda walk: walk.id)


def facts(seen: Seen, op: str, name: str) -> set[Any]:
    """All values that one fact of one kind of operation had in training steps."""
    return {found.facts.get(name) for _, ops in steps_of(seen) for found in ops if found.op == op}


# ---------------------------------------------------------------- what the program says


def check_losses(run: Outcome) -> None:
    """As many steps as the program did, and the loss of each."""
    seen, losses = run.seen, run.value("losses")
    by_optimizer = losses if isinstance(losses, dict) else {0: losses}
    assert seen.steps == seen.end.steps == run.value("steps")
    assert sum(stretch.count for stretch in seen.stretches) == run.value("steps")
    # Threads may do their first step in either order.
    curves = [run.curves.get(f"loss-{n}" if n else "loss", []) for n in by_optimizer]
    # As text, where NaN equals NaN.
    assert sorted(map(repr, curves)) == sorted(map(repr, by_optimizer.values()))
    assert len(seen.optimizers) == len(by_optimizer)
    assert sorted(sum(seen.counts(n).values()) for n in seen.optimizers) == sorted(
        len(known) for known in by_optimizer.values()
    )


def check_passes(run: Outcome) -> None:
    """The passes in their order: role, batches, and the mean loss where the program knows it."""
    found, truth = walks(run.seen), run.value("passes")
    assert [(walk.role, walk.batches) for walk in found] == [known[:2] for known in truth]
    for walk, known in zip(found, truth, strict=True):
        if len(known) > 2:
            assert walk.loss == pytest.approx(known[2], rel=1e-6)


def check_modes(run: Outcome) -> None:
    """Each forward of each step in its mode; those of evaluations too where loaders feed them."""
    seen, trained, evaluated = run.seen, run.value("trained"), run.value("evaluated")
    if trained is None:  # the program calls no module
        assert seen.end.forwards == 0
        return
    modes: Counter[bool] = Counter()
    for count, ops in steps_of(seen):
        for op in ops:
            if op.op == "forward":
                modes[op.facts["training"]] += count
    assert modes == Counter(trained)
    assert seen.end.forwards == len(trained) + len(evaluated)
    evaluations = [walk for walk in seen.passes if walk.role == "evaluation"]
    if evaluations:
        assert sum(walk.forwards for walk in evaluations) == len(evaluated)
        assert sum(walk.training_mode for walk in evaluations) == sum(evaluated)


def check_lines(run: Outcome, program: Path) -> None:
    """Exactly the operations that comments mark, at exactly these lines."""
    found = lines(run.seen, program)
    if any(optimizer.by_hand for optimizer in run.seen.optimizers.values()):
        found.discard(("step", -1))  # nothing is called that would have a line
    assert found == marks(program)
