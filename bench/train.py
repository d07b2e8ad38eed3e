"""The quickstart's work, ours against the tutorial, a bare loop and every peer, side by side.

Every entrant runs in a process of its own, round after round, so that a noisy minute hits all
alike; ratios are taken within a round and then the median of them. See README.md.
"""

import argparse
import importlib.util
import os
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import measure
from measure import Goal, number

OURS = ("ours", "ours_watched")
SCRIPTS = {"tutorial": "tutorial.py", "bare": "bare.py"}
PEERS = {  # the file in peers/ -> the package it needs
    "skorch_dataset": "skorch",
    "skorch_arrays": "skorch",
    "ignite_peer": "ignite",
    "lightning_peer": "lightning",
    "fastai_peer": "fastai",
    "keras_peer": "keras",
}
ENTRANTS = (*OURS, *SCRIPTS, *PEERS)


@dataclass(frozen=True)
class Result:
    """One entrant in one round; `error` says why there are no numbers."""

    entrant: str
    round: int
    seed: int
    load: float
    wall: float = 0.0
    epoch: float = 0.0
    accuracy: float = 0.0
    peak_mib: float = 0.0
    epoch_seconds: tuple[float, ...] = ()
    threads: int | None = None
    error: str | None = None


def missing(entrant: str) -> bool:
    """Say whether what the entrant needs is not installed."""
    if entrant in OURS:
        return measure.gd_command() is None
    return importlib.util.find_spec(PEERS.get(entrant, "torchvision")) is None


def command(entrant: str, data: Path, epochs: int, seed: int) -> list[str]:
    """Write the command line; our run folder is `run` in the child's own folder."""
    if entrant in OURS:
        watch = [] if entrant == "ours_watched" else ["--no-watch"]
        recipe = ["train", "fashion-mnist", "--recipe", "quickstart", "--epochs", str(epochs)]
        gd = measure.gd_command() or "gd"
        return [gd, *recipe, "--seed", str(seed), *watch, "--quiet", "--out", "run"]
    script = measure.HERE / SCRIPTS.get(entrant, f"peers/{entrant}.py")
    return [sys.executable, str(script), str(data), "--epochs", str(epochs), "--seed", str(seed)]


def run(entrant: str, data: Path, epochs: int, turn: int) -> Result:
    """Run one entrant once; the round's number is its seed."""
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        child = measure.run_child(command(entrant, data, epochs, turn), Path(folder))
        if child.code != 0:
            why = f"exit code {child.code}: {child.why}"
            return Result(entrant, turn, turn, load, error=why)
        try:
            ours = entrant in OURS
            found = measure.read_run(Path(folder, "run")) if ours else measure.last_json(child.out)
        except (OSError, ValueError, KeyError) as error:
            return Result(entrant, turn, turn, load, error=f"no result: {error!r}")
    seconds = tuple(found["epoch_seconds"])
    return Result(
        entrant,
        turn,
        turn,
        load,
        wall=child.wall,
        epoch=measure.median(seconds),
        accuracy=found["accuracy"][-1],
        peak_mib=child.peak_mib,
        epoch_seconds=seconds,
        threads=found.get("threads"),
    )


def warm(entrants: list[str], data: Path) -> None:
    """Read packages and data from disk once, so that the first round does not pay for it."""
    needs = {PEERS.get(entrant, "torchvision") for entrant in entrants}
    for package in sorted(needs):
        measure.run_child([sys.executable, "-c", f"import {package}"], data)
    for file in data.rglob("*-ubyte"):
        file.read_bytes()


def column(results: list[Result], entrant: str, field: str) -> dict[int, float]:
    """Collect one number of one entrant by round."""
    return {r.round: getattr(r, field) for r in results if r.entrant == entrant and not r.error}


def ratio(results: list[Result], field: str, ours: str, theirs: str) -> float:
    """Give the median over the rounds of ours divided by theirs."""
    return measure.median_ratio(column(results, ours, field), column(results, theirs, field))


def goals(results: list[Result]) -> list[Goal]:
    """Set the goals beside what was measured."""
    ours, tutorial = (
        100 * measure.mean(column(results, name, "accuracy").values())
        for name in ("ours", "tutorial")
    )
    listed = [
        Goal("time / tutorial", ratio(results, "wall", "ours", "tutorial"), 0.45),
        Goal("epoch / bare loop", ratio(results, "epoch", "ours", "bare"), 1.05),
        Goal("epoch watched / bare loop", ratio(results, "epoch", "ours_watched", "bare"), 1.08),
        Goal("peak memory / bare loop", ratio(results, "peak_mib", "ours", "bare"), 1.2),
        Goal("accuracy, points from the tutorial's", abs(ours - tutorial), 0.5),
    ]
    return listed + [
        Goal(f"{label} / {peer}", ratio(results, field, "ours", peer), 1.0)
        for peer in PEERS
        for label, field in (("time", "wall"), ("epoch", "epoch"))
        if column(results, peer, field)
    ]


def table(results: list[Result], entrants: list[str], absent: list[str]) -> None:
    """Print the medians, and each entrant's ratios to the tutorial and to the bare loop."""
    rows = []
    for name in entrants:
        if name in absent:
            rows.append([name, "not installed", *[""] * 6])
            continue
        middle = {
            field: measure.median(column(results, name, field).values())
            for field in ("wall", "epoch", "accuracy", "peak_mib")
        }
        if failed := [r.error for r in results if r.entrant == name and r.error]:
            print(f"{name} failed in {len(failed)} of its rounds: {failed[0]}")
        rows.append(
            [
                name,
                number(middle["wall"]),
                number(middle["epoch"]),
                number(100 * middle["accuracy"]),
                number(middle["peak_mib"], 0),
                number(ratio(results, "wall", name, "tutorial")),
                number(ratio(results, "epoch", name, "bare")),
                number(ratio(results, "peak_mib", name, "bare")),
            ]
        )
    header = ["", "time s", "epoch s", "test %", "peak MiB"]
    measure.print_table([*header, "time/tutorial", "epoch/bare", "peak/bare"], rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--only", metavar="NAME,...", help=", ".join(ENTRANTS))
    parser.add_argument("--quick", action="store_true", help="1 round, 1 epoch, nothing written")
    parser.add_argument("--data", type=Path, default=measure.SOURCE, help="the four .gz files")
    args = parser.parse_args()
    rounds, epochs = (1, 1) if args.quick else (args.rounds, args.epochs)
    entrants = args.only.split(",") if args.only else list(ENTRANTS)
    if unknown := set(entrants) - set(ENTRANTS):
        parser.error(f"unknown entrant {', '.join(sorted(unknown))}")

    data = measure.data_root(args.data)
    absent = [name for name in entrants if missing(name)]
    running = [name for name in entrants if name not in absent]
    measure.describe()
    warm(running, data)
    results: list[Result] = []
    for turn in range(rounds):
        # Each round starts with another entrant: nobody is always the one after the slowest.
        first = turn % max(len(running), 1)
        for name in running[first:] + running[:first]:
            result = run(name, data, epochs, turn)
            results.append(result)
            said = result.error or f"{result.wall:.1f} s, epoch {result.epoch:.2f} s"
            print(f"round {turn + 1}/{rounds}  {name}: {said}", flush=True)
    print()
    table(results, entrants, absent)
    listed = goals(results)
    measure.print_goals(listed)
    if args.quick:
        print("A quick run shows that everything works; the goals are for 3 rounds of 5 epochs.")
    else:
        raw = [asdict(result) for result in results]
        measure.write_results(
            "train", listed, rounds=rounds, epochs=epochs, not_installed=absent, runs=raw
        )
    sys.exit(any(result.error for result in results))


if __name__ == "__main__":
    main()
