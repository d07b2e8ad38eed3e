"""The results of a run of `gd train`, against what it wrote: confusion, pictures of mistakes, scores."""

from __future__ import annotations

import json

import pytest

from goingdeep.view.single import write_page
from goingdeep.view.trace import Trace
from tests.view.conftest import train_tiny

expect = pytest.importorskip("playwright.sync_api").expect


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run with 32 test images of three classes, as one file."""
    folder = train_tiny(tmp_path_factory.mktemp("trained") / "run")
    write_page(Trace(folder), folder / "page.html")
    return folder


def test_a_cell_of_the_confusion_shows_the_pictures_that_were_confused(tab, trained):
    test = json.loads((trained / "result.json").read_text())["test"]
    tab.open(f"{(trained / 'page.html').as_uri()}#/results")
    page = tab.page
    rows = page.locator("table.confusion tbody tr").all()
    shown = [[int(cell) for cell in row.locator("td").all_inner_texts()] for row in rows]
    assert shown == test["confusion"]
    label, taken = max(
        ((i, j) for i in range(3) for j in range(3) if i != j), key=lambda at: shown[at[0]][at[1]]
    )
    rows[label].locator("td button").nth(taken).click()
    pictures = page.locator("ul.grid li")
    expect(pictures).to_have_count(shown[label][taken])
    for words in pictures.locator("canvas").evaluate_all("all => all.map(one => one.ariaLabel)"):
        assert words.startswith(f"{label}, taken for {taken} with ")
    recall = page.locator("table:has(caption:text-is('By class')) tbody tr td:nth-of-type(2)")
    percents = [float(cell.removesuffix(" %")) for cell in recall.all_inner_texts()]
    known = [100 * one["recall"] for one in test["per_class"]]
    assert percents == pytest.approx(known, abs=0.051)
    assert tab.said == []


@pytest.mark.parametrize(
    "tab", [{"color_scheme": "dark", "viewport": {"width": 320, "height": 800}}], indirect=True
)
def test_results_can_be_read_by_everyone(tab, axe, trained):
    tab.open(f"{(trained / 'page.html').as_uri()}#/results")
    page = tab.page
    page.wait_for_selector("ul.grid canvas")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.evaluate(f"(() => {{ {axe} }})()")
    result = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    assert [(v["id"], v["nodes"][0]["html"][:120]) for v in result["violations"]] == []
    page.locator("main a", has_text="the evaluation after step").click()
    expect(page.locator(".badge")).to_contain_text("EVAL")
    expect(page.locator(".card").first).to_be_visible()
