"""No test touches what the user has: decoded images go into a cache of the session's own.

Nor does any leave a file in the checkout: programs under test write weights, logs and runs, which
belong into a folder of the test's own.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]  # only the outermost conftest may ask for one

# The rules' examples and a lesson's programs: importing one would train.
collect_ignore_glob = [
    *(f"src/goingdeep/check/rules/*/{name}.py" for name in ("bad*", "good", "fine_*")),
    "src/goingdeep/why/lessons/*/programs/*.py",
]


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GOINGDEEP_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("GOINGDEEP_SYSTEM_DATA", str(tmp_path_factory.mktemp("no-system")))
        yield


@pytest.fixture(scope="module")
def one_thread():
    """For models so small that a second thread only waits."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


ROOT = Path(__file__).parent
SOURCES = {".py", ".pyc", ".md", ".toml", ".ts", ".tsx", ".css", ".html", ".swp", ".txt"}
"""Endings of what somebody may be writing while tests run."""


def _files() -> set[str]:
    """Everything in the checkout that a program could have left there."""
    found: set[str] = set()
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [
            name for name in folders
            if not name.startswith(".") and name not in {"node_modules", "__pycache__"}
        ]  # fmt: skip
        found |= {
            os.path.join(folder, name)  # noqa: PTH118 - ten times as fast
            for name in names
            if not name.startswith(".") and os.path.splitext(name)[1] not in SOURCES  # noqa: PTH122
        }
    return found


@pytest.fixture(scope="session", autouse=True)
def _nothing_is_left_in_the_checkout():
    before = _files()
    yield
    if os.environ.get("REMAKE_SNAPSHOTS"):
        return  # which are meant to be left
    left = sorted(os.path.relpath(path, ROOT) for path in _files() - before)
    assert not left, f"a test has left these files: {', '.join(left[:20])}"
