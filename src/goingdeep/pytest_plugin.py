"""The fixture `gd_watch` for pytest: watch a test's training, and assert that it is clean.

    def test_training(gd_watch):
        train(model, loader, epochs=1)
        gd_watch.assert_clean(allow=["unshuffled-train"])

pytest loads this file in every project where Going Deep is installed, so it imports nothing more
until the fixture is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Collection

    from goingdeep.check import Report
    from goingdeep.watched import Watch


class GdWatch:
    """A watch over the body of one test.

    Attributes:
        path: the run folder, for `gd show` and `gd view`; pytest keeps it as long as its others.
    """

    def __init__(self, path: Path, watch: Watch) -> None:
        self.path = path
        self._watch = watch
        self._report: Report | None = None

    def report(self) -> Report:
        """What the rules say of all that was trained in this test so far; ends the watch."""
        if self._report is None:
            self.stop()
            from goingdeep.checked import check_record

            self._report = check_record(self.path).report
        return self._report

    def assert_clean(self, allow: str | Collection[str] = ()) -> None:
        """Fail the test where a training in it shows an error or a warning; ends the watch.

        Hints do not count, and neither does what a comment, the project's settings or its baseline
        accept.

        Args:
            allow: rules whose findings do not count here; one can stand alone.
        Raises:
            AssertionError: with each finding, its line and its fix; also where no training was
                seen at all, for then nothing is known. UnknownNameError: no such rule.
        """
        __tracebackhide__ = True
        from goingdeep.check.catalogue import find
        from goingdeep.check.faces.text import one, summary
        from goingdeep.words import many

        allowed = {allow} if isinstance(allow, str) else set(allow)
        for name in allowed:
            find(name)
        report = self.report()
        if not report.judged:
            raise AssertionError("\n".join(summary(report)))
        found = [
            finding
            for finding in report.findings
            if finding.severity != "hint" and finding.rule not in allowed
        ]
        if found:
            rules = sorted({finding.rule for finding in found})
            headline = f"{many(len(found), 'finding')} of gd check: {', '.join(rules)}"
            raise AssertionError("\n\n".join([headline, *map(one, found)]))

    def stop(self) -> None:
        """End the watch; a second call does nothing."""
        self._watch.stop()


@pytest.fixture
def gd_watch(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[GdWatch]:
    """Watch whatever trains in this test."""
    import goingdeep as gd

    name = "".join(letter if letter.isalnum() else "-" for letter in request.node.name)[:40]
    path = tmp_path_factory.mktemp(f"gd-{name}") / "run"
    with gd.watch(path, quiet=True) as watch:
        yield GdWatch(path, watch)
