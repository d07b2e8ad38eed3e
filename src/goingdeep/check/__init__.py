"""Judging a run: rules over the record that find silent mistakes, each with its evidence.

    rule.py        what a rule is, and what it says
    run.py         the record as rules read it            channels.py   what a run may lack
    catalogue.py   the rules there are                    rules/        one folder each
    judge.py       running them                           report.py     what they said
    source.py      comments that accept a finding         baseline.py   findings that are known
    proof.py       remedies, and what they did            live.py        while a run goes on
    settings.py    [tool.goingdeep]                       faces/        text, JSON, SARIF, GitHub

For rules: steps.py, rates.py, curves.py, layers.py, parameters.py, owners.py (of parameters),
provenance.py (which line made what a loss was given); places.py looks for the line of the fix,
averages.py for a wrong mean, both in the source.

Never imports torch.
"""

from goingdeep.check.catalogue import catalogue
from goingdeep.check.judge import check_processes, check_run
from goingdeep.check.report import Report
from goingdeep.check.rule import Finding, NotSeen, Rule
from goingdeep.check.run import Run
from goingdeep.check.settings import CheckSettings, read_settings

__all__ = [
    "CheckSettings",
    "Finding",
    "NotSeen",
    "Report",
    "Rule",
    "Run",
    "catalogue",
    "check_processes",
    "check_run",
    "read_settings",
]
