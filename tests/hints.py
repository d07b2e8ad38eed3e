"""The hints of healthy programs: those that are listed in hints.txt, and no others.

Errors and warnings on a healthy program are defects; a hint may be right there. So each is looked at
once, and why it is right stands in the list.
"""

from __future__ import annotations

import functools
from pathlib import Path

from goingdeep.check import Finding, Report

ROOT = Path(__file__).parents[1]
LIST = Path(__file__).parent / "hints.txt"

NEW = """{program} raises a hint that tests/hints.txt does not list:
  line {line}: {source}
  hint[{rule}]: {message}
Would whoever wrote this program want to know it? Then add the line
  {program} | {rule} | why it is right there
Otherwise the rule says too much: mend it."""
GONE = """{program} no longer raises the hint {rule}, which tests/hints.txt lists because
  {why}
If that is meant, remove the line. Otherwise the rule has become blind: mend it."""


@functools.cache
def listed() -> dict[tuple[str, str], str]:
    """{(program, rule): why its hint is right there}."""
    lines = [line for line in LIST.read_text("utf-8").splitlines() if not line.startswith("#")]
    fields = [tuple(field.strip() for field in line.split("|")) for line in lines]
    return {(program, rule): why for program, rule, why in fields}


def check_hints(program: Path | str, report: Report) -> None:
    """Fail where a program's hints are not those that are listed for it."""
    name = str(program.relative_to(ROOT)) if isinstance(program, Path) else program
    raised: dict[str, Finding] = {}
    for finding in report.findings:
        if finding.severity == "hint":
            raised.setdefault(finding.rule, finding)
    known = {rule: why for (which, rule), why in listed().items() if which == name}
    complaints = [
        NEW.format(program=name, line=f.line, source=f.source, rule=rule, message=f.message)
        for rule, f in raised.items()
        if rule not in known
    ]
    complaints += [
        GONE.format(program=name, rule=rule, why=why)
        for rule, why in known.items()
        if rule not in raised
    ]
    assert not complaints, "\n\n".join(complaints)
