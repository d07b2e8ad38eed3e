"""Train and eval: BatchNorm's statistics and Dropout's mask as recorded, the same samples as answered."""

from __future__ import annotations

import shutil

import pytest

from goingdeep.record.answer import Answer, Table, save_answer
from goingdeep.record.look import LookCall
from goingdeep.record.reading import read_processes
from goingdeep.view.single import write_page
from goingdeep.view.trace import Trace


def number(text: str) -> float:
    return float(text.replace("−", "-"))


def test_what_the_layers_did_in_both_modes_is_what_was_recorded(tab, files, folders):
    tab.open(files["cnn"] + "#/modes?step=4")
    page = tab.page
    assert "2 layers of this model behave differently" in page.inner_text("main")
    [seen] = read_processes(folders["cnn"])
    tables = page.locator("table:has(caption:has-text('Statistics by channel'))").all()
    assert len(tables) == 2
    step = int(page.inner_text("main").split("in training at step ")[1].split(",")[0])
    after = int(page.inner_text("main").split("evaluation after step ")[1].split(".")[0])
    for table, (at, part) in zip(tables, [(step, "training"), (after, "evaluation")], strict=True):
        calls = [one for one in getattr(seen.looks[at], part) if isinstance(one, LookCall)]
        normed = next(one.normed for one in calls if one.module == "norm")
        assert normed.used == ("batch" if part == "training" else "running")
        shown = [
            [number(cell) for cell in row.locator("td").all_inner_texts()]
            for row in table.locator("tbody tr").all()
        ]
        recorded = zip(
            normed.batch_mean, normed.running_mean, normed.after_mean,
            normed.batch_var, normed.running_var, normed.after_var, strict=True,
        )  # fmt: skip
        for row, numbers in zip(shown, recorded, strict=True):
            assert row == pytest.approx(list(numbers), rel=1e-4)
        mask = next(one.mask for one in calls if one.module == "drop")
        said = f"Of 64 values of sample 0, {mask.count('0')} were put out (filled)"
        assert said in page.inner_text("main")
    cells = page.locator(".mask svg >> nth=0").locator(".put-out").count()
    trained = [one for one in seen.looks[step].training if isinstance(one, LookCall)]
    assert cells == next(one.mask for one in trained if one.module == "drop").count("0")
    assert tab.said == []


def test_the_same_samples_are_shown_once_they_were_asked_for(tab, files, folders, tmp_path):
    tab.open(files["cnn"] + "#/modes")
    assert "gd why eval cnn runs the same samples" in tab.page.inner_text("main")
    run = shutil.copytree(folders["cnn"], tmp_path / "cnn")
    head = ("output", "train mode", "train mode again", "eval mode")
    block = Table("the first sample", head, (("0", "1.5", "1.25", "1.375"),), "rrrr")
    save_answer(run, Answer(topic="eval", question="?", short="!", step=3, see=(block,)))
    write_page(Trace(run), tmp_path / "page.html")
    tab.open((tmp_path / "page.html").as_uri() + "#/modes")
    said = tab.page.inner_text("main")
    assert "as it was at step 3" in said
    assert "1.375" in said
    assert "runs the same samples" not in said
