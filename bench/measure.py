"""What every benchmark shares: the machine, a timed child, medians, tables, result files.

Nothing here imports torch: a child's peak memory starts from its parent's, so the parent is small.
"""

from __future__ import annotations

import gzip
import json
import math
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
RESULTS = HERE / "results"
SOURCE = Path("/usr/share/datasets/fashion-mnist")  # where Debian's dataset-fashion-mnist puts it
FILES = ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")
PACKAGES = (
    *("goingdeep", "torch", "torchvision", "numpy", "skorch", "pytorch-ignite", "lightning"),
    *("fastai", "fastcore", "keras"),
)
CAPABILITIES = ("avx2", "avx512f", "avx512_bf16", "amx_bf16", "amx_tile", "asimd", "sve", "bf16")
PEAK_UNIT = 1024 if sys.platform != "darwin" else 1024**2  # ru_maxrss: KiB on Linux, else bytes


# The machine ------------------------------------------------------------------------------------


def machine() -> dict[str, Any]:
    """Name the processor, cores, memory, and what the processor has for matrix products."""
    info: dict[str, str] = {}
    if (cpuinfo := Path("/proc/cpuinfo")).exists():
        lines = (line.partition(":") for line in cpuinfo.read_text().splitlines())
        info = {key.strip().lower(): value.strip() for key, _, value in lines}
    flags = f"{info.get('flags', '')} {info.get('features', '')}".split()
    return {
        "cpu": info.get("model name") or platform.processor() or platform.machine(),
        "cores": cores(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "capability": [name for name in CAPABILITIES if name in flags],
        "system": platform.platform(),
        "python": platform.python_version(),
    }


def cores() -> int:
    """Count the cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def versions(names: Iterable[str] = PACKAGES) -> dict[str, str | None]:
    """Give each package's version, None where it is not installed."""
    found: dict[str, str | None] = {}
    for name in names:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = None
    return found


def describe() -> None:
    """Print the machine, and a warning when something else is using it."""
    facts, load = machine(), os.getloadavg()[0]
    print(
        f"{facts['cpu']}, {facts['cores']} cores, {facts['memory_gib']} GiB, "
        f"{' '.join(facts['capability'])}; python {facts['python']}"
    )
    if load > 0.3 * facts["cores"]:
        print(f"The machine is busy (load {load:.2f}): trust the ratios more than the seconds.")


# The data ---------------------------------------------------------------------------------------


def data_root(source: Path = SOURCE) -> Path:
    """Unpack Fashion-MNIST once, where torchvision looks for it, and return torchvision's root."""
    if not source.is_dir():
        sys.exit(
            f"No Fashion-MNIST at {source}: install Debian's package dataset-fashion-mnist, "
            "or name the folder of its four .gz files with --data."
        )
    place = zlib.crc32(bytes(source.resolve()))  # another folder is other data
    root = Path(tempfile.gettempdir()) / f"goingdeep-bench-{os.getuid()}-{place:08x}"
    raw = root / "FashionMNIST" / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        target = raw / f"{name}-ubyte"
        if not target.exists():
            half = target.with_suffix(".part")
            with gzip.open(source / f"{name}-ubyte.gz") as packed, half.open("wb") as plain:
                shutil.copyfileobj(packed, plain)
            half.replace(target)
    return root


# A child ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Child:
    """A finished process: its exit code, wall seconds, peak memory and what it printed.

    cpu: seconds of processor time, the same on a busy machine.
    """

    code: int
    wall: float
    peak_mib: float
    out: str
    err: str
    cpu: float = math.nan

    @property
    def why(self) -> str:
        """The last line of its complaint."""
        return (self.err.strip() or self.out.strip() or "no output").splitlines()[-1][:200]


def run_child(command: Sequence[str | Path], cwd: Path, limit: float = 1800.0) -> Child:
    """Run a command on the CPU from its start to its end, at most `limit` seconds."""
    env = os.environ | {"CUDA_VISIBLE_DEVICES": ""}
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        start = time.perf_counter()
        process = subprocess.Popen(command, cwd=cwd, env=env, stdout=out, stderr=err)
        alarm = threading.Timer(limit, process.kill)
        alarm.start()
        # wait4 tells this child's own peak; getrusage(RUSAGE_CHILDREN) only the largest so far.
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        alarm.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        peak, cpu = usage.ru_maxrss / PEAK_UNIT, usage.ru_utime + usage.ru_stime
        return Child(process.returncode, wall, peak, out.read(), err.read(), cpu)


def own_peak_mib() -> float:
    """Give this process's own peak memory so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / PEAK_UNIT


def last_json(text: str) -> dict[str, Any]:
    """Read the JSON object on the last line that is one."""
    for line in reversed(text.splitlines()):
        if line.startswith("{"):
            return dict(json.loads(line))
    raise ValueError("no JSON line was printed")


# Our own runs -----------------------------------------------------------------------------------


def gd_command() -> str | None:
    """Find the `gd` beside this Python, else the one on the path; None where there is none."""
    return shutil.which("gd", path=str(Path(sys.executable).parent)) or shutil.which("gd")


def read_run(folder: Path) -> dict[str, Any]:
    """Read a run folder's result in the words the peers use for theirs."""
    result = json.loads((folder / "result.json").read_text())
    return {
        "epoch_seconds": [epoch["train_seconds"] for epoch in result.get("epochs", [])],
        "accuracy": [result["test"]["accuracy"]],
        "mirror_accuracy": result["test"].get("mirror_accuracy"),
    }


# Numbers ----------------------------------------------------------------------------------------


def median(values: Iterable[float]) -> float:
    """Give the middle value; NaN when there is none."""
    known = list(values)
    return statistics.median(known) if known else math.nan


def mean(values: Iterable[float]) -> float:
    """Give the mean; NaN when there is none."""
    known = list(values)
    return statistics.fmean(known) if known else math.nan


def spread(values: Iterable[float]) -> float:
    """Give the standard deviation of a sample; NaN below two values."""
    known = list(values)
    return statistics.stdev(known) if len(known) > 1 else math.nan


def median_ratio(ours: Mapping[int, float], theirs: Mapping[int, float]) -> float:
    """Divide round by round, then take the median: a noisy minute hits both sides of a ratio."""
    return median(ours[n] / theirs[n] for n in ours.keys() & theirs.keys())


@dataclass(frozen=True)
class Goal:
    """A number with its bound, and whether it is met (never, when there is no number)."""

    name: str
    value: float
    bound: float
    at_least: bool = False

    @property
    def met(self) -> bool:
        """Whether the value is on the right side of the bound."""
        return self.value >= self.bound if self.at_least else self.value <= self.bound


def print_goals(goals: Sequence[Goal]) -> None:
    """Print each goal beside what was measured."""
    rows = [
        [
            goal.name,
            number(goal.value, 3),
            f"{'at least' if goal.at_least else 'at most'} {goal.bound:g}",
            "not measured" if math.isnan(goal.value) else "met" if goal.met else "MISSED",
        ]
        for goal in goals
    ]
    print_table(["goal", "measured", "bound", ""], rows)


def number(value: float | None, digits: int = 2) -> str:
    """Write a number, or a dash where there is none."""
    return "-" if value is None or math.isnan(value) else f"{value:.{digits}f}"


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows in columns, the first to the left and the others to the right."""
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    for row in [header, ["-" * width for width in widths], *rows]:
        first, *rest = (
            cell.ljust(width) if place == 0 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        print("  ".join([first, *rest]).rstrip())
    print()


def write_results(name: str, goals: Sequence[Goal], **payload: object) -> None:
    """Write results/NAME-DATE.json: the machine, versions, threads, goals and every raw number."""
    now = datetime.now().astimezone()
    path = RESULTS / f"{name}-{now:%Y-%m-%d-%H%M}.json"
    body = {
        "when": now.isoformat(timespec="seconds"),
        "machine": machine(),
        "versions": versions(),
        "omp_num_threads": os.environ.get("OMP_NUM_THREADS"),
        "goals": [asdict(goal) | {"met": goal.met} for goal in goals],
        **payload,
    }
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(_plain(body), indent=1, allow_nan=False) + "\n")
    print(f"Written: {path}")


def _plain(value: object) -> object:
    """Replace NaN by null: JSON has no NaN."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
