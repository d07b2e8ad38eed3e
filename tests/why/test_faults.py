"""What the user's model says is part of an answer; a fault of ours is an error."""

from __future__ import annotations

import operator

import pytest
import torch
from torch import nn

import goingdeep as gd
from goingdeep.errors import LessonError
from goingdeep.explained import explain, why
from goingdeep.record.answer import read_answers
from goingdeep.why.answering import answered
from goingdeep.why.catalogue import catalogue
from goingdeep.why.experiment import Bound
from goingdeep.why.lessons.eval import measured
from goingdeep.why.program import of_watcher

pytestmark = pytest.mark.usefixtures("one_thread")


ERRORS = {
    "value": ValueError("no batch of\ntwo lines"),
    "type": TypeError("x"),
    "memory": torch.OutOfMemoryError("full"),
}


class Picky(nn.Module):
    """It takes nothing in eval mode."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.layer = nn.Linear(6, 3)
        self.kind = kind

    def forward(self, x):
        if not self.training:
            raise ERRORS[self.kind]
        return self.layer(x)


def watched(folder, model):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with gd.watch(folder, moments=True, quiet=True) as run:
        for i in range(6):
            x = torch.randn(8, 6, generator=torch.Generator().manual_seed(i))
            nn.functional.cross_entropy(model(x), x[:, :3].argmax(1)).backward()
            optimizer.step()
            optimizer.zero_grad()
    return run


@pytest.mark.parametrize("kind", ERRORS)
def test_what_the_model_raises_is_told(tmp_path, kind):
    run = watched(tmp_path / "run", Picky(kind))
    found = answered(catalogue()["eval"], of_watcher(run.watcher, Bound()))
    error = ERRORS[kind]
    first = str(error).splitlines()[0]
    assert found.fault == ""
    assert found.says == (
        "run as the experiment needs it, the model, its loss or its data ended with "
        f"{type(error).__name__}: {first}"
    )
    assert {claim.verdict for claim in found.claims} == {"not measured"}


def test_a_fault_of_ours_is_an_error(tmp_path, monkeypatch):
    run = watched(tmp_path / "run", nn.Linear(6, 3))
    monkeypatch.setattr(measured, "norm", operator.neg)  # a list has no minus
    experiment = of_watcher(run.watcher, Bound())
    found = answered(catalogue()["eval"], experiment)
    assert found.fault.startswith(
        "TypeError: bad operand type for unary -: 'list' (why/lessons/eval/"
    )
    assert not found.replayed
    with pytest.raises(LessonError) as caught:
        explain(catalogue()["eval"], experiment, run.path)
    assert str(caught.value).splitlines() == [
        "the experiment of gd why eval failed by a fault of its own",
        f"  where: {found.fault}",
        "  fix:   please report this line with the version that gd --version names",
        "  more:  docs/why.md",
    ]
    assert read_answers(run.path) == []
    monkeypatch.undo()
    assert why("eval", run).answer.replayed == 6
