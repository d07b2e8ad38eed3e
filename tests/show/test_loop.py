"""What the page of a loop says of runs in every state."""

from __future__ import annotations

import pytest

from goingdeep.errors import RunError, RunFormatError, RunNotFoundError
from goingdeep.record import seen
from goingdeep.record.events import Failed, Finished, Interrupted, Resumed, Started
from goingdeep.show import loop_text
from tests.show.conftest import op, plain_ops, write_look, write_plain


def second_line(text: str) -> str:
    return text.split("\n")[1]


def test_a_run_that_is_still_written_says_so(record):
    one = write_plain(record(status="running"))
    assert second_line(loop_text(one.folder, 80)) == "4,690 steps so far, still running"


def test_a_run_without_writer_and_end_was_killed(record):
    folder = write_plain(record(status="running")).close()
    assert second_line(loop_text(folder, 80)) == "4,690 steps, then it was killed"


def test_a_record_that_was_lost_before_the_program_ended_is_said_to_be(record):
    full = "cannot write events.jsonl: the disk is full"
    folder = write_plain(record(status="finished", kind="watch", error=full)).close()
    assert second_line(loop_text(folder, 200)) == (
        f"4,690 steps, then the record was lost: {full}; the program went on"
    )


@pytest.mark.parametrize("status", ["running", "finished"])
def test_an_end_that_is_recorded_counts_more_than_the_status(record, status):
    folder = write_plain(record(status=status)).end(12.5)
    assert second_line(loop_text(folder, 80)) == "4,690 steps, finished after 12.5 s"


def test_an_error_is_told_with_its_line(record):
    one = write_plain(record())
    site = one.site(50, "raise RuntimeError('out of memory')")
    folder = one.end(error="RuntimeError", message="out of memory", site=site)
    text = loop_text(folder, 120).split("\n")
    assert text[1] == (
        "4,690 steps, then RuntimeError: out of memory (train.py:50  raise RuntimeError('out of memory'))"
    )


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (Failed(time=2.0, error="WriteError", message="the disk is full"), "4,690 steps, then WriteError: the disk is full"),
        (Interrupted(time=2.0, signal="SIGTERM"), "4,690 steps, then SIGTERM"),
        (Finished(time=2.0, accuracy=0.9, seconds=60.0), "4,690 steps, finished after 60 s"),
    ],
)  # fmt: skip
def test_how_a_training_of_ours_ended(record, event, line):
    one = write_plain(record(kind="train"))
    one.log.write(event)
    assert second_line(loop_text(one.close(), 80)) == line


def test_a_resumed_training_shows_its_newest_part(record):
    one = record(kind="train")
    one.write(Started, steps=20, device="cpu")
    site = one.lines()
    one.model("Before")
    one.steps(one.anatomy(*plain_ops(site)), 1, 10)
    one.step = 10
    one.write(Resumed, checkpoint="step-00000010")
    one._counts.clear()
    site = one.lines()
    one.model("After")
    one.steps(one.anatomy(*plain_ops(site)), 11, 20)
    text = loop_text(one.end(), 100)
    assert (
        second_line(text)
        == "20 steps, finished after 41.2 s; resumed 1 time, this is the newest part"
    )
    assert "After" in text
    assert "Before" not in text


def test_a_run_without_any_record_of_a_loop(record):
    one = record(kind="train")
    one.write(Started, steps=3, device="cpu")
    with pytest.raises(RunError) as caught:
        loop_text(one.close())
    assert str(caught.value) == (
        "runs/run holds no record of what its loop did\n"
        "  why:   it was not watched (gd train --no-watch), or nothing has happened yet\n"
        "  fix:   gd run SCRIPT.py (watches a loop of your own), or gd train\n"
        "  more:  docs/watch.md"
    )


def test_a_folder_that_is_no_run(tmp_path):
    with pytest.raises(RunNotFoundError, match="is not a run"):
        loop_text(tmp_path)
    (tmp_path / "run.json").write_text("[]")
    with pytest.raises(RunFormatError, match="is damaged"):
        loop_text(tmp_path)


def test_events_that_were_cut_are_drawn_as_far_as_they_go(plain):
    events = (plain / "events.jsonl").read_bytes()
    for share in (0.3, 0.6, 0.9, 0.999):
        (plain / "events.jsonl").write_bytes(events[: int(len(events) * share)])
        assert "plain: gd run train.py" in loop_text(plain, 80)


def test_a_damaged_curve_is_said(plain):
    (plain / "scalars" / "loss.npy").write_bytes(b"no curve")
    assert "loss      not known: loss.npy is damaged" in loop_text(plain, 80)


def test_a_missing_curve_is_left_out(plain):
    (plain / "scalars" / "loss.npy").unlink()
    text = loop_text(plain, 80)
    assert "\nloss " not in text
    assert "cross_entropy, first 2.303" in text


def test_the_learning_rate_is_told_from_its_curve(record):
    one = write_plain(record())
    one.curve([0.004, 0.1, 0.05, 0.001], "rate")
    assert "SGD, lr 0.004 -> 0.1 -> 0.001" in loop_text(one.end(), 120)


def test_frozen_and_tied_parameters_are_counted(record):
    one = record()
    parameters = (
        seen.Parameter("a", (10, 10), trainable=False),
        seen.Parameter("b", (5,)),
        seen.Parameter("c", (10, 10), tied_to="a"),
    )
    one.model("Net", parameters=parameters)
    assert "Net: 105 parameters in 2 tensors, 5 of them trainable" in loop_text(one.end(), 80)


def test_gaps_are_told_once_each_and_the_rest_is_counted(record):
    one = write_plain(record())
    for number in [*range(12), 3, 4]:
        one.gap(f"thing {number}", "a reason")
    text = loop_text(one.end(), 80)
    assert text.count("thing 3: a reason") == 1
    assert "thing 7: a reason" in text
    assert "thing 8" not in text
    assert "  and 4 more" in text


def test_steps_that_were_looked_at_are_named_with_a_command(record):
    one = write_plain(record())
    site = {41 + i: i for i in range(7)}
    for step in (1, 2, 3, 4, 8, 16, 32, 64):
        write_look(one, site, step)
    text = loop_text(one.end(), 80)
    assert "looked at closely: steps 1, 2, 3, 4, 8, 16 and 2 more\n  gd show run --step 64" in text


def test_hostile_names_are_printed_as_text(record):
    one = record(command=("gd", "run", "a\x1b[31m.py"))
    site = one.site(3, "model\x1b]0;(x)", file="/tmp/\x1b[2J.py", function="f")
    one.model("Net\x1b[31m\nRow")
    one.optimizer("SGD\x07", 0.1)
    one.gap("\x1b[0m", "line\nbreak")
    one.steps(
        one.anatomy(
            op("forward", site, model=0, training=True), op("\x1b[5m", site, **{"\x08": "\x1b"})
        ),
        1,
        2,
    )
    text = loop_text(one.end(error="E\x1b", message="\x1b[31m" * 9), 60)
    assert all(c.isprintable() or c == "\n" for c in text)
    assert "\\x1b[31m" in text


def test_many_optimizers_are_counted(record):
    one = record()
    one.model()
    for number in range(9):
        site = one.site(number, f"opts[{number}].step()")
        one.optimizer("SGD", 0.1)
        anatomy = one.anatomy(
            op("step", site, optimizer=number, grads="fresh", changed=True), optimizer=number
        )
        one.steps(anatomy, number * 10 + 1, number * 10 + 10, optimizer=number)
    text = loop_text(one.end(), 80)
    assert text.count("each step of") == 4
    assert "and 5 optimizers more" in text


def test_evaluations_are_told_with_when_they_came(record):
    def page(*steps: int) -> str:
        one = record(f"e{len(steps)}-{steps[0]}")
        one.loader()
        one.loader(10_000, train=False, shuffle=False)
        for i in range(3):
            one.step = 10 * i
            if one.step in steps:
                one.walk(1, "evaluation", 157)
            one.step = 10 * i + 10
            one.walk(0, "training", 10, first_step=10 * i + 1, last_step=10 * i + 10)
        for step in steps:
            if step >= 30:
                one.step = step
                one.walk(1, "evaluation", 157)
        text = " ".join(loop_text(one.end(), 100).split())
        return text[text.index("evaluation") :].split(":")[0]

    assert page(10, 20, 30) == "evaluation after each training pass"
    assert page(0, 10, 20, 30) == "evaluation before training and after each training pass"
    assert page(30) == "evaluation after training"
    assert page(0) == "evaluation before training"
    assert page(10) == "evaluation after step 10"


def test_what_an_evaluation_did_otherwise_is_counted(record):
    one = record()
    one.loader(train=False)
    one.walk(0, "evaluation", 10, forwards=10, training_mode=10, sensitive_training=4, with_grad=10)
    text = loop_text(one.end(), 80)
    assert "10 of 10 forwards in training mode" in text
    assert "4 of 10 forwards with Dropout or BatchNorm as in training" in text
    assert "10 of 10 forwards with gradients on" in text


def test_a_loader_that_is_made_anew_in_each_epoch_is_one_to_the_reader(record):
    one = record()
    site = one.lines()
    one.model()
    one.optimizer()
    for epoch in range(3):
        loader = one.loader(640, site=site[41])
        ops = plain_ops(site)
        ops[1] = op("batch", site[41], loader=loader)
        ops[2] = op("forward", site[43], model=0, training=True, batch_of=loader)
        one.steps(one.anatomy(*ops), epoch * 10 + 1, epoch * 10 + 10)
        one.walk(loader, "training", 10, first_step=epoch * 10 + 1, last_step=epoch * 10 + 10)
    text = loop_text(one.end(), 100)
    assert (
        "data      FashionMNIST (train part): 640 samples in 10 batches of 64, shuffled; 3 passes\n"
        in text
    )
    assert "each step\n  batch     batches of 64  " in text
    assert "the same" not in text


def test_loaders_that_differ_are_told_apart(record):
    one = record()
    site = one.lines()
    one.optimizer()
    for number, size in enumerate((640, 1280)):
        one.loader(size, site=site[41], train=None)
        one.steps(
            one.anatomy(op("batch", site[41], loader=number), op("step", site[46], optimizer=0)),
            number * 10 + 1,
            number * 10 + 10,
        )
        one.walk(number, "training", 10)
    text = loop_text(one.end(), 100)
    assert "each step (10 of 20 steps)" in text
    assert "steps 11 to 20: the same; batch: of FashionMNIST of 1,280" in text
