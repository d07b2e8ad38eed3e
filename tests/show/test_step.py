"""The anatomy of one step."""

from __future__ import annotations

import numpy as np
import pytest

from goingdeep.errors import RunError, SettingsError
from goingdeep.record import look, seen
from goingdeep.show import step_text
from tests.show.conftest import op, write_look, write_plain

SITE = {41 + i: i for i in range(7)}
VALUES = look.Values((4, 2), "float32", low=0.0, high=1.0)


def test_a_step_that_is_not_there(plain):
    with pytest.raises(SettingsError) as caught:
        step_text(plain, 5000)
    assert str(caught.value) == (
        "there is no step 5,000 in runs/plain: steps are counted from 1, and it has 4,690 steps\n"
        "  fix:   gd show plain --step 4690\n"
        "  more:  docs/watch.md"
    )
    with pytest.raises(SettingsError, match="there is no step 0 in"):
        step_text(plain, 0)


def test_a_step_that_is_not_there_names_the_nearest_close_look(record):
    one = write_plain(record())
    write_look(one, SITE, 938)
    with pytest.raises(SettingsError, match="gd show run --step 938"):
        step_text(one.end(), 10**9)


def test_no_step_in_a_run_without_any(record):
    one = record()
    one.model()
    with pytest.raises(SettingsError, match="it has 0 steps\n  fix:   gd show run\n"):
        step_text(one.end(), 1)


def test_a_run_without_record(record):
    with pytest.raises(RunError, match="holds no record of what its loop did"):
        step_text(record(kind="train").close(), 1)


def test_the_first_and_the_last_step_are_there(plain):
    assert "step 1 of 4,690" in step_text(plain, 1, 80)
    assert "step 4,690 of 4,690" in step_text(plain, 4690, 80)


def test_the_step_is_marked_in_the_curve(plain):
    for step in (1, 2000, 4690):
        _, curve, mark, *_ = step_text(plain, step, 80).split("\n")
        column = mark.index("^")
        assert 10 <= column < len(curve)
        share = (column - 10) / (len(curve) - 11)
        assert share == pytest.approx({1: 0.0, 2000: 0.5, 4690: 1.0}[step], abs=0.02)


def test_the_loss_is_that_of_the_step_in_a_short_run(record):
    one = record()
    one.loss()
    anatomy = one.anatomy(op("loss", loss=0), op("step", optimizer=0))
    one.steps(anatomy, 1, 5)
    one.curve([5.0, 4.0, 3.0, 2.0, 1.0])
    assert "loss 4\n" in step_text(one.end(), 2, 80) + "\n"


def test_the_loss_of_optimizers_in_turn_is_taken_from_their_own_curves(record):
    one = record()
    for number in (0, 1):
        one.optimizer("SGD", 0.1)
        one.steps(
            one.anatomy(op("step", optimizer=number), optimizer=number),
            1 + number,
            9 + number,
            5,
            optimizer=number,
        )
    one.curve([10.0, 11.0, 12.0, 13.0, 14.0])
    one.curve([20.0, 21.0, 22.0, 23.0, 24.0], "loss-1")
    folder = one.end()
    assert "^ step 5: 12" in step_text(folder, 5, 80)
    assert "^ step 6: 22" in step_text(folder, 6, 80)
    assert "SGD 0" in step_text(folder, 5, 80).split("\n")[0]
    assert "SGD 1" in step_text(folder, 6, 80).split("\n")[0]


def test_a_step_of_a_training_of_ours_is_in_the_curve_of_the_run(record):
    one = record(kind="train")
    one.optimizer()
    one.steps(one.anatomy(op("step", optimizer=0)), 11, 20)  # resumed after step 10
    one.curve([float(step) for step in range(1, 21)])
    assert "^ step 15: 15" in step_text(one.end(), 15, 80)


def test_sentences_of_the_record_are_printed(record):
    one = record()
    one.steps(one.anatomy(op("step", optimizer=0)), 1, 2)
    one.write(
        look.LookBatch, look=2, sentence="a batch of 4x2 (float32)", tensors=(VALUES,), names=("x",)
    )
    one.write(
        look.LookStep,
        look=2,
        optimizer=0,
        class_name="SGD",
        sentence="SGD moved 6 of 6",
        settings={"lr": 0.5, "momentum": 0.25, "dampening": 0.0},
    )
    text = step_text(one.end(), 2, 80)
    assert "  batch     a batch of 4x2 (float32)" in text
    assert "  step      SGD moved 6 of 6\n            momentum 0.25\n" in text + "\n"


def test_the_evaluation_after_a_step_is_shown_too(record):
    one = record()
    one.steps(one.anatomy(op("step", optimizer=0)), 1, 2)
    write_look(one, one.lines(), 2)
    one.write(look.LookCall, look=2, phase="evaluation", index=0, depth=0, model=0, module="", class_name="Net",
              training=False, outputs=(VALUES,))  # fmt: skip
    text = step_text(one.end(), 2, 80)
    assert text.index("the evaluation after this step, its first batch") > text.index("  clear ")
    assert "in evaluation mode" in text


def test_a_model_that_is_called_often_is_shown_four_times(record):
    one = record()
    one.steps(one.anatomy(op("step", optimizer=0)), 1, 2)
    for _ in range(6):
        for depth in (0, 1):
            one.write(
                look.LookCall,
                look=1,
                index=depth,
                depth=depth,
                model=0,
                module="",
                class_name="Net",
                outputs=(VALUES,),
            )
    text = step_text(one.end(), 1, 80)
    assert text.count("  forward ") == 4
    assert "and 2 forwards more" in text


def test_long_tables_show_their_beginning_and_end(record):
    one = record()
    one.steps(one.anatomy(op("step", optimizer=0)), 1, 2)
    gradients = tuple(look.Gradient(0, f"layer.{i}.weight", norm=1.0 + i) for i in range(100))
    one.write(look.LookBackward, look=1, gradients=gradients, left_out=23)
    text = step_text(one.end(), 1, 80)
    assert "layer.0.weight" in text
    assert "layer.99.weight" in text
    assert "layer.50.weight" not in text
    assert "… 76 more" in text
    assert "and 23 parameters more" in text


def test_names_keep_their_end_and_the_widest_bar_is_the_largest_norm(record):
    one = record()
    one.steps(one.anatomy(op("step", optimizer=0)), 1, 2)
    name = "encoder.layers.with.a.very.long.path.to.the.last.projection.weight"
    one.write(
        look.LookBackward,
        look=1,
        gradients=(look.Gradient(0, name, norm=1.0), look.Gradient(0, "b", norm=4.0)),
    )
    lines = step_text(one.end(), 1, 64).split("\n")
    row = next(line for line in lines if "projection.weight" in line)
    assert row.count("█") == 4
    assert next(line for line in lines if line.startswith("    b")).count("█") == 16
    assert "…" in row


def test_scores_of_some_classes_are_marked_and_worked(record):
    one = record()
    one.steps(one.anatomy(op("step", optimizer=0)), 1, 2)
    scores = np.linspace(-1, 1, 100)
    kept = (0, 7, 99)
    rest = float(np.log(np.exp(np.delete(scores, kept)).sum()))
    loss = float(np.log(np.exp(scores).sum()) - scores[7])
    row = look.Row(
        3, tuple(scores[list(kept)].tolist()), label=7, classes=kept, rest=rest, loss=loss
    )
    one.write(look.LookLoss, look=1, loss=0, function="cross_entropy", rows=(row,))
    row = look.Row(4, (0.5, -1.0), targets=(1.0, 0.0), loss=0.3937)
    one.write(look.LookLoss, look=1, loss=1, function="binary_cross_entropy", rows=(row,))
    text = step_text(one.end(), 1, 80)
    assert "sample 3, label 7, loss 5.628: -1 [-0.859] 1" in text
    assert "ln(sum of e^score) - score of the label = 4.77 - (-0.8586) = 5.628" in text
    assert "sample 4, loss 0.3937: 0.5 (target 1), -1 (target 0)" in text


@pytest.mark.parametrize(
    "changes",
    [{"loss": 1.0}, {"label": None}, {"label": 9}, {"loss": None}, {"scores": ("nan", 1.0)}],
)
def test_a_loss_by_another_formula_is_not_worked(record, changes):
    one = record()
    one.steps(one.anatomy(op("step", optimizer=0)), 1, 2)
    row = {"sample": 0, "scores": (0.0, 1.0), "label": 1, "loss": float(np.log(1 + np.exp(-1.0)))}
    one.write(look.LookLoss, look=1, loss=0, function="f", rows=(look.Row(**row),))
    one.write(look.LookLoss, look=2, loss=0, function="f", rows=(look.Row(**row | changes),))
    folder = one.end()
    assert "ln(sum" in step_text(folder, 1, 80)
    assert "ln(sum" not in step_text(folder, 2, 80)


def test_replicas_that_differ_are_said(record):
    one = record()
    for rank, checksum in ((0, "aa"), (1, "bb")):
        one.rank = rank
        one.steps(one.anatomy(op("step", optimizer=0)), 1, 2)
        one.write(look.LookStep, look=1, optimizer=0, checksum=checksum)
    assert "weights after it: not the same in 1 other process" in step_text(one.end(), 1, 80)


def test_a_look_whose_step_was_never_counted_can_be_shown(record):
    one = record()
    one.write(look.LookBatch, look=7, tensors=(VALUES,))
    assert "step 7 in run\n" in step_text(one.end(), 7, 80)


def test_what_a_tensor_has_no_numbers_for_is_said(record):
    one = record()
    one.steps(one.anatomy(op("step", optimizer=0)), 1, 2)
    odd = look.Values((2,), "float32", device="cuda:0", note="sparse", non_finite=3, sampled=100)
    one.write(look.LookBatch, look=1, names=("x",), tensors=(odd,))
    text = step_text(one.end(), 1, 80)
    for words in (
        "no numbers: sparse",
        "3 values not finite",
        "of 100 values, evenly spread",
        "on cuda:0",
    ):
        assert f"x: {words}" in text


def test_the_first_layer_that_made_something_not_finite_is_named(record):
    one = record()
    one.steps(one.anatomy(op("step", optimizer=0)), 1, 2)
    good, bad = look.Values((2,), "float32"), look.Values((2,), "float32", non_finite=2)
    for i, (name, before, after) in enumerate(
        [("a", good, good), ("b", good, bad), ("c", bad, bad)]
    ):
        one.write(look.LookCall, look=1, index=i, depth=i and 1, model=0, module=name, class_name="Linear",
                  inputs=(before,), outputs=(after,))  # fmt: skip
    text = step_text(one.end(), 1, 80)
    assert "b Linear: 2 values not finite, first made here" in text
    assert "c Linear: 2" not in text


def test_a_step_of_unknown_anatomy_says_so(record):
    one = record()
    one.write(seen.Steps, optimizer=0, anatomy=-1, first=1, last=3, count=3)
    assert "what it consisted of was not recorded" in step_text(one.end(), 2, 80)


def test_the_clear_of_the_step_before_is_not_shown_where_the_own_one_is(record):
    one = record()
    site = one.lines()
    one.steps(one.anatomy(op("forward", site[43], model=0), op("step", optimizer=0)), 1, 2)
    one.write(look.LookClear, look=2, site=site[47], by="optimizer", number=0, before={"value": 1})
    write_look(one, site, 2)
    text = step_text(one.end(), 2, 80)
    assert text.count("optimizer.zero_grad()") == 1
    assert text.rstrip().split("\n")[-2].endswith("optimizer.zero_grad()")


def test_a_call_without_a_line_stands_under_the_forward_of_its_step(record):
    one = record()
    site = one.lines()
    forward = [op("forward", site[line], model=0) for line in (43, 44)]
    one.steps(one.anatomy(*forward, op("step", optimizer=0)), 1, 2)
    for _ in forward:
        one.write(look.LookCall, look=1, index=0, depth=0, model=0, module="", class_name="Net")
    lines = step_text(one.end(), 1, 80).split("\n")
    found = [lines[i - 1] for i, line in enumerate(lines) if line.startswith("  forward")]
    assert found == ["train.py:43  pred = model(X)", "train.py:44  loss = loss_fn(pred, y)"]


def test_of_a_long_accumulation_the_first_batches_and_the_step_are_shown(record):
    one = record()
    site = one.lines()
    one.steps(one.anatomy(op("step", optimizer=0)), 1, 2)
    for _ in range(16):
        one.write(look.LookBatch, look=1, site=site[41], tensors=(VALUES,))
        one.write(look.LookCall, look=1, index=0, depth=0, model=0, module="", class_name="Net")
        one.write(look.LookLoss, look=1, site=site[44], loss=0, function="f")
        one.write(look.LookBackward, look=1, site=site[45], before={"value": 1, "none": 2})
    one.write(look.LookStep, look=1, site=site[46], optimizer=0)
    text = step_text(one.end(), 1, 80)
    for word in ("batch", "forward", "loss", "backward"):
        assert text.count(f"  {word:<10}") == 4
    assert "1 with values, 2 none" in text
    assert text.index("and 12 forwards more") < text.index("  step ")
