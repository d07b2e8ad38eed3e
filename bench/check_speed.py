"""How fast `gd check` is on a record of a million steps, and what checking live costs a training.

record    a real record of some epochs, made a million steps long (watched/simulate.py), is judged
          by `gd check`: seconds from start to end, and peak memory
uneven    the same command on a record whose steps are all done in turns of two ways, as long as a
          record can be
live      a training of the quickstart's size, watched in this process: the part of its processor
          time that the rules took while it went on
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

import measure
from measure import Goal

WATCHED = measure.HERE / "watched"
SCRIPT = """
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
images, labels = torch.rand(6400, 1, 28, 28), torch.randint(0, 10, (6400,))
loader = DataLoader(TensorDataset(images, labels), batch_size=64, shuffle=True)
tests = DataLoader(TensorDataset(torch.rand(640, 1, 28, 28), labels[:640]), batch_size=64)
model = nn.Sequential(nn.Flatten(), nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(),
                      nn.Linear(512, 10))
optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)


def train(epochs):
    for _ in range(epochs):
        model.train()
        for x, y in loader:
            loss = nn.functional.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
        model.eval()
        with torch.no_grad():
            for x, y in tests:
                nn.functional.cross_entropy(model(x), y)
"""
LIVE = """
import json, time
import goingdeep as gd
from goingdeep.check.live import LiveCheck

spent, judge = [], LiveCheck.judge

def timed(self, *args, **how):
    began = time.thread_time()
    try:
        return judge(self, *args, **how)
    finally:
        spent.append(time.thread_time() - began)

LiveCheck.judge = timed
train(1)
with gd.watch("watched", quiet=True):
    began = time.process_time()
    train({epochs})
    whole = time.process_time() - began
print(json.dumps({{"judgements": len(spent), "seconds": sum(spent), "of": whole,
                  "steps": 100 * {epochs}, "longest": max(spent)}}))
"""


def check(folder: Path, repeats: int) -> dict[str, float]:
    """Judge a record some times in processes of their own; medians."""
    gd = measure.gd_command() or "gd"
    children = []
    for _ in range(repeats + 1):
        child = measure.run_child([gd, "check", str(folder)], folder.parent)
        if child.code not in (0, 1):
            sys.exit(f"gd check ended with exit code {child.code}: {child.why}")
        children.append(child)
    timed = children[1:]  # the first reads from disk
    return {
        "seconds": measure.median(child.wall for child in timed),
        "cpu_seconds": measure.median(child.cpu for child in timed),
        "peak_mib": measure.median(child.peak_mib for child in timed),
        "bytes": (folder / "events.jsonl").stat().st_size,
    }


def make_record(place: Path, steps: int) -> Path:
    """A real record of some epochs, and one of many steps after its pattern."""
    script = place / "train.py"
    script.write_text(SCRIPT + "\ntrain(3)\n")
    real, made = place / "real", place / "made"
    gd = measure.gd_command() or "gd"
    for command in (
        [gd, "run", "--quiet", "--no-report", "--out", str(real), str(script)],
        [sys.executable, str(WATCHED / "simulate.py"), str(real), str(made), "--steps", str(steps)],
    ):
        child = measure.run_child(command, place)
        if child.code != 0:
            sys.exit(f"{command[0]} ended with exit code {child.code}: {child.why}")
    return made


def make_uneven(record: Path, out: Path, most: int) -> Path:
    """The same run, if each of its steps were done in another way than the one before."""
    lines = (record / "events.jsonl").read_bytes().splitlines()
    steps = [json.loads(line) for line in lines if b'"kind":"steps"' in line]
    ways = sorted({event["anatomy"] for event in steps if "anatomy" in event} | {0})[:2]
    others = [line for line in lines if b'"kind":"steps"' not in line]
    ended = [line for line in others if b'"kind":"ended"' in line]
    out.mkdir()
    (out / "run.json").write_bytes((record / "run.json").read_bytes())
    with (out / "events.jsonl").open("wb") as file:
        for line in others:
            if line not in ended:
                file.write(line + b"\n")
        number = 0
        while file.tell() < most:
            number += 1
            event = steps[0] | {
                "anatomy": ways[number % len(ways)],
                "first": number,
                "last": number,
                "count": 1,
                "step": number,
            }
            file.write(json.dumps(event).encode() + b"\n")
        for line in ended:
            file.write(line + b"\n")
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="small and once, nothing written")
    args = parser.parse_args()
    repeats = 1 if args.quick else args.repeats
    measure.describe()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        made = make_record(place, 50_000 if args.quick else 1_000_000)
        record = check(made, repeats)
        uneven = check(
            make_uneven(made, place / "uneven", (4 if args.quick else 48) << 20), repeats
        )
        live_script = place / "live.py"
        epochs = 2 if args.quick else 47
        live_script.write_text(SCRIPT + LIVE.format(epochs=epochs))
        began = time.perf_counter()
        child = measure.run_child([sys.executable, str(live_script)], place)
        if child.code != 0:
            sys.exit(f"the training ended with exit code {child.code}: {child.why}")
        live = measure.last_json(child.out) | {"wall": time.perf_counter() - began}
    rows = [
        [name, f"{one['bytes'] / 1e6:.1f}", f"{one['seconds']:.2f}", f"{one['cpu_seconds']:.2f}",
         f"{one['peak_mib']:.0f}"]
        for name, one in (("a million steps", record), ("no two alike", uneven))
    ]  # fmt: skip
    measure.print_table(["record", "MB", "seconds", "CPU", "peak MiB"], rows)
    share = live["seconds"] / live["of"]
    print(
        f"\nlive: {live['judgements']} judgements in {live['steps']:,} steps took "
        f"{1000 * live['seconds']:.0f} ms of {live['of']:.1f} s ({share:.2%})"
    )
    goals = [
        Goal("gd check on a million steps, s", record["seconds"], 2.0),
        Goal("and its peak memory, MiB", record["peak_mib"], 500.0),
        Goal("checking live, part of the processor time", share, 0.01),
    ]
    measure.print_goals(goals)
    if not args.quick:
        measure.write_results("check-speed", goals, record=record, uneven=uneven, live=live)


if __name__ == "__main__":
    main()
