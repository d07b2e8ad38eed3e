"""Numbers, names, curves, lines: the small parts that the drawings are made of."""

from __future__ import annotations

import math
import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goingdeep.record import look, seen
from goingdeep.record.reading import Seen, read_processes
from goingdeep.record.stretch import Stretch
from goingdeep.show.curves import Values, own_step
from goingdeep.show.difference import which_steps
from goingdeep.show.names import Names
from goingdeep.show.numbers import as_float, number, percent, product, ranges, spell
from goingdeep.show.page import Page, draws_blocks, wrapped
from goingdeep.show.spark import BLOCKS, bar, gathered, sparkline
from goingdeep.show.words import Words
from goingdeep.words import cells, clip
from tests.show.conftest import op

quick = settings(deadline=None, max_examples=100)
anything = st.none() | st.floats() | st.integers().map(float)


# ---------------------------------------------------------------- numbers


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"), (-0.0, "0"), (1e-12, "1e-12"), (2.0, "2"), (12345.678, "1.235e+04"), (9999.0, "9,999"),
        (10_000.0, "1e+04"), (10**18, "more than 10^18"), (-(10**18), "-more than 10^18"), (10**4000, "more than 10^18"),
        (math.nan, "nan"), (-math.inf, "-inf"), ("inf", "inf"), (None, "None"), (False, "False"),
    ],
)  # fmt: skip
def test_a_number_in_words(value, text):
    assert number(value) == text


@quick
@given(st.floats(0, 1))
def test_a_share_that_is_not_all_or_none_is_never_said_to_be(share):
    text = percent(share)
    assert text.endswith(" %")
    assert (text == "0 %") == (share == 0)
    assert (text == "100 %") == (share == 1)


def test_a_shape_of_many_axes_is_cut():
    assert spell("torch.bfloat16", range(12)) == "bf16[0,1,2,3,4,5,6,7,...]"
    assert spell("quint8", (-1, 10**30)) == "quint8[-1,more than 10^18]"


def test_sizes_that_cannot_be():
    assert product((3, -4)) == 0
    assert product((10**9,) * 50) == 10**18
    assert product(()) == 1


@pytest.mark.parametrize("value", ["", "x", [], 10**400, object()])
def test_what_is_no_number_is_none(value):
    assert as_float(value) is None


def test_many_steps_are_counted():
    assert ranges(range(1, 12)) == "1, 2, 3, 4, 5, 6 and 5 more"
    assert ranges([]) == ""


# ---------------------------------------------------------------- curves and bars


@quick
@given(st.lists(anything, max_size=50))
def test_a_sparkline_has_a_character_for_each_value(values):
    drawn = sparkline(values)
    assert len(drawn) == len(values)
    finite = {v for v in values if v is not None and math.isfinite(v)}
    for value, character in zip(values, drawn, strict=True):
        if value is None:
            assert character == " "
        elif not math.isfinite(value):
            assert character == "!"
        elif len(finite) > 1:
            assert (value != min(finite)) or character == BLOCKS[0]
            assert (value != max(finite)) or character == BLOCKS[-1]


def test_a_sparkline_rises_with_its_values():
    drawn = sparkline(np.linspace(-1, 1, 64).tolist())
    assert list(drawn) == sorted(drawn)
    assert [drawn.count(block) for block in BLOCKS] == [8] * 8


@quick
@given(anything, st.floats(), st.integers(1, 30))
def test_a_bar_stays_within_its_width(value, largest, width):
    drawn = bar(value, largest, width)
    assert len(drawn) <= width
    if value is not None and 0 < value < math.inf and largest > 0:
        assert drawn


def test_bars_are_in_proportion():
    assert [len(bar(v, 8.0, 16)) for v in (8.0, 4.0, 2.0, 1e-9, 0.0)] == [16, 8, 4, 1, 0]


@quick
@given(st.lists(st.integers(1, 10**12), min_size=1, max_size=60, unique=True), st.integers(1, 40))
def test_gathering_keeps_every_value(starts, width):
    starts = sorted(starts)
    columns = gathered(starts, [1.0] * len(starts), width)
    assert len(columns) == min(width, len(starts))
    assert columns[0] == columns[-1] == 1.0
    assert {v for v in columns if v is not None} == {1.0}


def test_gathering_takes_means_by_step_not_by_bucket():
    assert gathered([1, 2, 9, 10], [1.0, 3.0, 5.0, 7.0], 2) == [2.0, 6.0]
    assert gathered([1, 100], [1.0, 2.0], 8) == [1.0, 2.0]
    assert gathered([], [], 8) == []


def test_the_value_of_a_step_is_that_of_its_bucket():
    curve = Values([1, 3, 5], [2, 2, 1], [1.0, 3.0, 9.0], [1.5, 3.5, 9.0], [2.0, 4.0, 9.0])
    assert curve.at(5) == "9"
    assert curve.at(4) == "3.5 on average over steps 3 to 4 (from 3 to 4)"
    assert curve.at(0) == curve.at(6) == ""


@pytest.mark.parametrize(
    ("stretches", "own"),
    [
        ([(1, 10, 10)], {1: 1, 7: 7, 10: 10, 99: 10}),
        ([(2, 20, 10)], {1: 0, 2: 1, 3: 1, 4: 2, 20: 10}),
        ([(1, 5, 5), (11, 15, 5)], {5: 5, 8: 5, 11: 6, 15: 10}),
    ],
)
def test_an_optimizers_own_steps_are_counted(stretches, own):
    found = Seen(
        seen.Steps(time=0.0, optimizer=0, anatomy=i, first=first, last=last, count=count)
        for i, (first, last, count) in enumerate(stretches)
    )
    assert {step: own_step(found, 0, step) for step in own} == own


# ---------------------------------------------------------------- lines


@quick
@given(st.text(max_size=300), st.integers(1, 60), st.integers(1, 60))
def test_wrapping_loses_nothing_but_spaces(text, first, rest):
    text = "".join(c for c in text if c.isprintable() and cells(c) == 1)
    lines = wrapped(text, first, rest)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(cells(line) <= (rest if i else first) for i, line in enumerate(lines))


@quick
@given(
    st.lists(st.lists(st.text(max_size=40), min_size=3, max_size=3), min_size=1, max_size=6),
    st.integers(40, 100),
)
def test_a_table_never_leaves_the_page(rows, width):
    page = Page(width)
    page.table(rows, "llr", 4, "lrl")
    assert len(page.lines) == len(rows)
    assert all(cells(line) <= width and line.isprintable() for line in page.lines)


def test_a_table_that_fits_is_whole():
    page = Page(40)
    page.table([["name", "size"], ["a", "1"], ["bcd", "200"]], "lr", 2)
    assert page.lines == ["  name  size", "  a        1", "  bcd    200"]


@pytest.mark.parametrize(
    ("encoding", "answer"), [("utf-8", True), ("ascii", False), ("latin-1", False), ("none", False)]
)
def test_blocks_are_drawn_where_the_output_can_show_them(monkeypatch, encoding, answer):
    class Output:
        pass

    Output.encoding = encoding
    monkeypatch.setattr("sys.stdout", Output())
    assert draws_blocks() is answer


def test_the_width_is_that_of_the_terminal(monkeypatch):
    for columns, width in (("100", 100), ("20", 40), ("999", 140), ("nonsense", 80)):
        monkeypatch.setenv("COLUMNS", columns)
        assert Page.of(None).width == width


def test_a_name_of_a_megabyte_is_cut_at_once():
    assert clip("x" * 10**6, 10) == "xxxxxxxxx…"
    assert cells(clip("a\u0301" * 10**6, 10)) == 10
    assert Page(40).clip_left("x" * 10**6, 10) == "…xxxxxxxxx"


# ---------------------------------------------------------------- names


def names_of(*files: str, full: bool = False) -> list[str]:
    sites = [seen.Site(time=0.0, id=i, file=file, line=1) for i, file in enumerate(files)]
    names = Names(Seen(sites))
    return [names.full_place(site) if full else names.place(site) for site in sites]


def test_a_file_is_named_as_short_as_it_can_be_told_apart():
    assert names_of("/a/train.py", "/a/model.py") == ["train.py:1", "model.py:1"]
    assert names_of("/a/x/train.py", "/a/y/train.py") == ["x/train.py:1", "y/train.py:1"]
    assert names_of("train.py") == ["train.py:1"]
    assert names_of("<stdin>", "") == ["<stdin>:1", ":1"]


def test_a_file_here_is_named_in_full_as_one_would_type_it(tmp_path, monkeypatch):
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.py").touch()
    monkeypatch.chdir(tmp_path)
    place = str(tmp_path / "src" / "a.py")
    assert names_of(place) == ["a.py:1"]
    assert names_of(place, full=True) == [f"src{os.sep}a.py:1"]


def test_a_file_of_a_package_is_named_in_full_from_the_package_on():
    place = "/usr/lib/python3/site-packages/goingdeep/train/loop.py"
    assert names_of(place) == ["loop.py:1"]
    assert names_of(place, full=True) == ["goingdeep/train/loop.py:1"]


def test_a_class_made_inside_a_function_is_named_without_it(record):
    one = record()
    one.model("build.<locals>.Net")
    one.loader(name="Adapter.get.<locals>.Data", train=None)
    one.optimizer("make.<locals>.Mine")
    (found,) = read_processes(one.end())
    names = Names(found)
    assert (names.model(0), names.loader(0), names.optimizer(0)) == ("Net", "Data", "Mine")


def test_names_that_no_file_can_have_are_no_trouble():
    assert names_of("/a\0b/" + "x" * 5000, "/" * 3000) != []


def test_two_of_a_class_are_told_apart(record):
    one = record()
    one.model("Net")
    one.model("Net")
    one.model("Other")
    one.optimizer("Adam", owns=(0,))
    one.optimizer("Adam", owns=(2,))
    one.optimizer("SGD", owns=())
    one.loader(100, train=True)
    one.loader(100, train=False)
    one.loader(50, train=None, name="Pairs")
    one.loader(60, train=None, name="Pairs")
    one.loader(60, train=None, name="Triples")
    (found,) = read_processes(one.end())
    names = Names(found)
    assert [names.model(i) for i in range(4)] == ["Net 0", "Net 1", "Other", "model 3"]
    assert [names.optimizer(i) for i in range(4)] == [
        "Adam of Net",
        "Adam of Other",
        "SGD",
        "optimizer 3",
    ]
    assert [names.loader(i) for i in range(6)] == [
        "FashionMNIST (train part)", "FashionMNIST (test part)", "Pairs of 50", "Pairs of 60", "Triples", "loader 5",
    ]  # fmt: skip


# ---------------------------------------------------------------- words

WORDS = [
    (op("batch", loader=0), "f32[4,2]"),
    (op("forward", model=0, training=True, grad=True), "Net, training mode"),
    (op("forward", model=0, module="head", training=False, grad=False), "Net.head, evaluation mode, no gradients"),
    (op("forward", model=0, training=False, inference=True, grad=False), "Net, evaluation mode, inference mode"),
    (op("forward", model=0, training=True, sensitive="evaluation"),
     "Net, training mode, but Dropout and BatchNorm as in evaluation"),
    (op("forward", model=0, training=True, sensitive="training"), "Net, training mode"),
    (op("forward", model=0, training=True, sensitive="mixed"),
     "Net, training mode, some layers as in training, some as in evaluation"),
    (op("forward", model=0, training=True, autocast=True), "Net, training mode, autocast"),
    (op("forward", model=0, training=True, autocast="torch.bfloat16"), "Net, training mode, autocast bfloat16"),
    (op("loss", loss=0), "mse_loss (sum), first 0.5"),
    (op("loss", loss=7), "a loss"),
    (op("backward", grads="none"), "gradients were none"),
    (op("backward", grads="0:none 1:none"), "gradients were none"),
    (op("backward", grads="0:none 1:summed"), "gradients: none in Net, summed in Adam"),
    (op("backward", grads="x:none 9999999999999999999:zero"), "gradients: none in x, zero in 9999999999999999999"),
    (op("backward", grads=3, leaf=True), "the loss has no graph: no gradient is made"),
    (op("backward", retain=True, create=False), "the graph is kept"),
    (op("backward", create=True, retain=True), "with a graph of its own"),
    (op("clip", how="value", limit=0.5), "value of gradients at most 0.5"),
    (op("clip", how="norm", limit=1, grads="none"), "norm of gradients at most 1, there was no gradient"),
    (op("step", optimizer=0, grads="fresh", changed=True), "SGD, lr 0.001"),
    (op("step", optimizer=0, grads="none", changed=False), "SGD, lr 0.001, there was no gradient, no weight changed"),
    (op("step", optimizer=2), "no optimizer: the loop changes the weights itself"),
    (op("step", optimizer=9), "optimizer 9"),
    (op("clear", by="optimizer", number=0, to="zero"), "gradients of SGD set to zero"),
    (op("clear", by="module", number=0, to="none"), "gradients of Net set to none"),
    (op("clear", by="hand"), "gradients, by hand, set"),
    (op("scale", enabled=True), "loss times the scale"),
    (op("unscale", enabled=False), "gradients divided by the scale, GradScaler disabled"),
    (op("step-scaled", skipped=True), "skipped by the GradScaler: gradients were not finite"),
    (op("step-scaled", enabled=False), "step through the GradScaler, GradScaler disabled"),
    (op("update"), "the scale is adapted"),
    (op("schedule", scheduler=0), "StepLR"),
    (op("schedule", scheduler=True), "scheduler"),
    (op("mode", model=0, training=False), "Net to evaluation mode"),
    (op("load", what="model", number=0), "state of Net"),
    (op("load", what="optimizer", number=0), "state of SGD"),
    (op("load", what="scaler", number=-1), "state of scaler"),
    (op("save", what="model"), "model"),
    (op("grad"), "torch.autograd.grad, .grad stays as it is"),
    (op("unheard-of", a=1, b="x"), "a 1, b x"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("operation", "text"), WORDS, ids=lambda value: value if isinstance(value, str) else value.op
)
def test_an_operation_in_words(record, operation, text):
    one = record()
    one.model("Net")
    one.model("Other")
    one.optimizer("SGD", owns=(0,))
    one.optimizer("Adam", owns=())
    one.numbered(seen.Optimizer, class_name="", by_hand=True)
    one.loader()
    one.loss("mse_loss", 0.5, reduction="sum")
    one.numbered(seen.Scheduler, class_name="StepLR")
    one.write(look.LookBatch, look=1, loader=0, tensors=(look.Values((4, 2), "float32"),))
    (found,) = read_processes(one.end())
    assert Words(found, Names(found)).of(operation) == text


@pytest.mark.parametrize(
    ("stretches", "text"),
    [
        ([(5, 5, 1)], "step 5"),
        ([(1, 5, 5)], "steps 1 to 5"),
        ([(1, 9, 5)], "5 steps from step 1 on"),
        ([(9, 9, 1), (3, 4, 2)], "steps 3, 4 and 9"),
        ([(5, 9, 2)], "steps 5 and 9"),
        ([(3, 4, 2), (9, 99, 91)], "93 steps from step 3 on"),
    ],
)
def test_which_steps_in_words(stretches, text):
    assert which_steps([Stretch(0, 0, *stretch) for stretch in stretches]) == text
