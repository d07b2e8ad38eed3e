"""Each screen in each width, theme and record: readable by everyone, nothing sticks out, nothing said."""

from __future__ import annotations

import re

import pytest

from goingdeep.record import Curve

expect = pytest.importorskip("playwright.sync_api").expect

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


# Another look changes colours only: in it axe need not ask again about names, roles and order.
RULES = {
    "light": {},
    "dark": {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}},
    "forced": {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}},
}


@pytest.mark.parametrize(
    ("tab", "rules"), [(LOOKS[look], RULES[look]) for look in LOOKS], ids=LOOKS, indirect=["tab"]
)
@pytest.mark.parametrize("name", ["cnn", "finding"])
def test_axe_finds_nothing(tab, rules, axe, files, name):
    found = {}
    for screen in SCREENS if name == "cnn" else ("step", "findings"):
        tab.open(address(files[name], screen))
        page = tab.page
        page.wait_for_timeout(100)
        tab.unfold()
        page.wait_for_timeout(100)
        page.evaluate(f"(() => {{ {axe} }})()")
        result = page.evaluate(
            "rules => axe.run(document, { resultTypes: ['violations'], ...rules })", rules
        )
        assert result["passes"], "axe asked nothing"
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
        tab.unfold()
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
        expect(page.locator("nav a[aria-current]")).to_have_text(screen)
        expect(page.locator("main")).to_contain_text(re.compile(r"\S"))
    assert len(tab.requests) == 1
    assert tab.said == []


def test_the_theme_is_chosen_and_kept_in_the_address(tab, files):
    tab.open(files["mlp"])
    page = tab.page
    light = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    page.select_option("header .theme select", "dark")
    expect(page.locator("html")).not_to_have_css("background-color", light)
    expect(page).to_have_url(re.compile("theme=dark"))


def test_a_chart_is_a_table_too(tab, files, folders):
    tab.open(files["mlp"] + "#/curves")
    page = tab.page
    page.click("summary:text-is('loss as a table')")
    cells = page.locator(".chart >> nth=0").locator("tbody tr td")
    table = Curve.read(folders["mlp"] / "scalars" / "loss.npy").table()
    expect(cells).to_have_count(len(table))  # made only when it is opened
    rows = [float(text) for text in cells.all_inner_texts()]
    assert rows == pytest.approx(table[:, 3].tolist(), rel=1e-4)


def test_a_finding_leads_to_its_line(tab, files):
    tab.open(files["finding"])
    page = tab.page
    expect(page.locator(".findings-badge")).to_contain_text("1 finding")
    page.keyboard.press("f")
    expect(page.locator(".finding-card")).to_contain_text("double-softmax")
    page.click("text=Show me")
    expect(page.locator("nav a[aria-current]")).to_have_text("Step")
    expect(page.locator(".line.asked .mark.finding")).to_have_count(1)
    expect(page.locator(".line.asked .code")).to_contain_text("nn.Softmax")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".line.asked")).to_have_count(0)


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
