"""The cases and their twins, watched for real."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from goingdeep.check import Report, check_run
from tests.cases.reading import Case
from tests.rules.conftest import Watched

collect_ignore_glob = ["programs/*", "healthy/*"]  # importing one would train


class Cases:
    """Runs cases, their twins and healthy programs, and judges what was recorded of them."""

    def __init__(self, folder: Path, cases: list[Case], healthy: list[Path]) -> None:
        twins = folder / "twins"
        twins.mkdir()
        for case in cases:
            (twins / case.path.name).write_text(case.twin)
        self._twins = twins
        # Those with a framework last: a parent that has imported it forks more slowly.
        ordered = sorted(cases, key=lambda case: (case.frameworks, case.name))
        scripts = [path for case in ordered for path in (case.path, twins / case.path.name)]
        self._watched = Watched(folder, [*scripts, *healthy], lambda _: False, live=False)
        self._reports: dict[Path, Report] = {}

    def report(self, case: Case) -> Report:
        """What all rules say of the case."""
        return self._report(case.path)

    def twin_report(self, case: Case) -> Report:
        """What all rules say of its mended twin."""
        return self._report(self._twins / case.path.name)

    def healthy_report(self, script: Path) -> Report:
        """What all rules say of a healthy program."""
        return self._report(script)

    def _report(self, script: Path) -> Report:
        if script not in self._reports:
            self._reports[script] = check_run(self._watched.folder(script))
        return self._reports[script]

    def close(self) -> None:
        self._watched.close()


@pytest.fixture(scope="session")
def judged(request, tmp_path_factory) -> Iterator[Cases]:
    """Every case and program that a collected test asks for."""
    here = Path(__file__).parent  # other tests have a `case` and a `program` of their own
    params = [
        getattr(item, "callspec", None)
        for item in request.session.items
        if item.path.parent == here
    ]
    cases = {call.params["case"] for call in params if call and "case" in call.params}
    healthy = {call.params["program"] for call in params if call and "program" in call.params}
    running = Cases(tmp_path_factory.mktemp("cases"), list(cases), sorted(healthy))
    yield running
    running.close()
