"""What watching costs: `gd run` beside plain Python on the same script, and beside other tools.

Watched and unwatched processes take turns; a ratio is taken within a pair, epoch by epoch, and the
medians are shown. See README.md.
"""

import argparse
import math
import os
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import measure
import others
from measure import Goal, number
from others import WATCHED, Cost

PARTS = ("mlp", "cnn", "inside", "start", "record", "others")
EPOCHS = {"mlp": 5, "cnn": 3}
BOUND = {"mlp": 1.03, "cnn": 1.01}
NAMES = {"mlp": "the quickstart's network", "cnn": "the cnn"}
ONLY_TORCH = str(WATCHED / "only_torch.py")
RECORD_STEPS = 10_000_000
MIB = 1.048576  # in MB


@dataclass(frozen=True)
class Run:
    """One process. pair: counted from 0; error says why there are no numbers."""

    part: str
    pair: int
    watched: bool
    load: float
    wall: float = 0.0
    peak_mib: float = 0.0
    epoch_seconds: tuple[float, ...] = ()
    accuracy: float | None = None
    threads: int | None = None
    error: str | None = None


Pair = tuple[Run, Run]


class Watch:
    """Measures part by part.

    Args:
        data: torchvision's root. pairs: of processes. quick: few steps, one pair.
    """

    def __init__(self, data: Path, pairs: int, *, quick: bool) -> None:
        self.data, self.quick = data, quick
        self.pairs = 1 if quick else pairs
        self.runs: list[Run] = []
        self.inside: dict[str, dict[str, Any]] = {}
        self.record: dict[str, Any] = {}
        self.costs: list[Cost] = []
        self.infer_seconds: float | None = None
        self.errors: list[str] = []

    def words(self, script: str, *options: str) -> list[str]:
        """Write a script of watched/ and its arguments."""
        few = ["--steps", "20"] if self.quick else []
        return [str(WATCHED / script), str(self.data), *options, *few]

    def measure(self, part: str, tools: list[str]) -> None:
        """Measure one of PARTS."""
        if part in EPOCHS:
            options = ("--model", part, "--epochs", str(EPOCHS[part]))
            self.take_turns(part, self.words("plain.py", *options), self.pairs)
        elif part == "start":
            self.take_turns(part, [ONLY_TORCH], 1 if self.quick else 2 * self.pairs)
        elif part == "inside":
            self.measure_inside()
        elif part == "record":
            self.measure_record()
        else:
            self.measure_others(tools)

    # ---------------------------------------------------------------- processes by turns

    def take_turns(self, part: str, words: list[str], pairs: int) -> None:
        """Run the script watched and unwatched, pair by pair; who comes first changes."""
        for pair in range(pairs):
            for watched in (False, True) if pair % 2 == 0 else (True, False):
                self.runs.append(run := self._run(part, pair, words, watched=watched))
                if run.error:
                    self.errors.append(f"{part}: {run.error}")
                who = "watched" if watched else "unwatched"
                epoch = measure.median(run.epoch_seconds)
                told = f"{run.wall:.2f} s" + (f", epoch {epoch:.3f} s" if epoch > 0 else "")
                self.say(f"{part} {pair + 1}/{pairs}  {who}: {run.error or told}")
        for bare, watched in self.of(part):
            if bare.accuracy != watched.accuracy:
                self.errors.append(f"{part}: {watched.accuracy} watched, {bare.accuracy} unwatched")

    def _run(self, part: str, pair: int, words: list[str], *, watched: bool) -> Run:
        load = os.getloadavg()[0]
        start = [measure.gd_command() or "gd", "run"] if watched else [sys.executable]
        with tempfile.TemporaryDirectory() as folder:
            child = measure.run_child([*start, *words], Path(folder))
        if child.code != 0:
            return Run(part, pair, watched, load, error=f"exit code {child.code}: {child.why}")
        run = Run(part, pair, watched, load, child.wall, child.peak_mib)
        if part == "start":
            return run
        found = measure.last_json(child.out)
        return replace(
            run,
            epoch_seconds=tuple(found["epoch_seconds"]),
            accuracy=found["accuracy"][-1],
            threads=found["threads"],
        )

    def of(self, part: str) -> list[Pair]:
        """Give the whole pairs of a part: unwatched, watched."""
        good = {(run.pair, run.watched): run for run in self.runs if run.part == part}
        good = {place: run for place, run in good.items() if not run.error}
        return [
            (good[pair, False], good[pair, True])
            for pair in sorted({pair for pair, _ in good})
            if (pair, False) in good and (pair, True) in good
        ]

    # ---------------------------------------------------------------- the parts

    def measure_inside(self) -> None:
        """Let one process train by turns with the watcher and without."""
        for model, epochs in (("mlp", 8), ("cnn", 4)):
            options = ("--model", model, "--epochs", str(2 if self.quick else epochs))
            found = self._told(sys.executable, *self.words("inside.py", *options))
            if found is not None:
                self.inside[model] = found
                self.say(f"inside {model}: {inside_ratio(found):.4f}")

    def measure_record(self) -> None:
        """Write a real record, then one of ten million steps after its pattern."""
        steps = 50_000 if self.quick else RECORD_STEPS
        with tempfile.TemporaryDirectory() as folder:
            real, made = Path(folder, "real"), Path(folder, "made")
            gd = measure.gd_command() or "gd"
            options = ("--epochs", "3")
            if self._told(gd, "run", "--out", str(real), *self.words("plain.py", *options)) is None:
                return
            script = str(WATCHED / "simulate.py")
            wanted = ("--steps", str(steps))
            found = self._told(sys.executable, script, str(real), str(made), *wanted)
            if found is not None:
                self.record = found
                self.say(f"record: {found['bytes'] / 1e6:.1f} MB for {found['steps']:,} steps")

    def _told(self, *command: str) -> dict[str, Any] | None:
        with tempfile.TemporaryDirectory() as folder:
            child = measure.run_child(command, Path(folder))
        if child.code != 0:
            script = next(Path(word).name for word in command if word.endswith(".py"))
            self.errors.append(f"{script}: exit code {child.code}: {child.why}")
            self.say(self.errors[-1])
            return None
        return measure.last_json(child.out)

    def measure_others(self, names: list[str]) -> None:
        """Run the other tools."""
        self.costs, self.infer_seconds = others.measure_all(
            self.data, names, quick=self.quick, say=lambda text: self.say(f"others {text}")
        )

    def say(self, text: str) -> None:
        print(text, flush=True)


# Numbers ----------------------------------------------------------------------------------------


def pair_ratio(pair: Pair) -> float:
    """Give the median over the epochs of watched by unwatched."""
    bare, watched = pair
    return measure.median(
        ours / theirs
        for ours, theirs in zip(watched.epoch_seconds, bare.epoch_seconds, strict=True)
    )


def inside_ratio(found: dict[str, Any]) -> float:
    """Give the median over the pairs of epochs of watched by unwatched."""
    return measure.median(p["watched"]["epoch"] / p["bare"]["epoch"] for p in found["pairs"])


def more(pairs: Iterable[Pair], field: str) -> list[float]:
    """Subtract unwatched from watched."""
    return [getattr(watched, field) - getattr(bare, field) for bare, watched in pairs]


def goals(watch: Watch, parts: list[str]) -> list[Goal]:
    """Set the goals of the parts that ran beside what was measured."""
    listed = [
        Goal(
            f"epoch watched / unwatched, {NAMES[model]}",
            measure.median(map(pair_ratio, watch.of(model))),
            BOUND[model],
        )
        for model in EPOCHS
        if model in parts
    ]
    if "start" in parts:
        added = measure.median(more(watch.of("start"), "wall"))
        listed.append(Goal("start-up added to python and torch, seconds", added, 0.5))
    if "mlp" in parts:
        peak = MIB * measure.median(more(watch.of("mlp"), "peak_mib"))
        listed.append(Goal("peak memory added, MB", peak, 50.0))
    if "inside" in parts:
        own = watch.inside.get("mlp", {}).get("memory_mb")
        listed.append(Goal("the watcher's memory after 2,000 steps, MB", _nan(own), 50.0))
    if "record" in parts:
        size = watch.record.get("bytes", math.nan) / 1e6
        listed.append(Goal(f"record of {RECORD_STEPS // 10**6} million steps, MB", size, 64.0))
    return listed


def _nan(value: float | None) -> float:
    return math.nan if value is None else value


def turns_table(watch: Watch) -> None:
    rows = []
    for model in EPOCHS:
        pairs = watch.of(model)
        if not pairs:
            continue
        ratios = [pair_ratio(pair) for pair in pairs]
        seconds = [
            measure.median(second for run in side for second in run.epoch_seconds)
            for side in zip(*pairs, strict=True)
        ]
        shown = (*seconds, measure.median(ratios), min(ratios), max(ratios))
        rows.append([model, *(number(value, 3) for value in shown)])
    if rows:
        header = ["processes by turns", "unwatched s", "watched s", "ratio", "lowest", "highest"]
        measure.print_table(header, rows)


def inside_table(watch: Watch) -> None:
    rows = []
    for model, found in watch.inside.items():
        bare, watched = (
            1e6 * measure.median(pair[who]["step"] for pair in found["pairs"])
            for who in ("bare", "watched")
        )
        looks = 1e3 * measure.median(found["look_seconds"])
        memory = [number(found[name], 1) for name in ("memory_mb", "memory_later_mb")]
        shown = [number(inside_ratio(found), 4), number(bare, 0), number(watched - bare, 0)]
        rows.append([model, *shown, number(looks, 1), *memory])
    if rows:
        header = ["inside one process", "epoch ratio", "step us", "us more", "close look ms"]
        measure.print_table([*header, "MB, 2,000 steps", "MB, 4,000 steps"], rows)


def tables(watch: Watch) -> None:
    """Print what was measured, part by part."""
    turns_table(watch)
    inside_table(watch)
    if watch.record:
        kinds = ("events", "blobs", "curves")
        shown = ", ".join(f"{kind} {watch.record[kind] / 1e6:.1f}" for kind in kinds)
        print(f"record of {watch.record['steps']:,} steps, MB: {shown}\n")
    if watch.costs:
        others.table(watch.costs)
    for error in watch.errors:
        print(f"failed: {error}")


def asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=4, help="of processes, for each network")
    parser.add_argument("--only", metavar="PART,...", help=", ".join(PARTS))
    names = [tool.name for tool in others.TOOLS]
    parser.add_argument("--tools", metavar="NAME,...", help=", ".join(names))
    parser.add_argument("--quick", action="store_true", help="few steps, nothing written")
    parser.add_argument("--data", type=Path, default=measure.SOURCE, help="the four .gz files")
    args = parser.parse_args()
    args.parts = args.only.split(",") if args.only else list(PARTS)
    args.tools = args.tools.split(",") if args.tools else names
    if unknown := (set(args.parts) - set(PARTS)) | (set(args.tools) - set(names)):
        parser.error(f"unknown {', '.join(sorted(unknown))}")
    if measure.gd_command() is None:
        sys.exit("gd is not installed beside this Python: pip install -e .")
    return args


def main() -> None:
    args = asked()
    if args.quick:
        os.environ["OMP_NUM_THREADS"] = "1"
    watch = Watch(measure.data_root(args.data), args.pairs, quick=args.quick)
    measure.describe()
    measure.run_child([sys.executable, ONLY_TORCH], Path.cwd())  # the first reads from disk
    for part in args.parts:
        watch.measure(part, args.tools)
    print()
    tables(watch)
    listed = goals(watch, args.parts)
    measure.print_goals(listed)
    if args.quick:
        print("A quick run shows that everything works; the goals are for a full one.")
    else:
        measure.write_results(
            "watch",
            listed,
            tools=measure.versions(("traincheck", "torchlens", "torch-audit")),
            parts=args.parts,
            runs=[asdict(run) for run in watch.runs],
            inside=watch.inside,
            record=watch.record,
            others=[asdict(cost) for cost in watch.costs],
            traincheck_infer_seconds=watch.infer_seconds,
            errors=watch.errors,
        )
    sys.exit(bool(watch.errors))


if __name__ == "__main__":
    main()
