"""Begin a rule: `python tools/new_rule.py name-of-the-mistake` makes its folder."""

from __future__ import annotations

import re
import sys
from pathlib import Path

RULES = Path(__file__).parent.parent / "src" / "goingdeep" / "check" / "rules"

RULE = '''"""What goes wrong, in one sentence.

## What happens
What the program does, in plain words.

## Why it hurts
What it costs, in one sentence first: it stands in every finding.

## How to fix it
    the lines to paste

## When it is fine
What looks the same and is meant.

## Sources
owner/repository#1
"""

from __future__ import annotations

from collections.abc import Iterator

from goingdeep.check.rule import Finding, Rule
from goingdeep.check.run import Run

RULE = Rule("{name}", "warning", needs=("step",))

LEAST_STEPS = 3
"""Where this number comes from."""


def check(run: Run) -> Iterator[Finding]:
    """Yield a finding for each ... of which the record shows that ..."""
    for number, optimizer in run.optimizers.items():
        if number in run.by_optimizer and optimizer.site < -1:
            yield RULE.found(
                "{{steps}} steps ...",
                site=optimizer.site,
                fix="a line to paste",
                steps=run.steps,
            )
'''

SCRIPT = '''"""{what}"""

import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(64, 6)
y = (x.sum(1) > 0).long()
model = nn.Linear(6, 2)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

for step in range(10):
    chosen = torch.randperm(64)[:16]
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x[chosen]), y[chosen]).backward()
    optimizer.step()
'''


def main(name: str) -> int:
    """Make the folder; returns the exit code."""
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name):
        print(f"a rule is named after the mistake, in small letters with hyphens; got {name!r}")
        return 2
    folder = RULES / name.replace("-", "_")
    if folder.exists():
        print(f"{folder} is there already")
        return 2
    folder.mkdir()
    (folder / "rule.py").write_text(RULE.format(name=name), encoding="utf-8")
    (folder / "bad.py").write_text(SCRIPT.format(what="The mistake."), encoding="utf-8")
    (folder / "good.py").write_text(SCRIPT.format(what="The same without it."), encoding="utf-8")
    print(f"made {folder}: rule.py, bad.py, good.py")
    print(f"then: pytest tests/rules -k {folder.name}; python tools/make_rules.py")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else ""))
