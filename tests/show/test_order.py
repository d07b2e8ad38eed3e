"""In which order operations are drawn."""

from __future__ import annotations

import pytest

from goingdeep.record import seen
from goingdeep.record.reading import Seen, read_processes
from goingdeep.record.seen import Anatomy, Block
from goingdeep.show.difference import other_ways
from goingdeep.show.names import Names
from goingdeep.show.order import sections
from goingdeep.show.repeats import items_of
from goingdeep.show.words import Words
from tests.show.conftest import op, plain_ops


def ops(*names: str):
    return tuple(op(name) for name in names)


def drawn(folder) -> list[list[str]]:
    (found,) = read_processes(folder)
    return [[item.op.op for item in section.items] for section in sections(found)]


def of_blocks(*blocks: Block) -> list[tuple[str, int]]:
    anatomy = Anatomy(time=0.0, id=0, optimizer=0, blocks=blocks)
    return [(item.op.op, item.times) for item in items_of(anatomy)]


def test_what_repeats_is_drawn_once():
    found = of_blocks(Block(ops("batch", "backward"), 16), Block(ops("step")))
    assert found == [("batch", 16), ("backward", 16), ("step", 1)]


def test_a_first_repetition_with_other_gradients_is_drawn_with_the_rest():
    first = (op("batch"), op("backward", grads="none"))
    rest = (op("batch"), op("backward", grads="fresh"))
    found = of_blocks(Block((op("clear"), *first)), Block(rest, 15), Block(ops("step")))
    assert found == [("clear", 1), ("batch", 16), ("backward", 16), ("step", 1)]
    anatomy = Anatomy(time=0.0, id=0, optimizer=0, blocks=(Block(first), Block(rest, 15)))
    assert items_of(anatomy)[1].op.facts == {"grads": "none", "then": "fresh"}


def test_a_last_repetition_that_goes_on_is_drawn_with_the_rest():
    found = of_blocks(Block(ops("batch", "backward"), 3), Block(ops("batch", "backward", "step")))
    assert found == [("batch", 4), ("backward", 4), ("step", 1)]


def test_different_operations_next_to_each_other_stay_apart():
    found = of_blocks(Block(ops("batch", "loss"), 2), Block(ops("batch", "backward"), 3))
    assert found == [("batch", 2), ("loss", 2), ("batch", 3), ("backward", 3)]


def test_no_operation_is_lost_or_made_up():
    blocks = (
        Block(ops("a", "b")),
        Block(ops("b"), 2),
        Block(ops("b", "c"), 2),
        Block((), 9),
        Block(ops("c")),
    )
    total: dict[str, int] = {}
    for name, times in of_blocks(*blocks):
        total[name] = total.get(name, 0) + times
    assert total == {"a": 1, "b": 5, "c": 3}


def test_a_count_below_one_is_one():
    assert of_blocks(Block(ops("a"), -5)) == [("a", 1)]


def test_what_follows_the_step_in_the_source_is_drawn_after_it(plain):
    assert drawn(plain) == [["batch", "forward", "loss", "backward", "step", "clear"]]


def change_sites(one, **places):
    site = one.lines()
    for line, fields in places.items():
        number = int(line[1:])
        source = one.site(number, "x", **fields) if "line" not in fields else one.site(**fields)
        site[number] = source
    return site


@pytest.mark.parametrize(
    "places",
    [
        {"_47": {"function": "other"}},
        {"_47": {"file": "/srv/me/other.py"}},
        {"_47": {"line": 40, "source": "optimizer.zero_grad()"}},
    ],
)
def test_where_it_cannot_be_known_the_recorded_order_stays(record, places):
    one = record()
    site = change_sites(one, **places)
    one.steps(one.anatomy(*plain_ops(site)), 1, 9)
    assert drawn(one.end()) == [["clear", "batch", "forward", "loss", "backward", "step"]]


@pytest.mark.parametrize("line", [46, 47])
def test_a_wrapper_around_the_call_is_no_trouble(record, line):
    one = record()
    site = change_sites(
        one, **{f"_{line}": {"via_file": "/lib/site-packages/x/y.py", "via_line": 3}}
    )
    one.steps(one.anatomy(*plain_ops(site)), 1, 9)
    assert drawn(one.end())[0][-2:] == ["step", "clear"]


def test_two_repetitions_that_differ_in_their_gradients_are_drawn_as_one():
    twice = [op("batch"), op("backward", grads="none"), op("batch"), op("backward", grads="fresh")]
    assert of_blocks(Block((op("clear"), *twice, op("step")))) == [
        ("clear", 1), ("batch", 2), ("backward", 2), ("step", 1),
    ]  # fmt: skip


def test_a_loop_in_two_functions_is_drawn_in_the_order_of_its_step(record):
    one = record()
    site = change_sites(one, _41={"function": "fit"})
    one.steps(one.anatomy(*plain_ops(site)), 1, 9)
    assert drawn(one.end()) == [["batch", "forward", "loss", "backward", "step", "clear"]]


def test_several_operations_after_the_step_keep_their_order(record):
    one = record()
    site = one.lines()
    later = {n: one.site(n, "x") for n in (48, 49)}
    after = [op("schedule", later[48], scheduler=0), op("mode", later[49], model=0, training=True)]
    clear, *rest = plain_ops(site)
    one.steps(one.anatomy(clear, *after, *rest), 1, 9)
    assert drawn(one.end())[0][-4:] == ["step", "clear", "schedule", "mode"]


def test_the_most_frequent_way_is_drawn(record):
    one = record()
    one.steps(one.anatomy(op("batch"), op("step")), 1, 3)
    one.steps(one.anatomy(op("forward"), op("step")), 4, 10)
    (found,) = read_processes(one.end())
    (section,) = sections(found)
    assert [item.op.op for item in section.items] == ["forward", "step"]
    assert (section.steps, section.in_this_way, section.others) == (10, 7, {0: 3})


def test_optimizers_one_after_the_other_are_drawn_each_for_itself(record):
    one = record()
    site = one.lines()
    for number, (first, last) in enumerate([(1, 5), (6, 9)]):
        anatomy = one.anatomy(
            *plain_ops(site)[: 6 - number], op("step", site[46], optimizer=number), optimizer=number
        )
        one.steps(anatomy, first, last, optimizer=number)
    assert [names[-1] for names in drawn(one.end())] == ["clear", "clear"]


def test_steps_whose_anatomy_was_not_recorded_have_an_empty_section():
    found = Seen([seen.Steps(time=0.0, optimizer=3, anatomy=-1, first=1, last=4, count=4)])
    (section,) = sections(found)
    assert (section.optimizers, section.items, section.steps) == ((3,), (), 4)


def test_no_steps_no_sections():
    assert sections(Seen()) == []


def test_a_clear_before_a_step_by_hand_that_was_noticed_late_is_drawn_first(record):
    one = record()
    one.model("Net")
    one.numbered(seen.Optimizer, class_name="", by_hand=True)
    site = one.lines(["model.zero_grad()", "loss = f(model(x))", "loss.backward()"], 7)
    clear = op("clear", site[7], by="module", number=0, to="none")
    body = [op("forward", site[8], model=0, training=True), op("backward", site[9], grads="none")]
    step = op("step", -1, optimizer=0, changed=True)
    one.steps(one.anatomy(clear, *body, clear, step), 1, 1)
    one.steps(one.anatomy(*body, clear, step), 2, 9)
    one.steps(one.anatomy(*body, step), 10, 10)
    folder = one.end()
    assert drawn(folder) == [["clear", "forward", "backward", "step"]]
    (found,) = read_processes(folder)
    (section,) = sections(found)
    others = other_ways(found, Words(found, Names(found)), section)
    assert (others.texts, section.in_this_way + others.alike) == ([], 10)


def test_what_a_scaler_calls_its_step_on_is_drawn_after_it(record):
    one = record()
    site = one.lines()
    clear, *rest = plain_ops(site)
    one.steps(one.anatomy(op("step-scaled", site[46]), op("update", site[46]), clear, *rest), 1, 9)
    assert drawn(one.end())[0][-4:] == ["step", "step-scaled", "update", "clear"]


def test_the_very_first_step_is_like_the_others(record):
    one = record()
    site = one.lines()
    one.steps(one.anatomy(*plain_ops(site)[1:]), 1, 1)
    one.steps(one.anatomy(*plain_ops(site)), 2, 9)
    (found,) = read_processes(one.end())
    (section,) = sections(found)
    others = other_ways(found, Words(found, Names(found)), section)
    assert (others.texts, others.alike, section.in_this_way) == ([], 1, 8)


def test_a_later_step_without_clear_is_told(record):
    one = record()
    site = one.lines()
    one.steps(one.anatomy(*plain_ops(site)), 1, 8)
    one.steps(one.anatomy(*plain_ops(site)[1:]), 9, 9)
    (found,) = read_processes(one.end())
    (section,) = sections(found)
    assert other_ways(found, Words(found, Names(found)), section).texts == [
        "step 9: the same without clear"
    ]


def test_ways_that_read_the_same_are_told_together(record):
    one = record()
    site = one.lines()
    usual = plain_ops(site)
    one.steps(one.anatomy(*usual), 1, 9)
    for step, came_from in ((10, "A"), (12, "B")):
        odd = [*usual[:4], op("backward", site[45], grads="zero", came_from=came_from), usual[5]]
        one.steps(one.anatomy(*odd), step, step)
    (found,) = read_processes(one.end())
    (section,) = sections(found)
    texts = other_ways(found, Words(found, Names(found)), section).texts
    assert texts == ["steps 10 and 12: the same; backward: gradients were zero"]


def test_very_many_ways_are_counted(record):
    one = record()
    one.optimizer()
    usual = one.anatomy(op("step", optimizer=0))
    one.steps(usual, 1, 500)
    for number in range(100):
        one.steps(
            one.anatomy(op("clip", limit=number), op("step", optimizer=0)),
            501 + number,
            501 + number,
        )
    (found,) = read_processes(one.end())
    (section,) = sections(found)
    texts = other_ways(found, Words(found, Names(found)), section).texts
    assert len(texts) == 5
    assert texts[0] == "step 501: the same with clip (norm of gradients at most 0)"
    assert texts[-1] == "and 96 other ways of doing a step"
