"""No test touches what the user has: decoded images go into a cache of the session's own."""

from __future__ import annotations

import pytest

pytest_plugins = ["pytester"]  # only the outermost conftest may ask for one

# The rules' examples are programs: importing one would train.
collect_ignore_glob = [
    f"src/goingdeep/check/rules/*/{name}.py" for name in ("bad*", "good", "fine_*")
]


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GOINGDEEP_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("GOINGDEEP_SYSTEM_DATA", str(tmp_path_factory.mktemp("no-system")))
        yield
