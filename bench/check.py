"""What each tool finds: the same mistakes, their mended twins and healthy programs, side by side.

    python bench/check.py                     counting, then timing
    python bench/check.py --only count        who finds what, and who cries wolf
    python bench/check.py --only time         what a training costs under the tools that watch it
    python bench/check.py --tools ours,torch_audit --cases wekws_72,vat_7

README.md says how each tool is used, and which of its messages count as naming a mistake.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

import measure  # noqa: E402
from judged import static, traincheck  # noqa: E402
from judged.names import ALARMING, ANYTHING, NAMES  # noqa: E402
from judged.parent import Parent  # noqa: E402
from judged.program import Answer, Program, programs  # noqa: E402

RUNNING = ("ours", "torch_audit", "torchtest2")
STATIC = ("torch_preflight", "torchfix")
TOOLS = (*RUNNING, *STATIC, "traincheck")
SAME = "ours, on traincheck's cases"
STEPS = 100
"""In an epoch of judged/steps.py."""

PACKAGES = ("torch-audit", "torch-preflight", "torchfix", "torchtest2", "traincheck")


@dataclass(frozen=True)
class Count:
    """What a tool said.

    asked: cases it could run on. found: those whose mistake it names; apart: of these, those in
    whose mended twin it does not. wrong: cases where it warns of other things only. twin_alarms,
    healthy_alarms, framework_alarms: programs without a mistake that it warns of; the last are under
    frameworks. failed: programs without an answer.
    """

    tool: str
    asked: int = 0
    found: int = 0
    apart: int = 0
    wrong: int = 0
    twins: int = 0
    twin_alarms: int = 0
    healthy: int = 0
    healthy_alarms: int = 0
    framework: int = 0
    framework_alarms: int = 0
    failed: int = 0


def count(tool: str, answers: Iterable[Answer]) -> Count:
    """Count one tool's answers."""
    by = {(a.program.kind, a.program.name): a for a in answers if a.tool == tool}
    cases, twins, healthy, framework = (
        [a for (kind, _), a in by.items() if kind == wanted and not a.error]
        for wanted in ("case", "twin", "healthy", "framework")
    )
    found = [a for a in cases if names(tool, a)]
    apart = [a for a in found if tells_apart(tool, a, by.get(("twin", a.program.name)))]
    return Count(
        tool,
        asked=len(cases),
        found=len(found),
        apart=len(apart),
        wrong=sum(1 for a in cases if a not in found and alarms(a)),
        twins=len(twins),
        twin_alarms=sum(1 for a in twins if alarms(a)),
        healthy=len(healthy),
        healthy_alarms=sum(1 for a in healthy if alarms(a)),
        framework=len(framework),
        framework_alarms=sum(1 for a in framework if alarms(a)),
        failed=sum(1 for a in by.values() if a.error),
    )


def names(tool: str, answer: Answer) -> bool:
    """Whether a tool names the mistake of a case, at whatever severity; the same of its twin."""
    rule = answer.program.rule
    accepted = {rule} if tool == "ours" else NAMES[tool].get(rule, set())
    return any(code in accepted or ANYTHING in accepted for code, _, _ in answer.said)


def tells_apart(tool: str, case: Answer, twin: Answer | None) -> bool:
    """Whether what names the mistake is said of the case and not of its twin."""
    if twin is None or twin.error:
        return False
    if tool == "traincheck":  # it names nothing: the case must break what the twin does not
        return bool(set(case.said) - set(twin.said))
    return not names(tool, twin)


def alarms(answer: Answer) -> bool:
    """Whether a tool warns of anything: what it calls a note or information is none."""
    return any(severity in ALARMING for _, severity, _ in answer.said)


def collect(tools: list[str], wanted: list[Program], folder: Path) -> list[Answer]:
    """Ask every tool about every program."""
    answers: list[Answer] = []
    running = [tool for tool in tools if tool in RUNNING]
    if running:
        with Parent(folder) as parent:
            for program in wanted:
                answers += [parent.ask(tool, program) for tool in running]
                print(".", end="", flush=True)
    for tool in tools:
        if tool in STATIC:
            answers += static.ask(tool, wanted, folder)
        elif tool == "traincheck":
            answers += traincheck.ask(wanted, folder)
    print()
    return answers


@dataclass(frozen=True)
class Turn:
    """The longer program twice, one right after the other: under a tool and plain.

    seconds: of the whole program; epochs: of each of its epochs.
    """

    tool: str
    seconds: tuple[float, float]
    epochs: tuple[tuple[float, ...], tuple[float, ...]]

    @property
    def epoch_ratio(self) -> float:
        """Of the median epochs; what a tool does once, before or after, is not in it."""
        return measure.median(self.epochs[0]) / measure.median(self.epochs[1])

    @property
    def ratio(self) -> float:
        """Of the whole programs."""
        return self.seconds[0] / self.seconds[1]

    @property
    def more(self) -> float:
        """Microseconds that a step of the median epoch took more."""
        return 1e6 * (measure.median(self.epochs[0]) - measure.median(self.epochs[1])) / STEPS


def timed(tools: list[str], repeats: int, folder: Path) -> list[Turn]:
    """Time each tool that watches a training, by turns; who comes first changes."""
    program = Program("steps", "healthy", HERE / "judged" / "steps.py")
    turns = []
    with Parent(folder) as parent:

        def run(tool: str) -> tuple[float, tuple[float, ...]]:
            answer = parent.ask(tool, program)
            if answer.error:
                sys.exit(f"{tool}: {answer.error}")
            told = measure.last_json((parent.folder / "output.txt").read_text())
            return answer.seconds, tuple(told["epoch_seconds"])

        run("plain")  # the first touches memory that the others find warm
        for repeat in range(repeats):
            for tool in (t for t in tools if t in RUNNING):
                order = (tool, "plain") if repeat % 2 else ("plain", tool)
                took = {name: run(name) for name in order}
                (mine, epochs), (bare, bare_epochs) = took[tool], took["plain"]
                turns.append(Turn(tool, (mine, bare), (epochs, bare_epochs)))
    return turns


def show_times(turns: list[Turn]) -> list[measure.Goal]:
    """Print what each tool adds; gives the goal: ours adds the least."""
    rows, ratios = [], {}
    for tool in dict.fromkeys(turn.tool for turn in turns):
        mine = [turn for turn in turns if turn.tool == tool]
        ratios[tool] = measure.median(turn.epoch_ratio for turn in mine)
        more = measure.median(turn.more for turn in mine)
        whole = measure.median(turn.ratio for turn in mine)
        shown = ((ratios[tool], 3), (more, 0), (whole, 3))
        rows.append([tool, *(measure.number(value, digits) for value, digits in shown)])
    header = ["a training under", "epoch / plain", "us a step more", "whole / plain"]
    measure.print_table(header, rows)
    others = [ratio for tool, ratio in ratios.items() if tool != "ours"]
    if not others or "ours" not in ratios:
        return []
    name = "an epoch under ours, against the least of the others"
    return [measure.Goal(name, ratios["ours"], min(others))]


def main() -> int:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=("count", "time"))
    parser.add_argument("--tools", default=",".join(TOOLS))
    parser.add_argument("--cases", default="", help="names of some cases, for a quick look")
    parser.add_argument("--repeats", type=int, default=7, help="turns of each tool, for the times")
    asked = parser.parse_args()
    tools = [tool for tool in asked.tools.split(",") if tool in TOOLS]
    os.environ.setdefault("KERAS_BACKEND", "torch")  # for the processes of traincheck, too
    measure.describe()
    payload: dict[str, object] = {"tools": measure.versions(PACKAGES)}
    goals: list[measure.Goal] = []
    with tempfile.TemporaryDirectory(prefix="gd-bench-check-") as place:
        folder = Path(place)
        if asked.only != "time":
            wanted = programs(folder / "programs", asked.cases.split(",") if asked.cases else None)
            answers = collect(tools, wanted, folder)
            counts = [count(tool, answers) for tool in tools]
            if same := ours_on_the_same(answers):
                counts.append(same)
            show(counts)
            goals += goals_of(counts)
            payload["counts"] = [asdict(c) for c in counts]
            payload["said"] = [a.brief() for a in answers]
        if asked.only != "count":
            turns = timed(tools, asked.repeats, folder)
            goals += show_times(turns)
            payload["turns"] = [asdict(turn) for turn in turns]
    measure.print_goals(goals)
    if not asked.cases:
        name = f"check-{asked.only}" if asked.only else "check"
        measure.write_results(name, goals, **payload)
    return 0


def ours_on_the_same(answers: list[Answer]) -> Count | None:
    """Our count on those cases that traincheck was asked about; None where it was about none."""
    asked = {a.program.name for a in answers if a.tool == "traincheck"}
    mine = [a for a in answers if a.tool == "ours" and a.program.name in asked]
    cases = [a for a in mine if a.program.kind in ("case", "twin")]
    return replace(count("ours", cases), tool=SAME) if cases else None


def show(counts: list[Count]) -> None:
    """Print the table."""
    rows = [
        [
            c.tool, f"{c.found} of {c.asked}", str(c.apart), str(c.wrong),
            *(f"{alarms} of {of}" if of else "-" for alarms, of in (
                (c.twin_alarms, c.twins), (c.healthy_alarms, c.healthy),
                (c.framework_alarms, c.framework),
            )),
            str(c.failed),
        ]
        for c in counts
    ]  # fmt: skip
    header = [
        "tool", "found", "told apart", "wrong", "alarms: twins", "healthy", "frameworks", "did not run",
    ]  # fmt: skip
    measure.print_table(header, rows)


def goals_of(counts: list[Count]) -> list[measure.Goal]:
    ours = next((c for c in counts if c.tool == "ours"), None)
    if ours is None or not ours.asked:
        return []
    others = [c.found for c in counts if c.tool not in ("ours", SAME)]
    best = max(others, default=0)
    alarms_of_ours = ours.twin_alarms + ours.healthy_alarms + ours.framework_alarms
    return [
        measure.Goal("share found by ours", ours.found / ours.asked, 0.95, at_least=True),
        measure.Goal("found by ours, against the best other", ours.found, best, at_least=True),
        measure.Goal("false alarms of ours", alarms_of_ours, 0),
    ]


if __name__ == "__main__":
    sys.exit(main())
