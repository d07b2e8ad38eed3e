"""The step player against the record: every operation by keyboard, from a file, with one request."""

from __future__ import annotations

import math
import re

import pytest

from goingdeep.record import look
from tests.browser.records import PROGRAMS, looked, of

expect = pytest.importorskip("playwright.sync_api").expect

NOT_LOOKED = "This operation was seen, but not looked at closely."


def shown(page) -> tuple[str, bool]:
    """The sentence of the operation, and whether the record has a close look at it."""
    panel = page.inner_text(".anatomy-panel")
    return page.inner_text(".anatomy-panel .sentence"), NOT_LOOKED not in panel


def at(page) -> tuple[int, int]:
    words = page.inner_text(".walk .quiet").split()
    return int(words[1]), int(words[3])


def arrived(page, here: int) -> None:
    """Wait until the page is at an operation, counted from 1."""
    expect(page.locator(".walk .quiet")).to_have_text(re.compile(rf"^\s*\S+ {here} "))


def walked(page) -> list[str]:
    """Press the right arrow to the end; the sentences that are the record's own."""
    page.keyboard.press("Home")
    arrived(page, 1)
    found = []
    while True:
        sentence, recorded = shown(page)
        if recorded:
            found.append(sentence)
        here, last = at(page)
        if here == last:
            return found
        page.keyboard.press("ArrowRight")
        arrived(page, here + 1)


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_operation_is_reached_and_says_what_the_record_says(tab, files, folders, name):
    tab.open(files[name])
    record = looked(folders[name])
    assert len(record) >= 4
    for step, parts in record.items():
        expect(tab.page.locator("header .steps select")).to_have_value(str(step))
        assert walked(tab.page) == [part.sentence for part in parts]
        tab.page.keyboard.press("PageDown")
    assert tab.requests == [tab.page.url.split("#")[0]]
    assert tab.said == []


def test_left_goes_back_and_shift_goes_by_phase(tab, files):
    tab.open(files["mlp"] + "#/step/2/op/0")
    page = tab.page
    phase = page.locator(".phase.here")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    expect(phase).to_contain_text("forward")
    first, last = at(page)
    page.keyboard.press("Shift+ArrowRight")
    expect(phase).to_contain_text("loss")
    page.keyboard.press("ArrowLeft")
    expect(phase).to_contain_text("forward")
    assert at(page)[0] > first
    page.keyboard.press("Shift+ArrowLeft")
    arrived(page, first)
    page.keyboard.press("End")
    arrived(page, last)


def test_a_reload_keeps_the_place(tab, files):
    tab.open(files["cnn"])
    page = tab.page
    page.keyboard.press("PageDown")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    place = re.compile(r"#/step/2/op/3$")
    expect(page).to_have_url(place)
    arrived(page, 4)
    before = shown(page)
    page.reload()
    arrived(page, 4)
    expect(page).to_have_url(place)
    assert shown(page) == before


PAINTED = """() => [...document.querySelectorAll('canvas')].every(one =>
    one.getContext('2d').getImageData(0, 0, one.width, one.height).data.some(value => value))"""
DRAWN = """() => [document.querySelector('.player').innerHTML.replaceAll(/ title=""/g, ''),
    ...[...document.querySelectorAll('canvas')].map(one =>
        one.getContext('2d').getImageData(0, 0, one.width, one.height).data.join())]"""


def test_a_place_looks_the_same_whichever_way_it_was_reached(tab, files):
    tab.open(files["mlp"])
    page = tab.page
    for keys, step, here in (
        (["ArrowRight"] * 3, 1, 4), (["PageDown", "End"], 2, 10), (["ArrowLeft"] * 6, 2, 4),
    ):  # fmt: skip
        for key in keys:
            page.keyboard.press(key)
        expect(page).to_have_url(re.compile(rf"#/step/{step}/op/{here - 1}$"))
        page.wait_for_function(PAINTED)  # a picture comes after its words
        before = page.evaluate(DRAWN)
        page.reload()
        arrived(page, here)
        page.wait_for_function(PAINTED)
        assert page.evaluate(DRAWN) == before


def test_back_in_the_browser_goes_to_the_step_before(tab, files):
    tab.open(files["mlp"])
    tab.page.keyboard.press("PageDown")
    step = tab.page.locator("header .steps select")
    expect(step).to_have_value("2")
    expect(tab.page).to_have_url(re.compile(r"#/step/2\b"))
    tab.page.go_back()
    expect(step).to_have_value("1")


def test_the_line_that_runs_is_marked(tab, files, folders):
    tab.open(files["mlp"] + "#/step/2/op/0")
    page = tab.page
    lines = PROGRAMS["mlp"].splitlines()
    for phase, code in (
        ("loss", "loss = loss_fn(scores, labels)"),
        ("backward", "loss.backward()"),
        ("step", "optimizer.step()"),
    ):
        page.click(f".phase.{phase} button")
        expect(page.locator(".line.now .code")).to_have_text(code)
        assert lines[int(page.inner_text(".line.now .line-number")) - 1].strip() == code


def test_a_line_leads_to_its_operations(tab, files):
    tab.open(files["mlp"] + "#/step/2/op/0")
    tab.page.click(".line:has-text('loss.backward()') .mark")
    expect(tab.page.locator(".anatomy-panel .sentence")).to_have_text(
        re.compile("^backward reached")
    )


def test_calls_inside_a_forward_have_their_own_line(tab, files):
    tab.open(files["cnn"] + "#/step/2/op/0")
    page = tab.page
    while not shown(page)[0].startswith("Conv2d"):
        here, last = at(page)
        assert here < last
        page.keyboard.press("ArrowRight")
        arrived(page, here + 1)
    expect(page.locator(".line.now .code")).to_contain_text("self.conv(x)")


def test_what_changed_is_marked_and_leads_back(tab, files):
    tab.open(files["mlp"] + "#/step/2/op/0")
    page = tab.page
    changed = page.locator(".things .changed")
    page.click(".phase.backward button")
    expect(changed.locator(".thing-name")).to_have_text("gradients")
    expect(changed).to_contain_text("4 with values")
    made = at(page)[0]
    page.click(".phase.step button")
    expect(changed.first).to_contain_text("parameters")
    page.click(".things button:has-text('gradients')")
    arrived(page, made)


def test_a_step_that_was_not_looked_at_says_so(tab, files):
    tab.open(files["mlp"] + "#/step/7")
    said = tab.page.locator(".problem")
    expect(said).to_contain_text("Step 7 was not looked at closely")
    expect(said).to_contain_text("step 8")


def test_training_and_evaluation_have_their_badges(tab, files):
    tab.open(files["cnn"] + "#/step/4/op/3")
    badge = tab.page.locator(".badge")
    expect(badge).to_contain_text("TRAIN")
    tab.page.click(".part")
    expect(badge).to_contain_text("EVAL")
    tab.page.click(".part")
    expect(badge).to_contain_text("TRAIN")


def test_help_opens_and_closes_by_keyboard(tab, files):
    tab.open(files["mlp"])
    dialog = tab.page.locator("dialog")
    tab.page.keyboard.press("?")
    expect(dialog).to_be_visible()
    before = at(tab.page)
    tab.page.keyboard.press("ArrowRight")
    tab.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    assert at(tab.page) == before
    tab.page.keyboard.press("ArrowRight")
    arrived(tab.page, before[0] + 1)


def test_the_step_in_words_is_the_record(tab, files, folders):
    tab.open(files["finding"] + "#/step/2")
    tab.page.click(".in-words summary")
    words = [part.sentence for part in looked(folders["finding"])[2]]
    expect(tab.page.locator(".in-words li a")).to_have_text(words, use_inner_text=True)


class TestPredict:
    def test_nothing_is_given_away(self, tab, files):
        tab.open(files["mlp"] + "#/step/2/op/0?predict=1")
        page = tab.page
        page.click(".phase.loss button")
        expect(page.locator(".phase.here")).to_contain_text("loss")
        sentence = page.inner_text(".anatomy-panel .sentence")
        assert "cross_entropy of" not in page.inner_text("main")
        assert "loss" not in page.inner_text(".things")
        page.click(".choices button >> nth=0")
        expect(page.locator(".flow")).to_be_visible()
        expect(page.locator(".anatomy-panel .sentence")).not_to_have_text(sentence)
        expect(page.locator(".anatomy-panel")).to_contain_text("cross_entropy of")
        expect(page.locator(".things")).to_contain_text("loss")

    def test_the_right_shape_is_right(self, tab, files):
        tab.open(files["mlp"] + "#/step/2/op/0?predict=1")
        page = tab.page
        page.click(".phase.forward button")
        page.keyboard.press("ArrowRight")
        page.wait_for_selector(".choices button:text-is('8×64')")
        choices = page.locator(".choices button").all_inner_texts()
        assert len(set(choices)) == len(choices) >= 3
        page.click(".choices button:text-is('8×64')")
        expect(page.locator(".answer")).to_contain_text("Right")

    def test_other_screens_ask_before_they_work_it_out(self, tab, files, folders):
        parts = looked(folders["mlp"])[2]
        [weight, *_] = of(look.LookStep, parts).weights
        row = of(look.LookLoss, parts).rows[3]
        for screen, right in (
            ("optimizer", "up" if weight.after > weight.before else "down"),
            ("loss", "higher" if row.loss > math.log(3) else "lower"),
        ):
            tab.open(files["mlp"] + f"#/{screen}?step=2&sample=3&predict=1")
            assert tab.page.locator(".compared").count() == 0
            tab.page.click(f".choices button:text-is('{right}')")
            expect(tab.page.locator(".answer")).to_contain_text("Right")
            expect(tab.page.locator(".compared").first).to_contain_text("equal, but for rounding")

    def test_a_wrong_answer_says_the_right_one(self, tab, files):
        tab.open(files["mlp"] + "#/step/2/op/0?predict=1")
        page = tab.page
        page.click(".phase.clear button")
        page.click(".choices button:has-text('zeros')")
        expect(page.locator(".answer")).to_have_text(re.compile(r"It is: None\.$"))
        page.keyboard.press("p")
        expect(page.locator(".answer")).to_have_count(0)
