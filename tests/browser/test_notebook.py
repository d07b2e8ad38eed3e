"""A run that shows itself in a notebook still does after the export to HTML."""

from __future__ import annotations

import pytest

from goingdeep.viewed import notebook_html
from tests.browser.records import looked


class Run:
    """What `gd.train(...)` and `with gd.watch() as run` give, as far as a notebook asks."""

    def __init__(self, folder) -> None:
        self.folder = folder

    def __repr__(self) -> str:
        return "in words"

    def _repr_html_(self) -> str:
        return notebook_html(repr(self), self.folder)


def test_an_exported_notebook_still_shows_the_run(tab, folders, tmp_path):
    formatters = pytest.importorskip("IPython.core.formatters")
    nbconvert = pytest.importorskip("nbconvert")
    nbformat = pytest.importorskip("nbformat")
    data, metadata = formatters.DisplayFormatter().format(Run(folders["mlp"]))
    assert set(data) == {"text/plain", "text/html"}
    output = nbformat.v4.new_output("execute_result", data=data, metadata=metadata)
    cell = nbformat.v4.new_code_cell("gd.train()", outputs=[output], execution_count=1)
    notebook = nbformat.v4.new_notebook(cells=[cell])
    nbformat.validate(notebook)
    html, _ = nbconvert.HTMLExporter().from_notebook_node(notebook)
    page = tmp_path / "exported.html"
    page.write_text(html, encoding="utf-8")
    # The export itself asks for scripts of others; what we show must need none of them.
    tab.page.route("http*://**", lambda route: route.abort())
    tab.page.goto(page.as_uri())
    assert "in words" in tab.page.inner_text("body")
    inside = tab.page.frame_locator("iframe")
    inside.locator(".sentence").wait_for()
    first = looked(folders["mlp"])[1][0].sentence
    inside.locator(".in-words summary").click()
    inside.locator(".in-words li a", has_text=first).first.wait_for()
    inside.locator("nav a:text-is('Loss')").click()
    inside.locator(".compared").first.wait_for()
    assert not any("gd-source" in said or "srcdoc" in said for said in tab.said)
