"""Whatever a record holds, the part of each lesson that reads it does not raise."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from goingdeep.record.answer import Answer
from goingdeep.record.encoding import to_json
from goingdeep.record.reading import Seen
from goingdeep.show.answer import answer_text
from goingdeep.show.answer_html import answer_html
from goingdeep.why.answering import answered
from goingdeep.why.catalogue import catalogue
from goingdeep.why.experiment import Experiment
from tests.show.test_any_record import events as any_events

TOPICS = sorted(catalogue())


@pytest.mark.parametrize("topic", TOPICS)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(events=st.lists(any_events, max_size=14))
def test_any_record_is_read(topic, events):
    found = answered(catalogue()[topic], Experiment(Seen(events), reason="it has ended"))
    assert found.says == "it has ended"
    assert "\x1b" not in answer_text(found, 80)
    assert "\x1b" not in answer_html(found)
    assert msgspec.json.decode(to_json(found), type=Answer).topic == topic
