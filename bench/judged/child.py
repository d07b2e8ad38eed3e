"""A parent that has imported torch and forks a child for each program and tool.

    python -m bench.judged.child

Reads a JSON object {"tool", "script", "folder"} a line and answers with {"tool", "script", "said",
"seconds", "cpu", "error"} when it has ended: what the tool said of the program, as [code, severity,
message], and how long the program took under it.
"""

from __future__ import annotations

import contextlib
import json
import os
import runpy
import signal
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
import torch._dynamo
from tests.rules.watched import import_frameworks
from tests.rules.watched import run as run_watched
from torch import nn
from torch.optim.optimizer import register_optimizer_step_pre_hook

from goingdeep.check import check_run

LIMIT = 120
"""Seconds of one program."""

Said = list[tuple[str, str, str]]


def plain(script: Path, folder: Path) -> Said:  # noqa: ARG001 - as the others
    """The program as it is."""
    runpy.run_path(str(script), run_name="__main__")
    return []


def ours(script: Path, folder: Path) -> Said:
    """As `gd check` does: watched, judged while it runs, and at its end."""
    run_watched(script, folder)
    report = check_run(folder)
    return [(f.rule, f.severity, f"line {f.line}: {f.message}") for f in report.findings]


def torch_audit(script: Path, folder: Path) -> Said:  # noqa: ARG001
    """Its `autopatch` on each model that runs by itself, with the optimizer that there is then."""
    from torch_audit import autopatch

    auditors: dict[int, Any] = {}

    def attach(model: nn.Module, args: Any) -> None:  # noqa: ARG001
        if id(model) not in auditors and any(p.requires_grad for p in model.parameters()):
            auditors[id(model)] = None  # its own one-shot checks may call modules
            auditors[id(model)] = autopatch(
                model, optimizer=OPTIMIZERS[-1] if OPTIMIZERS else None, every_n_steps=1,
                reporters=[], suppress_internal_errors=True,
            )  # fmt: skip

    with _each_root(attach):
        runpy.run_path(str(script), run_name="__main__")
    said = []
    for auditor in filter(None, auditors.values()):
        said += [
            (finding.rule_id, str(finding.severity.value).lower(), finding.message)
            for finding in auditor.finish(report=False).findings
        ]
    return said


def torchtest2(script: Path, folder: Path) -> Said:  # noqa: ARG001
    """Its `check_model` before the first step, on the batch and the loss of that step."""
    from torchtest2 import check_model

    called: list[tuple[nn.Module, Any]] = []
    losses: list[tuple[Callable[..., Any], Any, Any]] = []
    said: Said = []
    asked: set[int] = set()
    busy = []

    def remember(model: nn.Module, args: Any) -> None:
        if not busy and any(p.requires_grad for p in model.parameters()):
            called.append((model, args))
            del called[:-4]

    def ask(optimizer: Any, *_: Any) -> None:
        if busy or not called:
            return
        busy.append(True)
        try:
            for model, args in called:
                if id(model) in asked:
                    continue
                asked.add(id(model))
                loss, target = _loss_of(losses)
                report = check_model(model, args, target, loss_fn=loss, optimizer=optimizer)
                said.extend(
                    (r.name, r.status.value.lower(), r.message)
                    for r in report.results
                    if r.status.value in ("FAIL", "WARN")
                )
        finally:
            busy.clear()

    hook = register_optimizer_step_pre_hook(ask)
    with _each_root(remember), _losses(losses, busy):
        try:
            runpy.run_path(str(script), run_name="__main__")
        finally:
            hook.remove()
    return said


def _loss_of(losses: list[Any]) -> tuple[Callable[..., Any] | None, Any]:
    if not losses:
        return None, None
    function, target, settings = losses[-1]
    return lambda output, target: function(output, target, **settings), target


TOOLS = {"plain": plain, "ours": ours, "torch_audit": torch_audit, "torchtest2": torchtest2}

OPTIMIZERS: list[Any] = []
LOSSES = (
    "cross_entropy", "nll_loss", "mse_loss", "l1_loss", "smooth_l1_loss", "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
)  # fmt: skip


@contextlib.contextmanager
def _each_root(told: Callable[[nn.Module, Any], None]) -> Iterator[None]:
    """Tell of each module that is called from outside any other one, with gradients on."""
    depth = [0]

    def before(module: nn.Module, args: Any) -> None:
        depth[0] += 1
        if depth[0] == 1 and torch.is_grad_enabled():
            told(module, args)

    def after(module: nn.Module, args: Any, output: Any) -> None:  # noqa: ARG001
        depth[0] -= 1

    made = torch.optim.Optimizer.__init__

    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        made(self, *args, **kwargs)
        OPTIMIZERS.append(self)

    torch.optim.Optimizer.__init__ = init
    hooks = [
        nn.modules.module.register_module_forward_pre_hook(before),
        nn.modules.module.register_module_forward_hook(after, always_call=True),
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
        torch.optim.Optimizer.__init__ = made


@contextlib.contextmanager
def _losses(called: list[Any], busy: list[bool]) -> Iterator[None]:
    """Remember the last loss function that was called on something with a graph."""
    originals = {name: getattr(nn.functional, name) for name in LOSSES}

    def remembering(original: Callable[..., Any]) -> Callable[..., Any]:
        def loss(input: Any, target: Any, *args: Any, **settings: Any) -> Any:  # noqa: A002
            if not busy and not args and input.requires_grad:
                called[:] = [(original, target, settings)]
            return original(input, target, *args, **settings)

        return loss

    for name, original in originals.items():
        setattr(nn.functional, name, remembering(original))
    try:
        yield
    finally:
        for name, original in originals.items():
            setattr(nn.functional, name, original)


# Children ---------------------------------------------------------------------------------------


def child(asked: dict[str, str], answer: int) -> None:
    """Run one job and write its answer. Never returns."""
    folder, script = Path(asked["folder"]), Path(asked["script"])
    folder.mkdir(parents=True, exist_ok=True)
    os.chdir(folder)
    out = os.open(folder / "output.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(out, 1)
    os.dup2(out, 2)
    signal.alarm(LIMIT)
    warnings.simplefilter("ignore")
    sys.argv = [str(script)]
    said: Said = []
    error = ""
    seconds, cpu = time.perf_counter(), time.process_time()
    try:
        said = TOOLS[asked["tool"]](script, folder)
    except BaseException as raised:  # noqa: BLE001 - it is the answer
        traceback.print_exc()
        error = f"{type(raised).__name__}: {raised}"[:300]
    took = {"seconds": time.perf_counter() - seconds, "cpu": time.process_time() - cpu}
    line = json.dumps(
        {"tool": asked["tool"], "script": str(script), "said": said, "error": error} | took
    )
    os.write(answer, line.encode() + b"\n")
    os._exit(0)


def main() -> None:
    """Serve jobs, one at a time: they are timed."""
    torch.set_num_threads(1)
    os.environ["KERAS_BACKEND"] = "torch"
    answers = os.dup(1)
    for line in sys.stdin:
        asked = json.loads(line)
        import_frameworks(Path(asked["script"]))
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(reading)
            child(asked, writing)
        os.close(writing)
        with os.fdopen(reading) as pipe:
            said = pipe.read()
        _, status = os.waitpid(pid, 0)
        if not said:
            why = f"it ended with {os.waitstatus_to_exitcode(status)}"
            said = (
                json.dumps({k: asked[k] for k in ("tool", "script")} | {"said": [], "error": why})
                + "\n"
            )
        os.write(answers, said.encode())


if __name__ == "__main__":
    main()
