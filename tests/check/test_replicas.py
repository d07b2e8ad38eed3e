"""Processes that train one model: what is judged of two records, and what is not."""

from __future__ import annotations

import math

import pytest

from goingdeep.check import catalogue, check_processes
from goingdeep.record import look, seen
from goingdeep.record.seen import Dataset, Exchange, Group, Parameter, Part
from tests.check.conftest import Record

RULE = "ddp-replicas-diverge"
RULES = {RULE: catalogue()[RULE]}
LOOKS = (1, 2, 3, 4, 8)


def process(
    rank: int, norms: dict[int, float], *, class_name: str = "DistributedDataParallel",
    sampler: str = "", rate: float = 0.1, unknown: int = 0, parts: tuple[Part, ...] = (),
    shape: tuple[int, ...] = (4, 4), line: str = "loss = loss_fn(model(x), y)", exchange: int = 0,
) -> Record:  # fmt: skip
    """A process with a norm of its one weight after each look; equal norms are equal weights."""
    record = Record(rank=rank)
    record.sites(f"optimizer = SGD(model.parameters())\n{line}\n")
    record.add(
        seen.Model, id=0, class_name=class_name, site=2, parts=parts,
        parameters=(Parameter("weight", shape),),
    )  # fmt: skip
    record.add(
        seen.Optimizer, id=0, class_name="SGD", site=1, groups=(Group({}, {0: (0,)}, unknown),)
    )
    if sampler:
        record.add(
            seen.Loader, id=0, class_name="DataLoader", dataset=Dataset(0, "D", 0), sampler=sampler
        )
        record.add(seen.Pass, id=0, loader=0, number=1, role="training", steps=8, batches=8)
    record.step = 8
    record.add(seen.Steps, optimizer=0, anatomy=0, first=1, last=8, count=8)
    if exchange:
        record.add(Exchange, function="all_reduce", site=2, values=exchange)
    for step, norm in norms.items():
        record.add(
            look.LookStep, look=step, optimizer=0, checksum=norm.hex(), settings={"lr": rate},
            updates=(look.Update(0, "weight", norm, 0.1, 0.1),),
        )  # fmt: skip
    record.add(seen.Ended, seconds=1.0, steps=8)
    return record


def judged(*records: Record):
    return check_processes([record.seen() for record in records], None, RULES)


def going(*, from_: float = 1.0, by: float = 0.0) -> dict[int, float]:
    return {step: from_ + by * step for step in LOOKS}


def test_wrapped_and_apart_is_an_error_with_both_norms():
    report = judged(process(0, going()), process(1, going(by=0.01)))
    (finding,) = report.findings
    assert finding.severity == "error"
    assert (finding.step, finding.count, finding.line) == (1, 5, 1)
    assert finding.message == (
        "2 processes train one DistributedDataParallel, and their weights are not the same: the norm "
        "of weight is 1.0 in process 0 and 1.08 in process 1, before step 8"
    ).replace("1.0 in", "1 in")
    assert "load weights before" in finding.fix
    assert "rates" not in finding.evidence


def test_rates_that_differ_are_evidence():
    report = judged(process(0, going(), rate=0.1), process(1, going(by=0.01), rate=0.2))
    assert report.findings[0].evidence["rates"] == (0.1, 0.2)


def test_three_processes_are_one_finding_and_the_widest_is_told():
    records = [process(rank, going(by=0.01 * rank)) for rank in range(3)]
    (finding,) = judged(*records).findings
    assert (finding.evidence["processes"], finding.evidence["other"], finding.rank) == (3, 2, 0)


def test_a_wrapper_that_is_left_out_is_named_at_the_call():
    records = [
        process(rank, going(by=rank), class_name="Net", sampler="DistributedSampler",
                line="loss = loss_fn(model.module(x), y)")
        for rank in (0, 1)
    ]  # fmt: skip
    (finding,) = judged(*records).findings
    assert finding.line == 2
    assert "not model.module(x)" in finding.fix


@pytest.mark.parametrize(
    ("how", "first", "second"),
    [
        ("the same weights", {}, {}),
        ("rounding", {}, {"norms": going(by=1e-9)}),
        ("two looks", {"norms": {1: 1.0, 2: 2.0}}, {"norms": {1: 3.0, 2: 4.0}}),
        ("together again", {}, {"norms": {**going(by=0.1), 8: 1.0}}),
        ("nothing says that they are one", {"class_name": "Net"}, {"class_name": "Net", "norms": going(by=1)}),
        ("only one of them says so", {}, {"class_name": "Net", "norms": going(by=1)}),
        ("other parts", {}, {"shape": (2, 2), "norms": going(by=1)}),
        ("tensors of no model", {"unknown": 1}, {"unknown": 1, "norms": going(by=1)}),
        ("not finite", {}, {"norms": dict.fromkeys(LOOKS, math.nan)}),
    ],
)  # fmt: skip
def test_what_may_be_meant_is_left_alone(how, first, second):
    fields = {"norms": going()}
    report = judged(process(0, **(fields | first)), process(1, **(fields | second)))
    assert report.findings == [], how
    assert report.clean == [RULE]


@pytest.mark.parametrize(
    "sharded", [{"class_name": "FullyShardedDataParallel"}, {"parts": (Part("", "FSDPLinear"),)}]
)
def test_weights_in_pieces_are_no_replicas(sharded):
    report = judged(process(0, going(), **sharded), process(1, going(by=1), **sharded))
    assert report.findings == []


@pytest.mark.parametrize(("values", "found"), [(15, True), (16, False)])
def test_tensors_as_large_as_a_weight_may_be_averages_of_weights(values, found):
    report = judged(process(0, going(), exchange=values), process(1, going(by=1)))
    assert bool(report.findings) is found
    if not found:
        assert "as large as a weight" in report.not_checked[RULE]


def test_one_process_is_not_checked():
    assert "one process" in judged(process(0, going())).not_checked[RULE]


def test_a_resume_is_no_other_process():
    first = process(0, going())
    again = process(0, going(by=1))
    assert "one process" in judged(first, again).not_checked[RULE]
