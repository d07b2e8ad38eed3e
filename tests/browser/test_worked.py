"""The numbers that the page works, against PyTorch and the record."""

from __future__ import annotations

import math
import re
import shutil
from pathlib import Path

import pytest
import torch

import goingdeep as gd
from goingdeep.record import look, read_blob
from goingdeep.view.single import write_page
from goingdeep.view.trace import Trace
from tests.browser.records import looked, of

expect = pytest.importorskip("playwright.sync_api").expect

WORKED = ("mlp", "cnn", "finding")


def number(text: str) -> float:
    return float(text.replace("−", "-").replace(",", ""))


def compared(page) -> list[tuple[float, float, bool]]:
    """Each "PyTorch said a, these numbers give b": a, b, and whether the page calls them equal."""
    found = []
    for box in page.locator(".compared").all():
        said = re.search(r"PyTorch said (\S+), these numbers give ([^\s:]+):", box.inner_text())
        if said:
            equal = "same" in (box.get_attribute("class") or "").split()
            found.append((number(said[1]), number(said[2]), equal))
    return found


@pytest.mark.parametrize("name", WORKED)
def test_the_loss_of_every_sample(tab, files, folders, name):
    step, parts = list(looked(folders[name]).items())[-1]
    loss = of(look.LookLoss, parts)
    assert len(loss.rows) == 8
    scores = torch.tensor([row.scores for row in loss.rows], dtype=torch.float64)
    labels = torch.tensor([row.label for row in loss.rows])
    oracle = torch.nn.functional.cross_entropy(scores, labels, reduction="none")
    shares = scores.softmax(1)
    for place, row in enumerate(loss.rows):
        tab.open(f"{files[name]}#/loss?step={step}&sample={row.sample}")
        page = tab.page
        page.wait_for_selector(".compared")
        said, mine, equal = compared(page)[0]
        assert equal
        assert said == pytest.approx(row.loss, rel=1e-6)
        assert mine == pytest.approx(oracle[place].item(), rel=1e-6)
        cells = page.locator("tr.target td").all_inner_texts()
        assert number(cells[3]) == pytest.approx(shares[place, row.label].item(), rel=1e-4)
    said, mine, equal = compared(page)[-1]
    assert equal
    assert said == pytest.approx(loss.value, rel=1e-6)
    assert mine == pytest.approx(oracle.mean().item(), rel=1e-6)


@pytest.mark.parametrize("name", WORKED)
def test_one_weight_under_sgd_adam_and_adamw(tab, files, folders, name):
    for step, parts in list(looked(folders[name]).items())[:2]:
        weights = of(look.LookStep, parts).weights
        for i, weight in enumerate(weights):
            tab.open(f"{files[name]}#/optimizer?step={step}&weight={i}")
            tab.page.wait_for_selector(".compared")
            found = compared(tab.page)
            assert all(equal for *_, equal in found)
            assert found[0][0] == pytest.approx(weight.after, rel=1e-6)
            assert found[0][1] == pytest.approx(weight.after, rel=1e-5)
            kept = [found_[0] for found_ in found[1 : 1 + len(weight.state_after)]]
            assert kept == pytest.approx(list(weight.state_after.values()), rel=1e-6)


F = torch.nn.functional
BY_OUTPUT = (F.binary_cross_entropy_with_logits, F.binary_cross_entropy, F.mse_loss)


@pytest.fixture(scope="module")
def by_output(tmp_path_factory) -> Path:
    """Three steps, each with another loss in which every output has a target of its own."""
    torch.manual_seed(1)
    model = torch.nn.Linear(4, 3)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    x, targets = torch.randn(5, 4), torch.randint(0, 2, (5, 3)).float()
    folder = tmp_path_factory.mktemp("by-output") / "run"
    with gd.watch(folder):
        for call in BY_OUTPUT:
            optimizer.zero_grad()
            outputs = model(x)
            loss = call(outputs.sigmoid() if call is F.binary_cross_entropy else outputs, targets)
            loss.backward()
            optimizer.step()
    return folder


def test_the_loss_and_its_gradient_where_each_output_has_a_target(tab, by_output, tmp_path):
    write_page(Trace(by_output), tmp_path / "page.html")
    address = (tmp_path / "page.html").as_uri()
    for step, call in enumerate(BY_OUTPUT, 1):
        loss = of(look.LookLoss, looked(by_output)[step])
        assert loss.function == call.__name__
        values, targets = (
            torch.tensor([getattr(row, name) for row in loss.rows], dtype=torch.float64)
            for name in ("scores", "targets")
        )
        values.requires_grad = True
        call(values, targets).backward()
        known = call(values, targets, reduction="none").detach()
        tab.open(f"{address}#/loss?step={step}&sample=2")
        tab.page.wait_for_selector(".compared")
        (said, mine, equal), whole = compared(tab.page)
        assert equal
        assert said == pytest.approx(loss.rows[2].loss, rel=1e-6)
        assert mine == pytest.approx(known[2].mean().item(), rel=1e-6)
        assert whole[:2] == pytest.approx([loss.value, known.mean().item()], rel=1e-6)
        assert whole[2]
        cells = tab.page.locator("tbody tr td:last-child").all_inner_texts()
        assert [number(cell) for cell in cells] == pytest.approx(known[2].tolist(), rel=1e-4)
        tab.open(f"{address}#/backward?step={step}&sample=2")
        tab.page.wait_for_selector(".compared")
        cells = tab.page.locator("table").first.locator("tbody tr td:nth-of-type(3)")
        slopes = [number(cell) for cell in cells.all_inner_texts()]
        assert slopes == pytest.approx(values.grad[2].tolist(), rel=1e-5)
        assert [equal for *_, equal in compared(tab.page)] == [True]
    assert tab.said == []


def test_a_number_that_is_not_the_recorded_one_is_called_so(tab, folders, tmp_path):
    copy = shutil.copytree(folders["mlp"], tmp_path / "copy")
    log = copy / "events.jsonl"
    step, parts = list(looked(copy).items())[-1]
    row = of(look.LookLoss, parts).rows[0]
    text = log.read_text(encoding="utf-8")
    written = f'"label":{row.label},"loss":{row.loss}'
    assert written in text
    log.write_text(
        text.replace(written, f'"label":{row.label},"loss":{row.loss + 0.01}'), encoding="utf-8"
    )
    write_page(Trace(copy), tmp_path / "page.html")
    tab.open(f"{(tmp_path / 'page.html').as_uri()}#/loss?step={step}&sample={row.sample}")
    tab.page.wait_for_selector(".compared")
    said, mine, equal = compared(tab.page)[0]
    assert not equal
    assert said - mine == pytest.approx(0.01, rel=1e-3)
    assert "not equal" in tab.page.inner_text(".compared >> nth=0")


def test_numbers_that_are_not_finite_are_said(tab, files, folders):
    bad = [
        step
        for step, parts in looked(folders["nan"]).items()
        if of(look.LookLoss, parts).value == "nan"
    ]
    tab.open(f"{files['nan']}#/loss?step={bad[0]}")
    expect(tab.page.locator("main")).to_contain_text("nan")
    tab.open(f"{files['nan']}#/curves")
    expect(tab.page.locator(".chart").first).to_contain_text("it is not finite")
    tab.open(f"{files['nan']}#/backward?step={bad[0]}")
    expect(tab.page.locator("main")).to_contain_text("not finite")
    assert tab.said == []


def test_the_gradient_at_the_scores(tab, files, folders):
    step, parts = list(looked(folders["mlp"]).items())[-1]
    rows = of(look.LookLoss, parts).rows
    scores = torch.tensor([row.scores for row in rows], dtype=torch.float64, requires_grad=True)
    torch.nn.functional.cross_entropy(scores, torch.tensor([row.label for row in rows])).backward()
    tab.open(f"{files['mlp']}#/backward?step={step}&sample={rows[2].sample}")
    cells = tab.page.locator("table").first.locator("tbody tr td:nth-of-type(2)")
    expect(cells).to_have_count(3)
    numbers = [number(cell) for cell in cells.all_inner_texts()]
    assert numbers == pytest.approx(scores.grad[2].tolist(), rel=1e-5)
    gradients = of(look.LookBackward, parts).gradients
    drawn = tab.page.locator(".spreads li")
    expect(drawn).to_have_count(len(gradients))
    for gradient, one in zip(gradients, drawn.all(), strict=True):
        assert one.inner_text().startswith(f"{gradient.name}: from ")
        bars = one.locator("rect").evaluate_all("all => all.map(bar => bar.height.baseVal.value)")
        counts = torch.tensor(gradient.histogram, dtype=torch.float64)
        assert bars == pytest.approx((48 * counts / counts.max()).tolist(), abs=1e-3)


def test_a_pixel_has_the_value_of_the_batch(tab, files, folders):
    tab.open(f"{files['mlp']}#/batch?step=1&sample=3")
    page = tab.page
    page.wait_for_selector(".pixel-box canvas")
    page.wait_for_function("document.querySelector('.exact').innerText.includes('≈ 0')")
    batch = of(look.LookBatch, looked(folders["mlp"])[1])
    u8 = read_blob(folders["mlp"], batch.picture)
    page.focus(".pixel-box")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowLeft")
    value = batch.low + (batch.high - batch.low) * float(u8[3, 0, 3, 3]) / 255
    expect(page.locator(".exact")).to_have_text(re.compile(r"^x\[3, 0, 3, 3\].*≈"))
    said = page.inner_text(".exact")
    assert math.isclose(number(said.split("≈")[1].strip()), value, rel_tol=1e-4)


@pytest.mark.parametrize("name", ["mlp", "cnn"])
def test_one_number_of_every_linear_and_conv(tab, files, folders, name):
    parts = looked(folders[name])[2]
    worked = [part for part in parts if isinstance(part, look.LookCall) and part.worked]
    assert {part.class_name for part in worked} == {"Linear"} | (
        {"Conv2d"} if name == "cnn" else set()
    )
    for part in worked:
        tab.open(f"{files[name]}#/layers?step=2&op={parts.index(part)}")
        page = tab.page
        page.locator(".card.here .compared").wait_for()
        [(said, mine, equal)] = compared(page)  # only what is open has a text
        terms = [term.input * term.weight for term in part.worked.terms]
        by_hand = sum(terms) + (part.worked.bias or 0.0) + part.worked.rest
        assert equal
        assert said == pytest.approx(part.worked.value, rel=1e-6)
        assert mine == pytest.approx(by_hand, rel=1e-6)


@pytest.mark.parametrize("name", WORKED)
def test_a_weight_chosen_in_the_matrix(tab, files, folders, name):
    window = of(look.LookStep, looked(folders[name])[2]).windows[0]
    before, after = (read_blob(folders[name], blob) for blob in (window.before, window.after))
    tab.open(f"{files[name]}#/optimizer?step=2")
    page = tab.page
    page.locator(".matrix").first.wait_for()
    page.locator(".matrix").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    box = page.locator(".panel", has=page.locator(".matrix")).first
    box.locator(".compared").first.wait_for()
    text = box.locator(".compared").first.inner_text()
    assert "equal" in text
    assert "not equal" not in text
    said = number(re.search(r"PyTorch said (\S+),", text)[1])
    assert said == pytest.approx(float(after[1, 1]), rel=1e-6)
    shown = box.locator("tbody tr td:last-child").first.inner_text()
    assert number(shown) == pytest.approx(float(before[1, 1]), rel=1e-6)
