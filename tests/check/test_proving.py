"""`--prove`: both curves against loops written by hand, with and without the mistake."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader

import goingdeep as gd
from goingdeep.check import Finding
from goingdeep.check.proof import FILE, Remedy
from goingdeep.checked import check_record
from goingdeep.remedies import variant_of

STEPS = 80


def batches(steps: int = STEPS) -> list[tuple[torch.Tensor, torch.Tensor]]:
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(steps, 16, 6, generator=generator)
    return [(one, one[:, :3].argmax(1)) for one in x]


def model() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 16), nn.Tanh(), nn.Linear(16, 3))


def uncleared(*, clears: bool, steps: int = STEPS) -> list[float]:
    """The loss of each step."""
    net = model()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.5)
    losses = []
    for x, y in batches(steps):
        loss = F.cross_entropy(net(x), y)
        if clears:
            optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def softmaxed(*, twice: bool) -> list[float]:
    """The cross-entropy of each step's answers."""
    net = model()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.5)
    plain = []
    for x, y in batches():
        scores = net(x)
        optimizer.zero_grad()
        loss = F.cross_entropy(scores.softmax(1) if twice else scores, y)
        loss.backward()
        optimizer.step()
        plain.append(F.cross_entropy(scores.detach(), y).item())
    return plain


def stretched(*, stretches: bool) -> list[float]:
    """The squared error of each step, sample by sample."""
    torch.manual_seed(0)
    net = nn.Linear(6, 1)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    errors = []
    for x, _ in batches():
        y = x.sum(1)
        out = net(x)
        optimizer.zero_grad()
        loss = F.mse_loss(out if stretches else out[:, 0], y)
        loss.backward()
        optimizer.step()
        errors.append((out.detach()[:, 0] - y).square().mean().item())
    return errors


def half_owned(*, all_: bool) -> list[float]:
    """The loss of each step, where the optimizer has the first layer only, or everything."""
    net = model()
    optimizer = torch.optim.SGD((net if all_ else net[0]).parameters(), lr=0.5)
    losses = []
    for x, y in batches():
        loss = F.cross_entropy(net(x), y)
        net.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def frozen(*, free: bool) -> list[float]:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(6, 16), nn.LayerNorm(16), nn.Linear(16, 3))
    for layer in (net[0], net[2]):
        layer.requires_grad_(free)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.5)
    return trained(net, optimizer)


def collapsed(*, kept: bool) -> list[float]:
    net = model()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.5)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, 2, 1.0 if kept else 0.1)
    return trained(net, optimizer, schedule.step)


def cut_off(*, at_zero: bool) -> list[float]:
    torch.manual_seed(0)
    layers = [nn.Linear(6, 16), nn.Tanh(), nn.Linear(16, 3), nn.ReLU()]
    net = nn.Sequential(*layers[: 4 if at_zero else 3])
    return trained(net, torch.optim.SGD(net.parameters(), lr=0.5))


def trained(net: nn.Module, optimizer, after=lambda: None) -> list[float]:
    losses = []
    for x, y in batches():
        loss = F.cross_entropy(net(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        after()
        losses.append(loss.item())
    return losses


def dark(*, scaled: bool) -> list[float]:
    """Pixels that were divided by 255 twice, as they are, or with mean 0 and deviation 1."""
    images = [x[:, :, None, None].sigmoid().expand(-1, -1, 2, 2) / 255 for x, _ in batches()]
    every = torch.cat(images[:60]).double()
    loader = DataLoader(list(zip(images, (y for _, y in batches()), strict=True)), batch_size=None)
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(6, 8, 1), nn.Flatten(), nn.Linear(32, 3))
    optimizer = torch.optim.SGD(net.parameters(), lr=0.5)
    losses = []
    for x, y in loader:
        given = (x - float(every.mean())) / float(every.std()) if scaled else x
        loss = F.cross_entropy(net(given), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def padded(*, ignored: bool) -> list[float]:
    """The cross-entropy of each step's real tokens."""
    generator = torch.Generator().manual_seed(1)
    torch.manual_seed(0)
    net = nn.Sequential(nn.Embedding(7, 8), nn.Linear(8, 7))
    optimizer = torch.optim.SGD(net.parameters(), lr=0.5)
    plain = []
    for _ in range(STEPS):
        tokens = torch.randint(1, 7, (8, 6), generator=generator)
        tokens[torch.arange(6) >= torch.randint(2, 6, (8, 1), generator=generator)] = 0
        x, y = tokens, tokens.roll(0, 1)
        scores = net(x).transpose(1, 2)
        optimizer.zero_grad()
        F.cross_entropy(scores, y, ignore_index=0 if ignored else -100).backward()
        optimizer.step()
        plain.append(F.cross_entropy(scores.detach(), y, ignore_index=0).item())
    return plain


def proved(folder: Path, program, **how) -> Finding:
    """The finding with a remedy, and its proof, of a program that is run here."""
    with gd.watch(folder, moments=True, quiet=True) as run:
        program(**how)
    assert run._run is not None
    assert run._run.onlooker is not None
    run._run.onlooker.prove()
    found = [one for one in check_record(folder).report.findings if one.remedy is not None]
    assert len(found) == 1
    assert found[0].proof is not None
    return found[0]


@pytest.mark.filterwarnings("ignore:Using a target size")
@pytest.mark.parametrize(
    ("program", "rule", "mistake", "exact"),
    [
        (uncleared, "grads-not-cleared", {"clears": (False, True)}, True),
        (softmaxed, "double-softmax", {"twice": (True, False)}, False),
        (stretched, "loss-shape-broadcast", {"stretches": (True, False)}, False),
        (half_owned, "params-not-in-optimizer", {"all_": (False, True)}, True),
        (frozen, "nothing-trainable", {"free": (False, True)}, True),
        (collapsed, "scheduler-per-batch", {"kept": (False, True)}, True),
        (cut_off, "relu-before-loss", {"at_zero": (True, False)}, True),
        (dark, "double-or-wrong-normalise", {"scaled": (False, True)}, False),
        (padded, "pad-in-loss", {"ignored": (False, True)}, False),
    ],
)
def test_both_curves_are_those_of_the_loops_written_by_hand(
    tmp_path, program, rule, mistake, exact
):
    (name,) = mistake
    wrong, right = mistake[name]
    finding = proved(tmp_path / "run", program, **{name: wrong})
    proof = finding.proof
    assert proof is not None
    assert finding.rule == rule
    assert list(proof.curves) == ["as it is", finding.remedy.name if finding.remedy else ""]
    close = {"rel": 0, "abs": 0} if exact else {"rel": 1e-3, "abs": 1e-5}
    for how, curve in zip((wrong, right), proof.curves.values(), strict=True):
        assert len(curve) == 60
        assert list(curve) == pytest.approx(program(**{name: how})[:60], **close)
    assert proof.differs
    one, other = (sum(curve[-10:]) / 10 for curve in proof.curves.values())
    assert other < one
    assert finding.remedy is not None
    assert f"is {one:.4g} as it is, and {other:.4g} {finding.remedy.name}" in proof.sentence
    assert proof.sentence.startswith("over the last 10 of 60 replayed steps the mean ")


def test_batches_are_mixed_and_joined_without_losing_a_sample():
    given = [(torch.arange(n * 10, n * 10 + 10), torch.full((10,), n)) for n in range(7)]
    for how, sizes in (("mixed", [10] * 7), ("joined", [32, 32, 6])):
        change = variant_of(Remedy(name="so", batches=how)).batches
        assert change is not None
        found = change(given)
        assert [len(x) for x, _ in found] == sizes
        x, y = (torch.cat(parts) for parts in zip(*found, strict=True))
        assert sorted(x.tolist()) == list(range(70))
        assert torch.equal(y, x // 10)
        assert torch.equal(x, torch.arange(70)) is (how == "joined")


def test_layers_are_put_in_the_place_of_others():
    net = nn.Sequential(nn.Sequential(nn.Linear(2, 2), nn.Sigmoid()), nn.Linear(2, 2), nn.ReLU())
    change = variant_of(Remedy(name="so", swap={"Sigmoid": "LeakyReLU"}, last="ReLU")).module
    assert change is not None
    kinds = [type(part).__name__ for part in change(net).modules() if part is not net]
    assert kinds == ["Sequential", "Linear", "LeakyReLU", "Linear", "Identity"]
    alone = change(nn.ReLU())
    assert type(alone) is nn.Identity


def test_a_proof_stands_in_every_report(tmp_path):
    finding = proved(tmp_path / "run", uncleared, clears=False)
    assert finding.proof is not None
    checked = check_record(tmp_path / "run")
    assert f"\n  proof: {finding.proof.sentence}\n  more:  " in checked.text()
    (one,) = json.loads(checked.text("json"))["findings"]
    assert one["proof"]["sentence"] == finding.proof.sentence
    assert [len(curve) for curve in one["proof"]["curves"].values()] == [60, 60]
    for face in ("sarif", "github"):
        checked.text(face)


def test_a_remedy_that_changes_nothing_is_said_to(tmp_path):
    def program():
        net = model()
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
        for x, y in batches():
            optimizer.zero_grad()
            nn.utils.clip_grad_norm_(net.parameters(), 1000.0)
            F.cross_entropy(net(x), y).backward()
            optimizer.step()

    finding = proved(tmp_path / "run", program)
    assert finding.rule == "clip-misplaced"
    assert finding.proof is not None
    assert not finding.proof.differs
    assert finding.proof.sentence.startswith("no measurable difference yet: over the last 10 of 60")


class _Odd(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 1

    @staticmethod
    def backward(ctx, gradient):
        return gradient


def test_a_loop_that_cannot_be_repeated_is_said_to(tmp_path):
    def program():
        net = model()
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
        for x, y in batches():
            F.cross_entropy(_Odd.apply(net(x)), y).backward()
            optimizer.step()

    finding = proved(tmp_path / "run", program)
    assert finding.rule == "grads-not-cleared"
    assert finding.proof is not None
    assert finding.proof.sentence.startswith("not replayed: ")
    assert not finding.proof.curves


def test_a_mistake_that_begins_late_is_replayed_from_there(tmp_path):
    def program():
        net = model()
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
        for step, (x, y) in enumerate(batches(200)):
            if step < 100:
                optimizer.zero_grad()
            F.cross_entropy(net(x), y).backward()
            optimizer.step()

    finding = proved(tmp_path / "run", program)
    assert finding.rule == "grads-not-cleared"
    assert finding.proof is not None
    assert 100 < finding.proof.first_step < 120
    assert finding.proof.differs


def test_the_program_is_not_touched(tmp_path):
    plain = uncleared(clears=False)
    state = torch.get_rng_state()
    with gd.watch(tmp_path / "run", moments=True, quiet=True) as run:
        watched = uncleared(clears=False)
    assert run._run is not None
    assert run._run.onlooker is not None
    run._run.onlooker.prove()
    assert watched == plain
    assert torch.equal(torch.get_rng_state(), state)


def test_every_remedy_is_one_that_the_engine_knows():
    x = torch.tensor([[0.2, 0.8]])
    remedy = Remedy(name="so", clear="right", scale=0.5, clip=1.0, train_mode=True)
    variant = variant_of(remedy)
    assert (variant.name, variant.clear, variant.scale, variant.clip) == ("so", "right", 0.5, 1.0)
    assert variant.train_mode is True
    for name, expected in (
        ("log", x.log()),
        ("logit", x.logit()),
        ("log_softmax", x.log_softmax(1)),
    ):
        changed = variant_of(Remedy(name="so", before_loss=name)).before_loss
        assert changed is not None
        torch.testing.assert_close(changed(x), expected)


def test_the_record_of_a_program_that_has_ended_cannot_be_replayed(tmp_path, gd_command):
    with gd.watch(tmp_path / "run", quiet=True):
        uncleared(clears=False)
    code, _, err = gd_command("check", str(tmp_path / "run"), "--prove")
    assert code == 2
    assert "cannot be replayed from its record" in err
    assert "fix:   gd check --prove " in err
    assert not (tmp_path / "run" / FILE).exists()


def test_damaged_proofs_are_left_out(tmp_path):
    proved(tmp_path / "run", uncleared, clears=False)
    (tmp_path / "run" / FILE).write_text("[1, 2")
    assert check_record(tmp_path / "run").report.findings[0].proof is None


@pytest.fixture
def gd_command(gd):
    return gd
