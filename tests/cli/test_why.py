"""`gd why` as a user types it."""

from __future__ import annotations

import json

import msgspec
import pytest

from goingdeep.record.answer import Answer, read_answers


def test_the_topics_are_listed(gd):
    outcome = gd("why")
    assert (outcome.code, outcome.err) == (0, "")
    assert "zero-grad" in outcome.out
    assert "Why zero the gradients?" in outcome.out
    assert {row["topic"] for row in json.loads(gd("why", "--json").out)} >= {"zero-grad"}


def test_a_watched_program_that_has_ended(gd, watched, home):
    outcome = gd("why", "zero-grad", "loop")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.startswith("Why zero the gradients?\n")
    assert "See it in loop" in outcome.out
    assert "Nothing was replayed: a record alone cannot be done again" in " ".join(
        outcome.out.split()
    )
    (saved,) = read_answers(home / "runs" / "loop")
    assert saved.topic == "zero-grad"
    assert saved.places[-1].source
    assert gd("why", "zero-grad").out == outcome.out  # the newest run needs no name


def test_the_same_as_json(gd, watched):
    found = msgspec.json.decode(gd("why", "zero-grad", "loop", "--json").out, type=Answer)
    assert found.run == "loop"
    assert {claim.verdict for claim in found.claims} == {"not measured"}


@pytest.mark.parametrize(
    "words",
    [
        ("why do I have to zero the gradients?",),
        ("forgot", "to", "clear", "gradients"),
        ("zero_grad", "loop"),
        ("ZERO-GRAD",),
        ("zerograd",),
        ("why are gradients added up", "loop"),
    ],
)
def test_a_question_in_words(gd, watched, words):
    outcome = gd("why", *words)
    assert outcome.code == 0, outcome.err
    assert "Why zero the gradients?" in outcome.out


def test_a_topic_that_is_not_there(gd, watched):
    gd("why", "blibblob").is_error("there is no topic called 'blibblob'", fix="zero-grad")
    assert "\x1b" not in gd("why", "\x1b[31m").err


def test_a_run_that_is_not_there(gd, home):
    assert gd("why", "zero-grad", "nowhere").is_error("there is no run 'nowhere'")


def test_a_folder_that_cannot_be_written_to(gd, watched, home):
    (home / "runs" / "loop" / "answers").write_text("a file in the way")
    outcome = gd("why", "zero-grad", "loop")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.startswith("Why zero the gradients?\n")
