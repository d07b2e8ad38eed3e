"""Two runs over each other, and what can be kept of a screen: against the records themselves."""

from __future__ import annotations

import csv
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from PIL import Image

from goingdeep.record import Curve
from goingdeep.record.look import LookBackward
from goingdeep.view.single import write_page
from goingdeep.view.trace import Trace
from tests.browser.conftest import serving
from tests.browser.records import looked, of


@pytest.fixture(scope="module")
def both(folders, tmp_path_factory) -> str:
    """The run with a softmax too many beside the plain one, in one file."""
    path = tmp_path_factory.mktemp("both") / "both.html"
    write_page(Trace(folders["finding"], other=folders["mlp"]), path)
    return path.as_uri()


def rows(page, caption: str) -> list[list[str]]:
    table = page.locator(f"table:has(caption:text-is('{caption}'))")
    return [
        [cell.strip() for cell in row.locator("th, td").all_inner_texts()]
        for row in table.locator("tbody tr").all()
    ]


def test_two_runs_are_compared_in_all_they_are(tab, both):
    tab.open(both + "#/compare")
    page = tab.page
    page.wait_for_selector("text=What came of it")
    differ = {name: (one, other) for name, one, other in rows(page, "Settings")}
    assert differ["optimizer"] == ("Adam", "SGD")
    assert differ["optimizer: lr"] == ("0.01", "0.1")
    assert "loader training: batch size" not in differ  # it is the same
    code = page.inner_text("[role=region][aria-label^='finding.py']")
    assert "− optimizer = torch.optim.Adam(model.parameters(), lr=0.01)" in code
    assert "+ optimizer = torch.optim.SGD(" in code
    assert "− 4: Softmax" in page.inner_text("[role=region][aria-label='Layers']")
    found = {row[0].split()[-1]: row[1:3] for row in rows(page, "Findings")}
    assert found["double-softmax"] == ["found", "–"]
    steps = rows(page, "Compare two steps")
    assert any("cross_entropy" in row[0] and row[1] != row[2] for row in steps)
    page.select_option("label:has-text('with step') select", "2")
    page.wait_for_selector("text=Step 1 beside step 2")
    page.wait_for_url(re.compile("with=2"))
    assert len(tab.requests) == 1
    assert tab.said == []


def kept(tab, name: str, way: str, tmp_path):
    """Save a chart of the screen by its button in the dialog."""
    tab.page.click("header button:text-is('Export')")
    item = tab.page.locator(f"ul.exports li:has(span:text-is('{name}'))")
    with tab.page.expect_download() as download:
        item.locator(f"button:text-is('{way}')").click()
    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)
    tab.page.keyboard.press("Escape")
    return path


def test_the_numbers_of_both_curves_are_those_of_the_records(tab, both, folders, tmp_path):
    tab.open(both + "#/compare")
    tab.page.wait_for_selector("figure.chart")
    path = kept(tab, "loss", "CSV", tmp_path)
    assert path.name == "finding-loss.csv"
    lines = list(csv.reader(path.read_text().splitlines()))
    assert lines[0] == ["line", "first", "last", "lowest", "mean", "highest"]
    for name in ("finding", "mlp"):
        table = Curve.read(folders[name] / "scalars" / "loss.npy").table()
        mine = np.array([line[1:] for line in lines if line[0] == name], dtype=float)
        assert np.array_equal(mine[:, 0], table[:, 0])
        assert np.array_equal(mine[:, 2:], table[:, 2:])


def test_the_counts_of_a_histogram_are_kept(tab, files, folders, tmp_path):
    [*_, gradient] = of(LookBackward, looked(folders["mlp"])[2]).gradients
    tab.open(files["mlp"] + "#/backward?step=2")
    title = tab.page.locator(".spreads svg").last.get_attribute("aria-label")
    lines = list(csv.reader(kept(tab, title, "CSV", tmp_path).read_text().splitlines()))
    assert lines[0] == ["from", "to", "count"]
    table = np.array(lines[1:], dtype=float)
    assert table[:, 2].tolist() == list(gradient.histogram)
    edges = np.linspace(-gradient.largest, gradient.largest, 41)
    assert np.allclose(table[:, 0], edges[:-1])
    assert np.allclose(table[:, 1], edges[1:])


def test_a_picture_of_a_chart_stands_alone(tab, both, tmp_path):
    tab.open(both + "#/compare")
    tab.page.wait_for_selector("figure.chart")
    drawing = ET.fromstring(kept(tab, "loss", "SVG", tmp_path).read_text())
    space = {"": "http://www.w3.org/2000/svg"}
    said = {text.text for text in drawing.iterfind(".//text", space)}
    assert {"loss", "finding", "mlp"} <= said
    strokes = {path.get("stroke") for path in drawing.iterfind(".//path", space)}
    assert len(strokes) == 2
    assert not any("class" in one.attrib or "style" in one.attrib for one in drawing.iter())
    picture = Image.open(kept(tab, "loss", "PNG", tmp_path)).convert("RGB")
    assert picture.size == tuple(2 * int(drawing.get(side)) for side in ("width", "height"))
    assert len(picture.getcolors(1 << 20)) > 10
    assert tab.said == []


def test_the_server_compares_too_and_gives_the_page_as_one_file(tab, folders, tmp_path):
    with serving(folders["finding"], other=folders["nan"]) as address:
        tab.open(address.replace("#/?", "#/compare?"))
        tab.page.wait_for_selector("text=finding beside nan")
        # Another one is chosen on the page; the address keeps the choice.
        choice = tab.page.locator("label:has-text('Compare with') select")
        choice.select_option(choice.locator("option", has_text="mlp").get_attribute("value"))
        tab.page.wait_for_selector("text=finding beside mlp")
        tab.page.wait_for_selector("figure.chart")
        tab.page.reload()
        tab.page.wait_for_selector("text=finding beside mlp")
        tab.page.wait_for_selector("figure.chart")
        path = kept(tab, "The whole page as one file, which works offline", "HTML", tmp_path)
        tab.page.goto("about:blank")  # or it asks the server after its end, and says so
    tab.open(path.as_uri() + "#/compare")
    tab.page.wait_for_selector("text=finding beside mlp")
    assert tab.page.locator("label:has-text('Compare with')").count() == 0
    assert len(tab.requests) == 1
    assert tab.said == []


def test_a_table_is_kept_as_it_is_shown(tab, both, tmp_path):
    tab.open(both + "#/compare")
    tab.page.wait_for_selector("text=What came of it")
    path = kept(tab, "Settings, as a table", "CSV", tmp_path)
    assert ["optimizer: lr", "0.01", "0.1"] in list(csv.reader(path.read_text().splitlines()))


@pytest.mark.parametrize(
    "tab", [{"color_scheme": "dark", "viewport": {"width": 320, "height": 800}}], indirect=True
)
def test_both_can_be_read_by_everyone(tab, axe, both):
    tab.open(both + "#/compare")
    page = tab.page
    page.wait_for_selector("figure.chart")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for opened in (False, True):
        if opened:
            page.click("header button:text-is('Export')")
            page.wait_for_selector("ul.exports button")
        page.evaluate(f"(() => {{ {axe} }})()")
        result = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
        assert [
            (v["id"], [n["html"][:120] for n in v["nodes"]]) for v in result["violations"]
        ] == []
