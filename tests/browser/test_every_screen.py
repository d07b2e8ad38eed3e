"""Each screen in each width, theme and record: readable by everyone, nothing sticks out, nothing said."""

from __future__ import annotations

import pytest

from goingdeep.record import Curve

SCREENS = (
    "step", "batch", "layers", "loss", "backward", "optimizer", "modes", "curves", "results", "findings",
    "lessons", "data", "compare",
)  # fmt: skip
LOOKS = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "forced": {"color_scheme": "dark", "forced_colors": "active"},
}
WIDTHS = (320, 900, 1400)


def address(file: str, screen: str) -> str:
    return f"{file}#/step/2/op/4" if screen == "step" else f"{file}#/{screen}?step=2"


@pytest.mark.parametrize("tab", LOOKS.values(), ids=LOOKS, indirect=True)
@pytest.mark.parametrize("name", ["cnn", "finding"])
def test_axe_finds_nothing(tab, axe, files, name):
    found = {}
    for screen in SCREENS if name == "cnn" else ("step", "findings"):
        tab.open(address(files[name], screen))
        page = tab.page
        page.wait_for_timeout(100)
        page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
        page.wait_for_timeout(100)
        page.evaluate(f"(() => {{ {axe} }})()")
        result = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
        for violation in result["violations"]:
            places = [node["html"][:150] for node in violation["nodes"][:3]]
            found.setdefault(screen, []).append((violation["id"], violation["help"], places))
    assert found == {}


STICKS_OUT = """() => {
    const wide = document.documentElement.scrollWidth > innerWidth;
    return wide ? [...document.querySelectorAll('body *')]
        .filter(one => one.getBoundingClientRect().right > innerWidth + 1)
        .map(one => one.tagName + '.' + one.className).slice(0, 5) : [];
}"""


@pytest.mark.parametrize(
    "tab",
    [{"viewport": {"width": width, "height": 800}} for width in WIDTHS],
    ids=map(str, WIDTHS),
    indirect=True,
)
@pytest.mark.parametrize("name", ["cnn", "finding", "nan"])
def test_nothing_sticks_out(tab, files, name):
    for screen in SCREENS:
        tab.open(address(files[name], screen))
        tab.page.wait_for_timeout(60)
        tab.page.evaluate(
            "document.querySelectorAll('details').forEach(one => { one.open = true; })"
        )
        tab.page.wait_for_timeout(60)
        assert tab.page.evaluate(STICKS_OUT) == [], screen
    assert tab.said == []


def test_every_screen_is_reached_by_keyboard(tab, files):
    tab.open(files["cnn"])
    page = tab.page
    for screen in (
        "Batch",
        "Layers",
        "Loss",
        "Backward",
        "Optimizer",
        "Train and eval",
        "Curves",
        "Findings",
        "Data",
        "Compare",
    ):
        page.focus(f"nav a:text-is('{screen}')")
        page.keyboard.press("Enter")
        assert page.inner_text("nav a[aria-current]") == screen
        assert page.inner_text("main").strip()
    assert len(tab.requests) == 1
    assert tab.said == []


def test_the_theme_is_chosen_and_kept_in_the_address(tab, files):
    tab.open(files["mlp"])
    page = tab.page
    dark = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    page.select_option("header .theme select", "dark")
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") != dark
    assert "theme=dark" in page.url


def test_a_chart_is_a_table_too(tab, files, folders):
    tab.open(files["mlp"] + "#/curves")
    page = tab.page
    page.click("summary:text-is('loss as a table')")
    rows = page.locator(".chart >> nth=0").locator("tbody tr td").all_inner_texts()
    table = Curve.read(folders["mlp"] / "scalars" / "loss.npy").table()
    assert [float(row) for row in rows] == pytest.approx(table[:, 3].tolist(), rel=1e-4)


def test_a_finding_leads_to_its_line(tab, files):
    tab.open(files["finding"])
    page = tab.page
    assert "1 finding" in page.inner_text(".findings-badge")
    page.keyboard.press("f")
    assert "double-softmax" in page.inner_text(".finding-card")
    page.click("text=Show me")
    assert page.inner_text("nav a[aria-current]") == "Step"
    assert page.locator(".line.asked .mark.finding").count() == 1
    assert "nn.Softmax" in page.inner_text(".line.asked .code")
    page.keyboard.press("ArrowRight")
    page.locator(".line.asked").wait_for(state="detached")


def test_what_a_screen_reader_hears_of_a_step(tab, files):
    tab.open(files["mlp"] + "#/step/2/op/3")
    heard = tab.page.locator("main").aria_snapshot()
    for line in (
        '- region "Your source":',
        '- region "operation":',
        '- region "What exists now":',
        '- paragraph: "Flatten: 8x1x8x8 becomes 8x64',
    ):
        assert line in heard
    assert tab.page.locator("[aria-live=polite]").count() >= 1
