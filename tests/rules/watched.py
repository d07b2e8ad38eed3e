"""A parent that has imported torch and computed nothing, and forks a child for each script.

    python -m tests.rules.watched [how many at once]

Reads a JSON object {"script", "folder", "strict", "live", "on"} a line, runs the script watched in the
folder, and answers with the folder and the exit code when it has ended. strict: a warning is an error.
live: it is judged every few steps, too. on: "cpu", or "cuda" for a GPU. As many run at once as there
are cores. A framework is imported by the parent, once, when the first script that uses it comes.
"""

from __future__ import annotations

import ast
import contextlib
import gc
import json
import os
import runpy
import socket
import sys
import traceback
import warnings
from pathlib import Path

import torch
import torch._dynamo  # the first step of an optimizer imports it, in seconds

from goingdeep import checked, proving
from goingdeep.check import catalogue
from goingdeep.check import live as check_live
from goingdeep.live import Live
from goingdeep.record import EventLog, Manifest, write_manifest
from goingdeep.watch.moments import replay
from goingdeep.watch.reading.sites import user_root
from goingdeep.watch.steps import accelerators
from goingdeep.watch.watcher import Watcher
from tests.gpu.moved import to_the_gpu

AT_ONCE = min(4, os.cpu_count() or 1)

PRETENDED = ("model_on_cpu_gpu_idle",)
"""Examples whose mistake needs an accelerator, which is said to be there."""

FRAMEWORKS = ("lightning", "fastai", "accelerate", "transformers", "skorch", "ignite", "keras")


def import_frameworks(script: Path) -> bool:
    """Import what a script imports from frameworks: each child would need seconds for it."""
    found = False
    for node in ast.parse(script.read_text("utf-8")).body:
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        if any(name.partition(".")[0] in FRAMEWORKS for name in names):
            found = True
            with warnings.catch_warnings(action="ignore"):
                exec(compile(ast.Module([node], []), str(script), "exec"), {})
    return found


def run(script: Path, folder: Path, *, judged: bool = True, rank: int = 0) -> None:
    """Run a script watched; the record goes into the folder. Raises what the script raises."""
    folder.mkdir(parents=True, exist_ok=True)
    os.chdir(folder)
    if not rank:
        write_manifest(
            folder, Manifest(kind="watch", name=folder.name, command=("gd", "run", str(script)), created="2025")
        )  # fmt: skip
    if script.parent.name in PRETENDED and script.stem != "good":
        accelerators.available = lambda: ("cuda", 1)
    user_root(script.parent)  # the examples lie in our package, and are a user's program here
    sys.argv = [str(script)]
    sys.path.insert(0, str(script.parent))
    with EventLog(folder, rank) as log:
        bad = script.name.startswith("bad")
        watcher = Watcher(folder, log, probes=True, moments=bad, rank=rank)
        live = Live(watcher, folder, None) if judged and not rank else None
        watcher.start()
        error: BaseException | None = None
        try:
            runpy.run_path(str(script), run_name="__main__")
        except BaseException as raised:
            error = raised
            raise
        finally:
            watcher.stop(error)
            if live is not None:
                live.finish()
    if bad and live is not None:
        live.prove()


def run_on_two(script: Path, folder: Path, *, judged: bool) -> int:
    """Run a script as torchrun would, on two processes; returns the other one's exit code."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "WORLD_SIZE": "2"}
    other = os.fork()
    os.environ["RANK"] = os.environ["LOCAL_RANK"] = "0" if other else "1"
    if not other:
        try:
            run(script, folder, judged=judged, rank=1)
        except BaseException:  # noqa: BLE001
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    run(script, folder, judged=judged)
    return os.waitstatus_to_exitcode(os.waitpid(other, 0)[1])


def child(script: Path, folder: Path, *, strict: bool, live: bool, on: str) -> None:
    code = 1
    try:
        folder.mkdir(parents=True, exist_ok=True)
        out = os.open(folder / "output.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(out, 1)
        os.dup2(out, 2)
        sys.stdout = os.fdopen(1, "w", closefd=False)
        sys.stderr = os.fdopen(2, "w", closefd=False)
        # Examples warn of nothing; a program after a real one may.
        warnings.simplefilter("error" if strict else "ignore")
        with to_the_gpu() if on == "cuda" else contextlib.nullcontext():
            if "init_process_group(" in script.read_text():
                code = run_on_two(script, folder, judged=live)
            else:
                run(script, folder, judged=live)
                code = 0
    except BaseException:  # noqa: BLE001 - the parent reads it from the file
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def main() -> None:
    at_once = int(sys.argv[1]) if len(sys.argv) > 1 else AT_ONCE
    torch.set_num_threads(1)
    os.environ["KERAS_BACKEND"] = "torch"
    check_live.EVERY, check_live.FREE, check_live.FREE_NEW = 4, 600.0, 600.0  # judge often
    assert all((catalogue(), checked, proving, replay))  # imported once, not in each child
    running: dict[int, str] = {}

    def wait() -> None:
        pid, status = os.wait()
        folder = running.pop(pid)
        print(json.dumps([folder, os.waitstatus_to_exitcode(status)]), flush=True)

    gc.freeze()  # no child looks through all that
    for line in sys.stdin:
        asked = json.loads(line)
        script = Path(asked["script"])
        if import_frameworks(script):
            gc.freeze()
        while len(running) >= at_once:
            wait()
        pid = os.fork()
        if pid == 0:
            how = {name: asked[name] for name in ("strict", "live", "on")}
            child(script, Path(asked["folder"]), **how)
        running[pid] = asked["folder"]
    while running:
        wait()


if __name__ == "__main__":
    main()
