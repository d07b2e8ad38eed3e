"""What holds for every lesson, on every kind of run."""

from __future__ import annotations

import copy
import re

import msgspec
import pytest
import torch

from goingdeep.record.answer import Answer
from goingdeep.record.encoding import to_json
from goingdeep.show.answer import answer_text
from goingdeep.show.answer_html import answer_html
from goingdeep.why.answering import answered
from goingdeep.why.catalogue import HEADINGS, LESSONS, catalogue
from goingdeep.why.experiment import Experiment
from goingdeep.why.lesson import Lesson
from tests.lessons.conftest import state_of

TOPICS = sorted(path.parent.name.replace("_", "-") for path in LESSONS.glob("*/lesson.py"))
RUNS = ("trained", "sensitive", "regression")


@pytest.fixture
def answer(asked):
    """answer(topic, run): what the topic says on a run."""
    return lambda topic, run: asked(topic, run).answer


@pytest.mark.parametrize("topic", TOPICS)
def test_the_page_is_whole(topic):
    page = catalogue()[topic]
    assert page.question.endswith("?")
    assert len(page.short.split()) > 15
    assert page.asked
    assert page.sources
    assert page.read_next
    assert all(re.fullmatch(r"https://[\w.-]+/\S*", source.url) for source in page.sources)
    text = (page.folder / "lesson.py").read_text(encoding="utf-8")
    assert re.findall(r"^## (.+)$", text, flags=re.MULTILINE) == list(HEADINGS)


@pytest.mark.parametrize("topic", TOPICS)
def test_what_to_read_next_is_there(topic):
    assert topic not in catalogue()[topic].read_next
    known = set(catalogue()) | set(ALL)
    assert set(catalogue()[topic].read_next) <= known


ALL = (
    "learning", "nchw", "flatten", "sequential", "cross-entropy", "zero-grad", "eval", "batch",
    "dataset", "no-grad", "activation", "underneath",
)  # fmt: skip


@pytest.mark.parametrize("topic", TOPICS)
def test_a_lesson_has_its_parts(topic):
    lesson = catalogue()[topic].lesson()
    assert isinstance(lesson, Lesson)
    assert len(lesson.claims) >= 2
    assert len({claim.text for claim in lesson.claims}) == len(lesson.claims)


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("topic", TOPICS)
def test_the_answer_holds_together(topic, run, answer):
    found = answer(topic, run)
    if not found.applies:
        assert found.says.endswith(".")
        assert found.says.count(". ") == 0
        assert not found.claims
        assert not found.see
        assert not found.broken
        return
    assert found.replayed
    assert found.see
    assert not found.says
    for claim in found.claims:
        assert claim.because, claim.claim
        if claim.verdict != "not measured":
            assert any(character.isdigit() for character in claim.because), claim.because
    for block in (*found.see, *found.broken):
        if block.__struct_config__.tag == "table":
            assert all(len(row) == len(block.head) for row in block.rows), block.title
        if block.__struct_config__.tag == "figure":
            assert {len(c.values) for c in block.curves} == {len(block.xs)}, block.title


NOT_HERE = {
    "nchw": "N, C, H, W is about batches of images, and this model is given f32[64,6].",
    "flatten": "Flatten is about batches of images, and this model is given f32[64,6].",
    "cross-entropy": "Cross-entropy is about classes, and this loop minimises mse_loss.",
}


@pytest.mark.parametrize("topic", TOPICS)
def test_what_does_not_apply_to_a_regression_says_so_in_one_sentence(topic, answer):
    found = answer(topic, "regression")
    assert found.applies == (topic not in NOT_HERE)
    assert found.says == NOT_HERE.get(topic, "")


@pytest.mark.parametrize("topic", TOPICS)
def test_it_applies_to_the_quickstart(topic, answer):
    found = answer(topic, "trained")
    assert found.applies
    assert all(claim.verdict != "not measured" for claim in found.claims)


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("topic", TOPICS)
def test_it_goes_through_json_and_can_be_shown(topic, run, answer):
    found = answer(topic, run)
    assert msgspec.json.decode(to_json(found), type=Answer) == found
    for width in (40, 80, 140):
        lines = answer_text(found, width).splitlines()
        assert all(len(line) <= width or line.strip().startswith("https://") for line in lines)
    assert answer_html(found).count("<svg") >= sum(
        block.__struct_config__.tag == "figure" for block in found.see
    )


@pytest.mark.parametrize("topic", TOPICS)
def test_a_record_alone_is_shown_and_nothing_is_claimed(topic, trained):
    seen = trained.experiment.seen
    found = answered(catalogue()[topic], Experiment(seen, reason="the program has ended"))
    assert found.says == "the program has ended"
    assert {claim.verdict for claim in found.claims} == {"not measured"}
    assert not found.broken
    assert not found.replayed
    assert "Nothing was replayed: the program has ended." in answer_text(found, 100)


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("topic", TOPICS)
def test_nothing_of_the_users_is_changed(topic, run, asked):
    found = asked(topic, run)
    assert found.after == found.before


def test_a_change_would_be_found(trained):
    before = state_of(trained)
    torch.rand(1)
    assert state_of(trained) != before
    other = copy.copy(trained)
    other.model = copy.deepcopy(trained.model)
    assert state_of(other)[0] == before[0]
    with torch.no_grad():
        next(other.model.parameters())[0, 0] += 1
    assert state_of(other)[0] != before[0]
