"""Time to accuracy: recipe `fast` against the tutorial's script, and recipe `best` by itself.

One round per seed, the tutorial and ours one after the other, so that each of our runs is held
against the tutorial's time in the same minute. See README.md.
"""

import argparse
import os
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import measure
from measure import Goal, number


@dataclass(frozen=True)
class Run:
    """One run of ours or of the tutorial."""

    name: str
    seed: int
    load: float
    wall: float
    peak_mib: float
    accuracy: float
    mirror_accuracy: float | None
    epoch_seconds: tuple[float, ...]


def run(name: str, seed: int, data: Path, epochs: int | None) -> Run:
    """Run the tutorial or one of our recipes, start-up included, and read its numbers."""
    extra = [] if epochs is None else ["--epochs", str(epochs)]
    tail = ["--seed", str(seed), *extra]
    gd = measure.gd_command()
    if name == "tutorial":
        command = [sys.executable, str(measure.HERE / "tutorial.py"), str(data), *tail]
    elif gd:
        quiet = ["--no-watch", "--quiet", "--out", "run"]
        command = [gd, "train", "fashion-mnist", "--recipe", name, *tail, *quiet]
    else:
        sys.exit("gd is not installed beside this Python: pip install -e .")
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        child = measure.run_child(command, Path(folder))
        if child.code != 0:
            sys.exit(f"{name} ended with exit code {child.code}: {child.why}")
        ours = name != "tutorial"
        found = measure.read_run(Path(folder, "run")) if ours else measure.last_json(child.out)
    result = Run(
        name,
        seed,
        load,
        child.wall,
        child.peak_mib,
        found["accuracy"][-1],
        found.get("mirror_accuracy"),
        tuple(found["epoch_seconds"]),
    )
    mirror = f", mirrored {percent(result.mirror_accuracy)}" if result.mirror_accuracy else ""
    print(
        f"seed {seed}  {name}: {result.wall:.1f} s, {percent(result.accuracy)} %{mirror}",
        flush=True,
    )
    return result


def percent(accuracy: float | None) -> str:
    """Write an accuracy in percent."""
    return number(None if accuracy is None else 100 * accuracy)


def summary(label: str, values: list[float]) -> list[str]:
    """Give a table's row: mean, spread, lowest, highest."""
    low, high = (number(min(values)), number(max(values))) if values else ("-", "-")
    return [label, number(measure.mean(values)), number(measure.spread(values)), low, high]


def fast_goals(runs: list[Run]) -> list[Goal]:
    """Print what the seeds of `fast` gave, and hold it against the goals."""
    ours = [run for run in runs if run.name == "fast"]
    if not ours:
        return []
    tutorial = {run.seed: run.wall for run in runs if run.name == "tutorial"}
    ratios = [run.wall / tutorial[run.seed] for run in ours]
    accuracy = [100 * run.accuracy for run in ours]
    mirrored = [100 * run.mirror_accuracy for run in ours if run.mirror_accuracy is not None]
    rows = [
        summary("fast, test %", accuracy),
        summary("fast, test % with mirror averaging", mirrored),
        summary("fast, time s", [run.wall for run in ours]),
        summary("tutorial, time s", list(tutorial.values())),
        summary("time / tutorial", ratios),
    ]
    measure.print_table(["", "mean", "spread", "lowest", "highest"], rows)
    return [
        Goal("fast: test %, mean, one view", measure.mean(accuracy), 92.5, at_least=True),
        Goal("fast: time / tutorial, median", measure.median(ratios), 1.0),
    ]


def best_goals(runs: list[Run]) -> list[Goal]:
    """Hold the run of `best` against its goals; its accuracy is the one with mirror averaging."""
    return [
        goal
        for run in runs
        if run.name == "best"
        for goal in (
            Goal(
                "best: test %, " + ("as run" if run.mirror_accuracy is None else "mirrored"),
                100 * (run.mirror_accuracy or run.accuracy),
                94.0,
                at_least=True,
            ),
            Goal("best: time s", run.wall, 480.0),
        )
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5, help="seeds 0 to N-1 (default 5)")
    parser.add_argument("--best", action="store_true", help="also recipe best, once, seed 0")
    parser.add_argument("--quick", action="store_true", help="1 seed, 1 epoch, nothing written")
    parser.add_argument("--data", type=Path, default=measure.SOURCE, help="the four .gz files")
    args = parser.parse_args()
    epochs = 1 if args.quick else None

    data = measure.data_root(args.data)
    measure.describe()
    measure.run_child([sys.executable, "-c", "import torchvision"], data)  # read from disk once
    runs: list[Run] = []
    for seed in range(1 if args.quick else args.seeds):
        names = ("tutorial", "fast") if seed % 2 == 0 else ("fast", "tutorial")
        runs += [run(name, seed, data, epochs) for name in names]
    if args.best:
        runs.append(run("best", 0, data, epochs))
    print()
    goals = fast_goals(runs) + best_goals(runs)
    measure.print_goals(goals)
    if not args.quick:
        measure.write_results("fast", goals, runs=[asdict(run) for run in runs])


if __name__ == "__main__":
    main()
