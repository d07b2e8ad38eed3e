"""The step player against the record: every operation by keyboard, from a file, with one request."""

from __future__ import annotations

import pytest

from tests.browser.records import PROGRAMS, looked

NOT_LOOKED = "This operation was seen, but not looked at closely."


def shown(page) -> tuple[str, bool]:
    """The sentence of the operation, and whether the record has a close look at it."""
    return page.inner_text(".anatomy-panel .sentence"), NOT_LOOKED not in page.inner_text(
        ".anatomy-panel"
    )


def at(page) -> tuple[int, int]:
    words = page.inner_text(".walk .quiet").split()
    return int(words[1]), int(words[3])


def walked(page) -> list[str]:
    """Press the right arrow to the end; the sentences that are the record's own."""
    page.keyboard.press("Home")
    found = []
    while True:
        sentence, recorded = shown(page)
        if recorded:
            found.append(sentence)
        here, last = at(page)
        if here == last:
            return found
        page.keyboard.press("ArrowRight")
        page.wait_for_function(
            "n => document.querySelector('.walk .quiet').innerText.split(' ')[1] == n", arg=here + 1
        )


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_operation_is_reached_and_says_what_the_record_says(tab, files, folders, name):
    tab.open(files[name])
    record = looked(folders[name])
    assert len(record) >= 4
    for step, parts in record.items():
        assert tab.page.input_value("header select") == str(step)
        assert walked(tab.page) == [part.sentence for part in parts]
        tab.page.keyboard.press("PageDown")
    assert tab.requests == [tab.page.url.split("#")[0]]
    assert tab.said == []


def test_left_goes_back_and_shift_goes_by_phase(tab, files):
    tab.open(files["mlp"] + "#/step/2/op/0")
    page = tab.page
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    assert "forward" in page.inner_text(".phase.here")
    first = at(page)[0]
    page.keyboard.press("Shift+ArrowRight")
    assert "loss" in page.inner_text(".phase.here")
    page.keyboard.press("ArrowLeft")
    assert "forward" in page.inner_text(".phase.here")
    page.keyboard.press("Shift+ArrowLeft")
    assert at(page)[0] == first
    page.keyboard.press("End")
    assert at(page)[0] == at(page)[1]


def test_a_reload_keeps_the_place(tab, files):
    tab.open(files["cnn"])
    page = tab.page
    page.keyboard.press("PageDown")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    before = page.url, shown(page)
    assert before[0].endswith("#/step/2/op/3")
    page.reload()
    page.wait_for_selector(".sentence")
    assert (page.url, shown(page)) == before


def test_back_in_the_browser_goes_to_the_step_before(tab, files):
    tab.open(files["mlp"])
    tab.page.keyboard.press("PageDown")
    assert tab.page.input_value("header select") == "2"
    tab.page.go_back()
    tab.page.wait_for_function("document.querySelector('header select').value == '1'")


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
        assert page.inner_text(".line.now .code").strip() == code
        assert lines[int(page.inner_text(".line.now .line-number")) - 1].strip() == code


def test_a_line_leads_to_its_operations(tab, files):
    tab.open(files["mlp"] + "#/step/2/op/0")
    tab.page.click(".line:has-text('loss.backward()') .mark")
    assert shown(tab.page)[0].startswith("backward reached")


def test_calls_inside_a_forward_have_their_own_line(tab, files):
    tab.open(files["cnn"] + "#/step/2/op/0")
    page = tab.page
    while not shown(page)[0].startswith("Conv2d"):
        page.keyboard.press("ArrowRight")
    assert "self.conv(x)" in page.inner_text(".line.now .code")


def test_what_changed_is_marked_and_leads_back(tab, files):
    tab.open(files["mlp"] + "#/step/2/op/0")
    page = tab.page
    page.click(".phase.backward button")
    assert page.inner_text(".things .changed .thing-name") == "gradients"
    assert "4 with values" in page.inner_text(".things .changed")
    made = at(page)[0]
    page.click(".phase.step button")
    assert "parameters" in page.inner_text(".things .changed >> nth=0")
    page.click(".things button:has-text('gradients')")
    assert at(page)[0] == made


def test_a_step_that_was_not_looked_at_says_so(tab, files):
    tab.open(files["mlp"] + "#/step/7")
    said = tab.page.inner_text(".problem")
    assert "Step 7 was not looked at closely" in said
    assert "step 8" in said


def test_training_and_evaluation_have_their_badges(tab, files):
    tab.open(files["cnn"] + "#/step/4/op/3")
    page = tab.page
    assert "TRAIN" in page.inner_text(".badge")
    page.click(".part")
    assert "EVAL" in page.inner_text(".badge")
    page.click(".part")
    assert "TRAIN" in page.inner_text(".badge")


def test_help_opens_and_closes_by_keyboard(tab, files):
    tab.open(files["mlp"])
    tab.page.keyboard.press("?")
    assert tab.page.is_visible("dialog")
    before = shown(tab.page)
    tab.page.keyboard.press("ArrowRight")
    assert shown(tab.page) == before
    tab.page.keyboard.press("Escape")
    tab.page.wait_for_selector("dialog", state="detached")


def test_the_step_in_words_is_the_record(tab, files, folders):
    tab.open(files["finding"] + "#/step/2")
    tab.page.click(".in-words summary")
    words = tab.page.locator(".in-words li a").all_inner_texts()
    assert [part.sentence for part in looked(folders["finding"])[2]] == words


class TestPredict:
    def test_nothing_is_given_away(self, tab, files):
        tab.open(files["mlp"] + "#/step/2/op/0?predict=1")
        page = tab.page
        page.click(".phase.loss button")
        sentence = page.inner_text(".anatomy-panel .sentence")
        assert "cross_entropy of" not in page.inner_text("main")
        assert "loss" not in page.inner_text(".things")
        page.click(".choices button >> nth=0")
        page.wait_for_selector(".flow")
        assert page.inner_text(".anatomy-panel .sentence") != sentence
        assert "cross_entropy of" in page.inner_text(".anatomy-panel")
        assert "loss" in page.inner_text(".things")

    def test_the_right_shape_is_right(self, tab, files):
        tab.open(files["mlp"] + "#/step/2/op/0?predict=1")
        page = tab.page
        page.click(".phase.forward button")
        page.keyboard.press("ArrowRight")
        choices = page.locator(".choices button").all_inner_texts()
        assert "8×64" in choices
        assert len(set(choices)) == len(choices) >= 3
        page.click(".choices button:text-is('8×64')")
        assert "Right" in page.inner_text(".answer")

    def test_a_wrong_answer_says_the_right_one(self, tab, files):
        tab.open(files["mlp"] + "#/step/2/op/0?predict=1")
        page = tab.page
        page.click(".phase.clear button")
        page.click(".choices button:has-text('zeros')")
        assert page.inner_text(".answer").endswith("It is: None.")
        page.keyboard.press("p")
        page.wait_for_selector(".answer", state="detached")
