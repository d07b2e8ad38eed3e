"""What each tool finds: the same mistakes, their mended twins and healthy programs, side by side.

    python bench/check.py                     counting, then timing
    python bench/check.py --only count        who finds what, and who cries wolf
    python bench/check.py --only time         what a training costs under the tools that watch it
    python bench/check.py --tools ours,torch_audit --cases wekws_72,vat_7

README.md says how each tool is used, and which of its messages count as naming a mistake.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass
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
PACKAGES = ("torch-audit", "torch-preflight", "torchfix", "torchtest2", "traincheck")


@dataclass(frozen=True)
class Count:
    """What a tool said.

    asked: cases it could run on. found: those whose mistake it names; apart: of these, those in
    whose mended twin it does not. wrong: cases where it warns of other things only. twin_alarms,
    healthy_alarms: programs without a mistake that it warns of. failed: programs without an answer.
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
    failed: int = 0


def count(tool: str, answers: Iterable[Answer]) -> Count:
    """Count one tool's answers."""
    by = {(a.program.kind, a.program.name): a for a in answers if a.tool == tool}
    cases = [a for (kind, _), a in by.items() if kind == "case" and not a.error]
    twins = [a for (kind, _), a in by.items() if kind == "twin" and not a.error]
    healthy = [a for (kind, _), a in by.items() if kind == "healthy" and not a.error]
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


def timed(tools: list[str], repeats: int, folder: Path) -> dict[str, list[float]]:
    """Seconds of the longer program, by turns, plain and under each tool that watches a training."""
    program = Program("steps", "healthy", HERE / "judged" / "steps.py")
    seconds: dict[str, list[float]] = {}
    with Parent(folder) as parent:
        for _ in range(repeats):
            for tool in ("plain", *(t for t in tools if t in RUNNING)):
                answer = parent.ask(tool, program)
                if answer.error:
                    print(f"{tool}: {answer.error}")
                seconds.setdefault(tool, []).append(answer.seconds)
    return seconds


def main() -> int:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=("count", "time"))
    parser.add_argument("--tools", default=",".join(TOOLS))
    parser.add_argument("--cases", default="", help="names of some cases, for a quick look")
    parser.add_argument("--repeats", type=int, default=5)
    asked = parser.parse_args()
    tools = [tool for tool in asked.tools.split(",") if tool in TOOLS]
    measure.describe()
    payload: dict[str, object] = {"tools": measure.versions(PACKAGES)}
    goals: list[measure.Goal] = []
    with tempfile.TemporaryDirectory(prefix="gd-bench-check-") as place:
        folder = Path(place)
        if asked.only != "time":
            wanted = programs(folder / "programs", asked.cases.split(",") if asked.cases else None)
            answers = collect(tools, wanted, folder)
            counts = [count(tool, answers) for tool in tools]
            show(counts)
            goals += goals_of(counts)
            payload["counts"] = [asdict(c) for c in counts]
            payload["said"] = [a.brief() for a in answers]
        if asked.only != "count":
            seconds = timed(tools, asked.repeats, folder)
            ratios = {
                tool: measure.median(a / b for a, b in zip(took, seconds["plain"], strict=True))
                for tool, took in seconds.items()
            }
            rows = [[tool, measure.number(ratio)] for tool, ratio in ratios.items()]
            measure.print_table(["a training under", "times its time"], rows)
            others = [ratio for tool, ratio in ratios.items() if tool not in ("plain", "ours")]
            if others and "ours" in ratios:
                goals.append(
                    measure.Goal(
                        "overhead against the least of the others", ratios["ours"], min(others)
                    )
                )
            payload |= {"seconds": seconds, "ratios": ratios}
    measure.print_goals(goals)
    if not asked.cases:
        measure.write_results("check", goals, **payload)
    return 0


def show(counts: list[Count]) -> None:
    """Print the table."""
    rows = [
        [
            c.tool, f"{c.found} of {c.asked}", str(c.apart), str(c.wrong),
            f"{c.twin_alarms} of {c.twins}", f"{c.healthy_alarms} of {c.healthy}", str(c.failed),
        ]
        for c in counts
    ]  # fmt: skip
    header = ["tool", "found", "told apart", "wrong", "alarms: twins", "healthy", "did not run"]
    measure.print_table(header, rows)


def goals_of(counts: list[Count]) -> list[measure.Goal]:
    ours = next((c for c in counts if c.tool == "ours"), None)
    if ours is None or not ours.asked:
        return []
    others = [c.found for c in counts if c.tool != "ours"]
    best = max(others, default=0)
    alarms_of_ours = ours.twin_alarms + ours.healthy_alarms
    return [
        measure.Goal("share found by ours", ours.found / ours.asked, 0.95, at_least=True),
        measure.Goal("found by ours, against the best other", ours.found, best, at_least=True),
        measure.Goal("false alarms of ours", alarms_of_ours, 0),
    ]


if __name__ == "__main__":
    sys.exit(main())
