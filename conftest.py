"""No test touches what the user has: decoded images go into a cache of the session's own.

Nor does any leave a file in the checkout: programs under test write weights, logs and runs, which
belong into a folder of the test's own.
"""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from _pytest.doctest import DoctestModule

pytest_plugins = ["pytester"]  # only the outermost conftest may ask for one

# The rules' examples and a lesson's programs: importing one would train. tests/warm is programs, too.
collect_ignore_glob = [
    "tests/warm/*",
    *(f"src/goingdeep/check/rules/*/{name}.py" for name in ("bad*", "good", "fine_*")),
    "src/goingdeep/why/lessons/*/programs/*.py",
]


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(file_path: Path) -> Generator[None, list[Any], list[Any]]:
    """Import a file for its doctests only where it has some: each process of tests would."""
    found = yield
    if found and ">>>" not in file_path.read_text("utf-8", "replace"):
        found = [one for one in found if not isinstance(one, DoctestModule)]
    return found


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GOINGDEEP_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("GOINGDEEP_SYSTEM_DATA", str(tmp_path_factory.mktemp("no-system")))
        yield


@pytest.fixture(scope="session", autouse=True)
def _interrupts_are_heard() -> Iterator[None]:
    """A shell starts what runs in its background with SIGINT ignored, and children inherit that.

    A program that a test interrupts would then run for ever.
    """
    before = signal.getsignal(signal.SIGINT)
    if before is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="module")
def one_thread() -> Iterator[None]:
    """For models so small that a second thread only waits."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def warm_python() -> Iterator[str]:
    """A Python to call in the place of `sys.executable`, which has torch imported: see tests/warm."""
    from tests.warm import Warm

    warm = Warm()
    yield warm.python
    warm.close()


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Put what was imported out of the collector's way: it never goes, and is looked through often.

    With torch a full collection takes a quarter of a second; tests whose models and loaders hold each
    other in circles meet hundreds.
    """
    gc.collect()
    gc.freeze()


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
def _nothing_is_left_in_the_checkout() -> Iterator[None]:
    before = _files()
    yield
    if os.environ.get("REMAKE_SNAPSHOTS"):
        return  # which are meant to be left
    left = sorted(os.path.relpath(path, ROOT) for path in _files() - before)
    assert not left, f"a test has left these files: {', '.join(left[:20])}"


# ------------------------------------------------------------- two processes (pytest -n 2)

TOGETHER = ("tests/foreign", "tests/browser", "tests/cli", "tests/lessons/test_")
"""What shares something dear within a process, and so stays in one: imported frameworks, a Chromium
and its records, a parent that has imported torch, a trained model."""

ALONE = {"tests/lessons/test_answers_page.py"}
"""Files among them that share nothing."""

FIRST = (
    "tests/foreign", "tests/cli", "tests/browser", "tests/rules", "tests/cases", "tests/lessons",
    "tests/why", "tests/watch/test_ranks.py", "tests/check/test_pytest_plugin.py",
)  # fmt: skip
"""The dearest, in order: one of them begun last would keep one process waiting for the other."""


def _piece(nodeid: str) -> str:
    """What goes to one process as a whole: a file, or several that belong together."""
    file = nodeid.split("::", 1)[0]
    return next((one for one in TOGETHER if file.startswith(one) and file not in ALONE), file)


@pytest.hookimpl(trylast=True)  # after pytest-randomly, whose order stays where this says nothing
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the dearest first."""

    def rank(item: pytest.Item) -> int:
        return next((i for i, one in enumerate(FIRST) if item.nodeid.startswith(one)), len(FIRST))

    items.sort(key=rank)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Hand out pieces in the order of collection."""
    from xdist.scheduler import LoadScopeScheduling

    config.option.loadscopereorder = False  # by the number of tests, which says nothing of the time
    scheduler = LoadScopeScheduling(config, log)
    scheduler._split_scope = _piece  # noqa: SLF001 - as its own subclasses do
    return scheduler
