"""No loop here has a mistake, and none is said to: under frameworks too."""

from __future__ import annotations

import pytest

from goingdeep.check import check_processes
from tests.foreign.harness import FRAMEWORKS, LOOPS, PLAIN, watched
from tests.hints import check_hints

pytestmark = pytest.mark.filterwarnings("ignore", "error:::goingdeep")


MEANT = {"strange": {"nan-loss"}}
"""One of its losses is infinite, on purpose."""


@pytest.mark.parametrize("name", [*PLAIN, *FRAMEWORKS])
def test_a_healthy_loop_raises_no_alarm(name):
    seen = watched(name).seen
    assert seen is not None
    report = check_processes([seen])
    alarms = [f for f in report.findings if f.severity != "hint"]
    assert [(f.rule, f.message) for f in alarms if f.rule not in MEANT.get(name, ())] == []
    failed = {
        rule: why for rule, why in report.not_checked.items() if why.startswith("the rule failed")
    }
    assert failed == {}
    check_hints(LOOPS / f"{name}.py", report)
