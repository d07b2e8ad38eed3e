"""Other tools that look into a training, each on the script that `gd run` is measured with.

Every tool runs in a process of its own for some epochs of few steps: what a tool of a hundred times
the price costs is clear after ten. See README.md.
"""

import importlib.util
import shlex
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import measure
import turns
from measure import Child, number

WATCHED = measure.HERE / "watched"
EPOCHS = 3
STEPS, TRACED_STEPS, REFERENCE_STEPS = 200, 40, 10
"""Steps in an epoch: of most tools, of traincheck, of the run from which traincheck learns."""

ABSENT = "not installed"


@dataclass(frozen=True)
class Tool:
    """One way to look into a training. module: what must be installed."""

    name: str
    looks: str
    module: str
    options: tuple[str, ...] = ()


TOOLS = (
    Tool("ours", "every step, some closely", "goingdeep"),
    Tool("histograms", "parameters and gradients, every step", "torch"),
    Tool("torch_audit", "every step", "torch_audit"),
    Tool("torch_audit_1000", "each 1000th step, its default", "torch_audit", ("--every", "1000")),
    Tool("torchlens", "the forward of one step", "torchlens", ("--every", "10")),
    Tool("traincheck_full", "all calls, every step", "traincheck"),
    Tool("traincheck", "selective, each 10th step, its default", "traincheck"),
    Tool(
        "traincheck_every",
        "selective, every step",
        "traincheck",
        ("--sampling-interval", "1", "--warm-up-steps", "1"),
    ),
)


@dataclass(frozen=True)
class Cost:
    """What one tool cost. step, bare: seconds a step with it and without; left: bytes on disk."""

    name: str
    step: float = 0.0
    bare: float = 0.0
    left: float | None = None
    error: str | None = None

    @property
    def ratio(self) -> float:
        return self.step / self.bare


class FailedError(Exception):
    """A child did not do what it should."""


def size(path: Path) -> int:
    """Give the bytes of a file, or of all files below a folder."""
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())


def done(child: Child) -> Child:
    if child.code != 0:
        raise FailedError(f"exit code {child.code}: {child.why}")
    return child


class Bench:
    """Runs the tools one after the other in a folder of their own.

    Args:
        data: torchvision's root. quick: as few steps as show that everything works.
    """

    def __init__(self, data: Path, folder: Path, *, quick: bool) -> None:
        self.data, self.folder, self.quick = data, folder, quick
        self.infer_seconds: float | None = None
        self.steps = 20 if quick else STEPS
        self.bare = 0.0

    def seconds(self, script: str, steps: int, *options: str) -> tuple[float, float, float]:
        """Run a script of watched/; returns seconds of a step, of a looked-at one, bytes left."""
        found, left = self._run([sys.executable], script, steps, options)
        step = measure.median(found["epoch_seconds"]) / steps
        return step, measure.median(found.get("looked_seconds", [])), left

    def _run(
        self, start: list[str], script: str, steps: int, options: tuple[str, ...]
    ) -> tuple[dict, float]:
        with tempfile.TemporaryDirectory(dir=self.folder) as place:
            command = [*start, str(WATCHED / script), *self._arguments(steps), *options]
            found = measure.last_json(done(measure.run_child(command, Path(place))).out)
            if len(start) > 1 and (wrong := turns.fault(Path(place), found["steps"])):
                raise FailedError(wrong)
            return found, size(Path(place)) / (EPOCHS * steps)

    def _arguments(self, steps: int, epochs: int = EPOCHS) -> list[str]:
        return [str(self.data), "--epochs", str(epochs), "--steps", str(steps)]

    def cost(self, tool: Tool) -> Cost:
        """Run one tool; just before the first of them the same script without any."""
        if importlib.util.find_spec(tool.module) is None:
            return Cost(tool.name, error=ABSENT)
        steps = self.steps
        try:
            self.bare = bare = self.bare or self.seconds("plain.py", steps)[0]
            if tool.module == "traincheck":
                return Cost(tool.name, bare=bare, **self._traincheck(tool))
            if tool.name == "ours":
                gd = [measure.gd_command() or "gd", "run"]
                found, left = self._run(gd, "plain.py", steps, ())
                step = measure.median(found["epoch_seconds"]) / steps
                return Cost(tool.name, step, bare, left)
            name = tool.module if tool.module != "torch" else tool.name
            options = ("--tool", name, *tool.options)
            step, looked, left = self.seconds("observed.py", steps, *options)
            if tool.name == "torchlens":
                return Cost(tool.name, looked, bare)
            return Cost(tool.name, step, bare, left or None)
        except (FailedError, OSError, ValueError, KeyError) as error:
            return Cost(tool.name, error=str(error) or repr(error))

    # traincheck: a reference run, what always held in it, then a run that traces only that -------

    def _traincheck(self, tool: Tool) -> dict[str, float]:
        learnt = self.folder / "invariants.json"
        if tool.name == "traincheck_full":
            found = self._collect("reference", REFERENCE_STEPS, 2, ())
            infer = done(self._call("traincheck-infer", "-f", "reference", "-o", str(learnt)))
            self.infer_seconds = infer.wall
            return found
        if not learnt.exists():
            raise FailedError("it learns from traincheck_full, which did not run")
        steps = REFERENCE_STEPS if self.quick else TRACED_STEPS
        return self._collect(tool.name, steps, EPOCHS, ("-i", str(learnt), *tool.options))

    def _collect(
        self, name: str, steps: int, epochs: int, options: tuple[str, ...]
    ) -> dict[str, float]:
        # It writes its version of the script beside the script, so that gets a folder of its own.
        place = self.folder / f"{name}-script"
        place.mkdir()
        for file in ("plain.py", "subject.py"):
            shutil.copy(WATCHED / file, place)
        shutil.copy(WATCHED / "mend.py", place / "sitecustomize.py")
        script = place / "plain.py"
        words = [sys.executable, str(script), *self._arguments(steps, epochs)]
        (place / "run.sh").write_text(f"exec {shlex.join(words)}\n")
        asked = ["-p", str(script), "-s", str(place / "run.sh"), "--models-to-track", "model"]
        child = self._call("traincheck-collect", *asked, *options, "--output-dir", name)
        if child.code != 0:
            # Its own last line only says that the script failed.
            said = [line for line in child.out.splitlines() if "Error" in line]
            raise FailedError(
                said[-1][:200].removeprefix("\033[94m").removesuffix("\033[0m")
                if said
                else child.why
            )
        out = self.folder / name
        found = measure.last_json((out / "program_output.txt").read_text())
        left = sum(size(path) for path in (*out.glob("trace_*"), out / "proxy_log.json"))
        step = measure.median(found["epoch_seconds"]) / steps
        return {"step": step, "left": left / (steps * epochs)}

    def _call(self, command: str, *words: str) -> Child:
        beside = Path(sys.executable).parent / command
        return measure.run_child([beside if beside.exists() else command, *words], self.folder)


def measure_all(
    data: Path, names: list[str], *, quick: bool, say: Callable[[str], None]
) -> tuple[list[Cost], float | None]:
    """Run the tools of these names; returns their costs and how long traincheck learnt."""
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(data, Path(folder), quick=quick)
        costs = []
        for tool in TOOLS:
            if tool.name in names:
                costs.append(cost := bench.cost(tool))
                say(f"{tool.name}: {cost.error or f'{1e3 * cost.step:.2f} ms a step'}")
        return costs, bench.infer_seconds


def table(costs: list[Cost]) -> None:
    """Print ours and theirs."""
    looks = {tool.name: tool.looks for tool in TOOLS}
    rows = []
    for cost in costs:
        if cost.error:
            said = ABSENT if cost.error == ABSENT else "failed"
            rows.append([f"{cost.name}: {looks[cost.name]}", said, "-", "-"])
            continue
        left = None if cost.left is None else cost.left / 1e3
        more = number(1e3 * (cost.step - cost.bare))
        name = f"{cost.name}: {looks[cost.name]}"
        rows.append([name, number(cost.ratio), more, number(left)])
    header = ["the mlp's step", "step/unwatched", "ms a step more", "kB a step"]
    measure.print_table(header, rows)
