"""What a start costs: `gd --help` and `import goingdeep`, beside an empty Python and torch."""

import argparse
import sys
from pathlib import Path

import measure
from measure import Goal

IMPORT = "import sys, goingdeep; print('torch' in sys.modules)"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--quick", action="store_true", help="2 repeats, nothing written")
    args = parser.parse_args()
    repeats = 2 if args.quick else args.repeats
    gd = measure.gd_command()
    if gd is None:
        sys.exit("gd is not installed beside this Python: pip install -e .")
    commands = {
        "gd --help": [gd, "--help"],
        "import goingdeep": [sys.executable, "-c", IMPORT],
        "python -c pass": [sys.executable, "-c", "pass"],
        "import torch": [sys.executable, "-c", "import torch"],
    }
    measure.describe()
    print()
    children: dict[str, list[measure.Child]] = {name: [] for name in commands}
    for turn in range(repeats + 1):
        for name, command in commands.items():
            child = measure.run_child(command, Path.cwd())
            if child.code != 0:
                sys.exit(f"{name} ended with exit code {child.code}: {child.why}")
            if turn > 0:  # the first reads from disk
                children[name].append(child)
    walls = {name: [child.wall for child in some] for name, some in children.items()}
    rows = [
        [name, f"{measure.median(some):.3f}", f"{min(some):.3f}", f"{max(some):.3f}"]
        for name, some in walls.items()
    ]
    measure.print_table([f"seconds, {repeats} times", "median", "lowest", "highest"], rows)
    loaded = "True" in children["import goingdeep"][0].out
    goals = [
        Goal("gd --help, seconds", measure.median(walls["gd --help"]), 0.2),
        Goal("import goingdeep imports torch (0 no, 1 yes)", float(loaded), 0.0),
    ]
    measure.print_goals(goals)
    if not args.quick:
        measure.write_results("start", goals, seconds=walls)


if __name__ == "__main__":
    main()
