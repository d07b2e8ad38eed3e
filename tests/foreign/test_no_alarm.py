"""No loop here has a mistake, and none is said to: under frameworks too."""

from __future__ import annotations

import pytest

from goingdeep.check import check_processes
from tests.foreign.harness import FRAMEWORKS, PLAIN, watched

pytestmark = pytest.mark.filterwarnings("ignore", "error:::goingdeep")


@pytest.mark.parametrize("name", [*PLAIN, *FRAMEWORKS])
def test_a_healthy_loop_raises_no_alarm(name):
    seen = watched(name).seen
    assert seen is not None
    report = check_processes([seen])
    assert [(f.rule, f.message) for f in report.findings if f.severity != "hint"] == []
    failed = {
        rule: why for rule, why in report.not_checked.items() if why.startswith("the rule failed")
    }
    assert failed == {}
