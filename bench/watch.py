"""What watching costs: `gd run` beside plain Python on the same script, and beside other tools.

Watched and unwatched processes take turns; a ratio is taken within a pair, epoch by epoch, and the
medians are shown. See README.md.
"""

import argparse
import math
import os
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import measure
import others
import turns
from measure import Goal, number
from others import WATCHED, Cost
from turns import Pair, Run, more, pair_ratio

PARTS = ("mlp", "cnn", "inside", "start", "record", "others")
EPOCHS = {"mlp": 5, "cnn": 3}
TURNS = {"mlp": 5, "cnn": 3}
FEWER = {"mlp": None, "cnn": 400}
"""Steps in an epoch; None is all 938. The cnn's step takes several times as long."""
BOUND = {"mlp": 1.03, "cnn": 1.01}
NAMES = {"mlp": "the quickstart's network", "cnn": "the cnn"}
ONLY_TORCH = str(WATCHED / "only_torch.py")
RECORD_STEPS = 10_000_000
MIB = 1.048576  # in MB


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

    def words(self, script: str, model: str, epochs: int) -> list[str]:
        """Write a script of watched/ and its arguments."""
        steps = 20 if self.quick else FEWER[model]
        few = [] if steps is None else ["--steps", str(steps)]
        options = ["--model", model, "--epochs", str(epochs), *few]
        return [str(WATCHED / script), str(self.data), *options]

    def measure(self, part: str, tools: list[str]) -> None:
        """Measure one of PARTS."""
        if part in EPOCHS:
            self.take_turns(part, self.words("plain.py", part, EPOCHS[part]), self.pairs)
        elif part == "start":
            self.take_turns(part, [ONLY_TORCH], 1 if self.quick else 2 * self.pairs)
        elif part == "inside":
            self.measure_inside()
        elif part == "record":
            self.measure_record()
        else:
            self.measure_others(tools)

    def take_turns(self, part: str, words: list[str], pairs: int) -> None:
        """Run a script watched and unwatched."""
        runs, errors = turns.take_turns(part, words, pairs, self.say)
        self.runs += runs
        self.errors += errors

    def of(self, part: str) -> list[Pair]:
        """Give the whole pairs of a part."""
        return turns.whole(run for run in self.runs if run.part == part)

    def measure_inside(self) -> None:
        """Let one process train by turns with the watcher and without."""
        for model, count in TURNS.items():
            words = self.words("inside.py", model, 2 if self.quick else count)
            found = self._told(sys.executable, *words)
            if found is not None:
                self.inside[model] = found
                self.say(f"inside {model}: {inside_ratio(found):.4f}")

    def measure_record(self) -> None:
        """Write a real record, then one of ten million steps after its pattern."""
        steps = 50_000 if self.quick else RECORD_STEPS
        with tempfile.TemporaryDirectory() as folder:
            real, made = Path(folder, "real"), Path(folder, "made")
            gd = measure.gd_command() or "gd"
            words = self.words("plain.py", "mlp", epochs=3)
            if self._told(gd, "run", "--out", str(real), *words) is None:
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
        failed = [cost for cost in self.costs if cost.error and cost.error != others.ABSENT]
        self.errors += [f"{cost.name}: {cost.error}" for cost in failed]

    def say(self, text: str) -> None:
        print(text, flush=True)


# Numbers ----------------------------------------------------------------------------------------


def inside_ratio(found: dict[str, Any], who: str = "watched") -> float:
    """Give the median over the turns of watched by unwatched epoch; `who`: or of the first one."""
    return measure.median(turn[who]["epoch"] / turn["bare"]["epoch"] for turn in found["pairs"])


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
        added = more(watch.of("start"), "wall")
        listed.append(Goal("start-up added to python and torch, seconds", added, 0.5))
    if "mlp" in parts:
        peak = MIB * more(watch.of("mlp"), "peak_mib")
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
        memory = [
            number(found[name] if model == "mlp" else None, 1)
            for name in ("memory_mb", "memory_later_mb")
        ]
        ratios = [number(inside_ratio(found, who), 4) for who in ("watched", "first")]
        steps = [number(bare, 0), number(watched - bare, 0)]
        rows.append([model, *ratios, *steps, number(looks, 1), *memory])
    if rows:
        header = ["inside one process", "epoch ratio", "of the first", "step us", "us more"]
        memory = ["MB, 2,000 steps", "MB, 4,000 steps"]
        measure.print_table([*header, "close look ms", *memory], rows)


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
