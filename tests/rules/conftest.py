"""Scripts that show a mistake, or its absence, watched for real and judged by every rule."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from goingdeep.check import Report, catalogue, check_run
from goingdeep.check.settings import CheckSettings

ROOT = Path(__file__).parents[2]
collect_ignore_glob = ["healthy/*", "styles/*"]  # importing one would train


class Watched:
    """Runs scripts in children of one parent, and judges what was recorded."""

    def __init__(
        self,
        folder: Path,
        scripts: list[Path],
        strict: Callable[[Path], bool],
        *,
        live: bool = True,
        on: str = "cpu",
        at_once: int = 0,
    ) -> None:
        self._strict, self._live, self._on = strict, live, on
        self._folders = {
            script: folder / f"{i}-{script.parent.name}-{script.stem}"
            for i, script in enumerate(scripts)
        }
        self._codes: dict[str, int] = {}
        self._reports: dict[Path, Report] = {}
        self._parent = subprocess.Popen(
            [sys.executable, "-m", "tests.rules.watched", *([str(at_once)] if at_once else [])],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
        )  # fmt: skip
        # All are asked for at once, so that they run on every core while results are read.
        self._asking = threading.Thread(target=self._ask)
        self._asking.start()

    def _ask(self) -> None:
        assert self._parent.stdin is not None
        with contextlib.suppress(BrokenPipeError), self._parent.stdin as pipe:
            for script, folder in self._folders.items():
                asked = {
                    "script": str(script),
                    "folder": str(folder),
                    "strict": self._strict(script),
                    "live": self._live,
                    "on": self._on,
                }
                pipe.write(json.dumps(asked) + "\n")

    def folder(self, script: Path) -> Path:
        """The run folder of a script that has ended well."""
        folder = self._folders[script]
        assert self._parent.stdout is not None
        while str(folder) not in self._codes:
            name, code = json.loads(self._parent.stdout.readline())
            self._codes[name] = code
        assert self._codes[str(folder)] == 0, (folder / "output.txt").read_text()
        return folder

    def report(self, script: Path) -> Report:
        """What every rule says of a script, those that are off by default included. Not to be changed."""
        if script not in self._reports:
            entry = catalogue().get(name_of(script))
            off = () if entry is None or entry.rule.on else (entry.rule.name,)
            self._reports[script] = check_run(self.folder(script), CheckSettings(enable=off))
        return self._reports[script]

    def close(self) -> None:
        self._parent.kill()
        self._asking.join()
        self._parent.wait()
        assert self._parent.stdout is not None
        self._parent.stdout.close()


def name_of(script: Path) -> str:
    """The rule that a script belongs to."""
    name = script.stem.partition("__")[0] if script.parent.name == "styles" else script.parent.name
    return name.replace("_", "-")


@pytest.fixture(scope="session")
def watched(request, tmp_path_factory) -> Iterator[Watched]:
    params = [getattr(item, "callspec", None) for item in request.session.items]
    scripts = {call.params["script"] for call in params if call and "script" in call.params}
    folder = tmp_path_factory.mktemp("watched")
    # Examples warn of nothing; programs in another style may, as real ones do.
    running = Watched(folder, sorted(scripts), lambda script: script.parent.name != "styles")
    yield running
    running.close()
