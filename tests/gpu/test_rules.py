"""The rules' examples with all they make on the GPU: the same mistakes are found, and nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.rules.conftest import Watched, name_of
from tests.rules.test_rules import BAD, HEALTHY, PROGRAMS, loud, named

UNFIT = ("can't convert cuda", "same device", "CUDA error", "re-initialize CUDA", "for generator")
"""What PyTorch says where a program counts on the CPU: it takes arrays of its tensors, or forks."""

# What batches that lie on the GPU do not tell: only the first of a pass are read.
NOT_SEEN = {"eval-augmented"}


@pytest.fixture(scope="module")
def moved(request, tmp_path_factory):
    here = {
        item.callspec.params["script"] for item in request.session.items
        if getattr(item, "callspec", None) and item.path == Path(__file__)
    }  # fmt: skip
    folder = tmp_path_factory.mktemp("moved")
    running = Watched(folder, sorted(here), lambda _: False, on="cuda", at_once=os.cpu_count() or 1)
    yield running
    running.close()


def judged(moved: Watched, script: Path):
    try:
        return moved.report(script)
    except AssertionError as error:
        said = str(error)
        if "Traceback" in said and any(word in said for word in UNFIT):
            pytest.skip("it cannot run on a GPU")
        raise


# Whose mistake is that nothing is on the GPU; whose processes send tensors of the CPU to each other.
THERE = {"model-on-cpu-gpu-idle", "ddp-replicas-diverge"}


@pytest.mark.parametrize("script", [path for path in BAD if name_of(path) not in THERE], ids=named)
def test_the_mistake_is_found_and_nothing_else(moved, script):
    report = judged(moved, script)
    name = name_of(script)
    assert {rule for rule, _ in loud(report)} <= {name}, loud(report)
    if name not in [finding.rule for finding in report.findings]:
        assert name in NOT_SEEN
        assert name in report.not_checked, "nothing is said of what was not seen"


@pytest.mark.parametrize(
    "script", [path for path in (*HEALTHY, *PROGRAMS) if name_of(path) not in THERE], ids=named
)
def test_a_healthy_script_raises_no_alarm(moved, script):
    report = judged(moved, script)
    assert loud(report) == []
    failed = [why for why in report.not_checked.values() if why.startswith("the rule failed")]
    assert failed == []
