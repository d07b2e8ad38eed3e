"""What an answer of `gd why` costs: each topic on runs of mlp, cnn and resnet, and without a run."""

import argparse
import json
import sys
import tempfile
from pathlib import Path

import measure
from measure import Goal

RUNS = {
    "mlp": ["--recipe", "quickstart", "--epochs", "1"],
    "cnn": ["--recipe", "fast", "--epochs", "1"],
    "resnet": ["--recipe", "best", "--epochs", "1"],
}
NOTHING = "no run"
SECONDS = {NOTHING: 30.0}
USUAL = 20.0
MIB = 1024.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--topics", help="a,b,c: these only")
    parser.add_argument("--runs", help=f"of {', '.join([*RUNS, NOTHING])}: these only")
    parser.add_argument("--quick", action="store_true", help="one topic on mlp, nothing written")
    args = parser.parse_args()
    gd = measure.gd_command()
    if gd is None:
        sys.exit("gd is not installed beside this Python: pip install -e .")
    chosen = ["mlp"] if args.quick else (args.runs or ",".join([*RUNS, NOTHING])).split(",")
    measure.describe()
    print()
    with tempfile.TemporaryDirectory(prefix="gd-bench-why-") as place:
        home, empty = Path(place), Path(place) / "empty"
        empty.mkdir()
        for name in chosen:
            if name in RUNS:
                made = measure.run_child([gd, "train", *RUNS[name], "--out", name], home)
                if made.code != 0:
                    sys.exit(f"gd train for {name} ended with exit code {made.code}: {made.why}")
        topics = args.topics.split(",") if args.topics else _topics(gd, home)
        topics = ["zero-grad"] if args.quick else topics
        found = [
            {"run": name, "topic": topic, **_asked(gd, home, empty, name, topic)}
            for name in chosen
            for topic in topics
        ]
    goals = []
    for name in chosen:
        rows = [one for one in found if one["run"] == name]
        measure.print_table(
            [name, "wall s", "CPU s", "answer s", "peak MiB", "replayed"],
            [
                [
                    str(one["topic"]),
                    *(measure.number(one[key], 1) for key in ("wall", "cpu", "seconds")),
                    measure.number(one["peak_mib"], 0),
                    str(one["steps"]),
                ]
                for one in rows
            ],
        )
        bound = SECONDS.get(name, USUAL)
        goals += [
            Goal(f"{name}: longest topic, seconds", max(one["wall"] for one in rows), bound),
            Goal(f"{name}: largest peak, MiB", max(one["peak_mib"] for one in rows), MIB),
        ]
    measure.print_goals(goals)
    if not args.quick:
        measure.write_results("why", goals, answers=found)


def _topics(gd: str, home: Path) -> list[str]:
    listed = measure.run_child([gd, "why", "--json"], home)
    return [one["topic"] for one in json.loads(listed.out)]


def _asked(gd: str, home: Path, empty: Path, name: str, topic: str) -> dict[str, float]:
    words, cwd = ([gd, "why", topic, "--json"], empty)
    if name in RUNS:
        words, cwd = [gd, "why", topic, name, "--json"], home
    child = measure.run_child(words, cwd)
    if child.code != 0:
        sys.exit(f"gd why {topic} on {name} ended with exit code {child.code}: {child.why}")
    answer = json.loads(child.out)
    if answer.get("says") and answer.get("applies", True):
        sys.exit(f"gd why {topic} on {name} replayed nothing: {answer['says']}")
    return {
        "wall": child.wall,
        "cpu": child.cpu,
        "seconds": answer.get("seconds", 0.0),
        "peak_mib": child.peak_mib,
        "steps": answer.get("replayed", 0),
    }


if __name__ == "__main__":
    main()
