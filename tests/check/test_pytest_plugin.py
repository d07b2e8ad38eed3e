"""The fixture `gd_watch`, in projects of its own with a pytest of its own."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points

import pytest

from tests.no_dynamo import NO_DYNAMO

INSTALLED = any(one.value == "goingdeep.pytest_plugin" for one in entry_points(group="pytest11"))
LOADED = () if INSTALLED else ("-p", "goingdeep.pytest_plugin")
OPTIONS = (*LOADED, "-p", "no:randomly", "-p", "no:cacheprovider", "-p", "no:hypothesispytest")

TRAINING = (
    f"    {NO_DYNAMO}"
    """
    import torch
    import torch.nn.functional as F

    def train(steps, clears):
        torch.manual_seed(0)
        model = torch.nn.Linear(4, 3)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for _ in range(steps):
            loss = F.cross_entropy(model(torch.randn(8, 4)), torch.arange(8) % 3)
            if clears:
                optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        return loss.item()
"""
)


def test_a_training_is_asserted_to_be_clean(pytester, warm_python, monkeypatch):
    monkeypatch.setattr(sys, "executable", warm_python)
    pytester.makepyfile(training=TRAINING)
    pytester.makepyfile("""
        import pytest
        from training import train

        def test_clean(gd_watch, capfd):
            assert train(9, True) > 0
            gd_watch.assert_clean()
            gd_watch.assert_clean()
            assert capfd.readouterr() == ("", "")

        def test_wrong(gd_watch):
            train(9, False)
            gd_watch.assert_clean()

        def test_allowed(gd_watch):
            train(9, False)
            gd_watch.assert_clean(allow="grads-not-cleared")

        def test_after_it_another_can_be_watched(gd_watch):
            train(9, False)
            assert [finding.rule for finding in gd_watch.report().findings] == ["grads-not-cleared"]
            assert (gd_watch.path / "run.json").exists()

        def test_misspelled(gd_watch):
            train(9, True)
            gd_watch.assert_clean(allow=["grads-not-cleard"])

        def test_the_body_fails(gd_watch):
            train(9, False)
            assert train(1, True) < 0, "mine"
            gd_watch.assert_clean()

        def test_nothing_trains(gd_watch):
            gd_watch.assert_clean()

        @pytest.mark.parametrize("text", ["a/b ../\\x1b", "x" * 300])
        def test_names_of_any_kind(gd_watch, text):
            train(9, True)
            gd_watch.assert_clean()
    """)
    result = pytester.runpytest_subprocess(*OPTIONS)
    result.assert_outcomes(passed=5, failed=4)
    result.stdout.fnmatch_lines(
        [
            "*_ test_wrong _*",
            "E *AssertionError:*",
            "E *error?grads-not-cleared?: 8 of 9 updates used gradients left over*",
            "E * where: training.py:13  loss.backward()",
            "E * fix:   optimizer.zero_grad()*",
            "*_ test_misspelled _*",
            "*no rule called 'grads-not-cleard'*",
            "*did you mean grads-not-cleared?*",
            "*_ test_the_body_fails _*",
            "E *AssertionError: mine",
            "*_ test_nothing_trains _*",
            "E *AssertionError: nothing could be judged*",
        ]
    )
    assert "pytest_plugin.py:" not in result.stdout.str().split("test_wrong")[1].split("____")[0]


def test_several_pytests_at_once(pytester, warm_python):
    pytester.makepyfile(training=TRAINING)
    pytester.makepyfile("""
        from training import train

        def test_wrong(gd_watch):
            train(40, False)
            (finding,) = gd_watch.report().findings
            assert (finding.rule, finding.count) == ("grads-not-cleared", 39)
    """)
    words = [warm_python, "-m", "pytest", "-q", *OPTIONS, f"--basetemp={pytester.path}/base"]
    running = [
        subprocess.Popen([*words[:-1], f"{words[-1]}{i}"], cwd=pytester.path) for i in range(2)
    ]
    assert [one.wait() for one in running] == [0, 0]


@pytest.mark.slow
def test_several_processes_at_once(pytester):
    """As `pytest -n 2` runs them; each of the two trains, is watched, forks and fails by itself."""
    pytester.makepyfile(training=TRAINING)
    pytester.makepyfile("""
        import os
        import pytest
        from training import train

        @pytest.mark.parametrize("turn", range(2))
        def test_wrong(gd_watch, turn):
            train(40, False)
            (finding,) = gd_watch.report().findings
            assert (finding.rule, finding.count) == ("grads-not-cleared", 39)

        @pytest.mark.parametrize("turn", range(2))
        def test_fails(gd_watch, turn):
            train(9, False)
            gd_watch.assert_clean()

        @pytest.mark.parametrize("turn", range(2))
        def test_a_fork_is_not_watched(gd_watch, turn):
            train(4, True)
            child = os.fork()
            if not child:
                train(9, False)
                os._exit(0)
            assert os.waitpid(child, 0)[1] == 0
            train(5, True)
            gd_watch.assert_clean()
            assert gd_watch.report().steps == 9

        @pytest.mark.parametrize("turn", range(2))
        def test_one_inside_another_is_refused(gd_watch, turn):
            import goingdeep as gd
            with pytest.raises(gd.errors.WatchError, match="watched already"), gd.watch():
                pass
            train(9, True)
            gd_watch.assert_clean()
    """)
    result = pytester.runpytest_subprocess(*OPTIONS, "-n", "2", "--dist", "load")
    result.assert_outcomes(passed=6, failed=2)
    result.stdout.fnmatch_lines(["E *error?grads-not-cleared?: 8 of 9 updates*"])


def test_a_project_that_does_not_use_it_pays_nothing(pytester):
    pytester.makepyfile("""
        import sys

        def test_nothing_is_imported():
            ours = {name for name in sys.modules if name.startswith("goingdeep")}
            assert ours == {"goingdeep", "goingdeep.pytest_plugin"}
            assert "torch" not in sys.modules
            assert "msgspec" not in sys.modules
    """)
    pytester.runpytest_subprocess(*OPTIONS).assert_outcomes(passed=1)


def test_it_is_what_pytest_finds_by_itself():
    """What `pip install` tells pytest; an editable install of an older version may not know it."""
    import tomllib

    from tests.house.tree import ROOT

    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["entry-points"]["pytest11"] == {"goingdeep": "goingdeep.pytest_plugin"}


@pytest.fixture(autouse=True)
def _few_threads(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
