"""Small programs, each with one thing that few loops do."""

from __future__ import annotations

import textwrap

import pytest

from goingdeep.record.look import LookBatch, LookCall, LookStep
from goingdeep.record.seen import Kept, ModuleHidden
from tests.foreign.harness import Outcome, steps_of, watch

BEGIN = """
    import torch
    from torch import nn
    from torch.nn import functional as F
    from torch.utils.data import DataLoader, TensorDataset

    torch.manual_seed(0)
    x, y = torch.randn(8, 4), torch.randint(0, 3, (8,))
    model = nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 3))
"""


@pytest.fixture
def watched(tmp_path):
    def watched(text: str) -> Outcome:
        program = tmp_path / "program.py"
        program.write_text(textwrap.dedent(BEGIN) + textwrap.dedent(text))
        one = watch(program, tmp_path / "run")
        assert one.error is None, one.error
        assert not one.seen.gaps
        return one

    return watched


# ---------------------------------------------------------------- calls


def test_a_module_that_raises_inside_another_ends_its_own_call_only(watched):
    run = watched("""
        class Falls(nn.Module):
            def forward(self, x):
                raise ValueError("try the other one")

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.first, self.second = Falls(), nn.Linear(4, 3)

            def forward(self, x):
                try:
                    return self.first(x)
                except ValueError:
                    return self.second(x)

        model = Net()
        F.cross_entropy(model(x), y).backward()
        torch.optim.SGD(model.parameters(), lr=0.1).step()
    """)
    net, falls, linear = run.seen.looks[1].of(LookCall)
    assert [(call.class_name, call.depth) for call in (net, falls, linear)] == [
        ("Net", 0),
        ("Falls", 1),
        ("Linear", 1),  # and not within the one that raised
    ]
    assert falls.outputs == ()
    assert net.outputs[0].shape == linear.outputs[0].shape == (8, 3)


# ---------------------------------------------------------------- steps by hand


def test_a_step_by_hand_comes_before_the_clear_that_follows_it(watched):
    run = watched("""
        for _ in range(4):
            F.cross_entropy(model(x), y).backward()
            with torch.no_grad():
                for p in model.parameters():
                    p -= 0.1 * p.grad
            model.zero_grad()
    """)
    assert run.seen.steps == 4
    for count, ops in steps_of(run.seen):
        if count > 1:
            assert [op.op for op in ops] == ["clear", "forward", "loss", "backward", "step"]


# ---------------------------------------------------------------- modes


def test_a_mode_that_was_set_before_the_first_forward_has_its_model(watched):
    run = watched("""
        criterion = nn.CrossEntropyLoss()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for _ in range(3):
            criterion.train()
            model.train()
            model[1].eval()
            criterion(model(x), y).backward()
            optimizer.step()
    """)
    ((_, ops), *rest) = [kind for kind in steps_of(run.seen) if kind[0]]
    modes = [op.facts for op in ops if op.op == "mode"]
    assert [(m.get("model"), m.get("module"), m["training"]) for m in modes] == [
        (-1, None, True),  # no model
        (0, None, True),
        (0, "1", False),
    ]
    assert {op.facts["model"] for _, ops in rest for op in ops if op.op == "mode"} == {-1, 0}


# ---------------------------------------------------------------- optimizers


def test_every_optimizer_is_known_at_the_first_step_of_any(watched):
    run = watched("""
        other = nn.Linear(3, 1)
        one = torch.optim.SGD(model.parameters(), lr=0.1)
        two = torch.optim.Adam(other.parameters(), lr=0.1)
        three = torch.optim.SGD([nn.Parameter(torch.zeros(2))], lr=0.1)
        (model(x) + other(model(x))).sum().backward()
        one.step()
    """)
    known = run.seen.optimizers
    assert [known[n].class_name for n in sorted(known)] == ["SGD", "Adam", "SGD"]
    assert known[1].groups[0].owns == {1: (0, 1)}
    assert (known[2].groups[0].owns, known[2].groups[0].unknown) == ({}, 1)


def test_an_optimizer_whose_model_comes_later_is_told_again(watched):
    run = watched("""
        other = nn.Linear(3, 1)
        one = torch.optim.SGD(model.parameters(), lr=0.1)
        two = torch.optim.Adam(other.parameters(), lr=0.1)
        model(x).sum().backward()
        one.step()
        other(model(x)).sum().backward()
        two.step()
    """)
    assert run.seen.optimizers[1].groups[0].owns == {1: (0, 1)}


# ---------------------------------------------------------------- the loss of a step


def test_a_loss_whose_gradients_were_cleared_is_not_the_steps(watched):
    run = watched("""
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        losses = []
        for i in range(6):
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            if i % 2:
                optimizer.step()
                losses.append(loss.item())
            if i % 3:
                optimizer.zero_grad()
            else:
                for p in model.parameters():
                    p.grad = None
    """)
    assert run.curves["loss"] == run.value("losses")


def test_the_losses_of_two_optimizers_are_each_their_own(watched):
    run = watched("""
        other = nn.Linear(4, 3)
        one = torch.optim.SGD(model.parameters(), lr=0.1)
        two = torch.optim.SGD(other.parameters(), lr=0.1)
        losses = {0: [], 1: []}
        for _ in range(4):
            one.zero_grad(), two.zero_grad()
            first = F.cross_entropy(model(x), y)
            second = F.cross_entropy(other(x), y)
            first.backward()  # both, before either steps
            second.backward()
            one.step(), two.step()
            losses[0].append(first.item())
            losses[1].append(second.item())
    """)
    losses = run.value("losses")
    assert (run.curves["loss"], run.curves["loss-1"]) == (losses[0], losses[1])


def test_gradients_that_another_loss_left_behind_count_with_those_of_the_step(watched):
    run = watched("""
        head = nn.Linear(3, 1)
        one = torch.optim.SGD(model.parameters(), lr=0.1)
        two = torch.optim.SGD(head.parameters(), lr=0.1)
        losses = []
        for _ in range(3):
            two.zero_grad(), one.zero_grad()
            before = head(model(x)).pow(2).mean()
            before.backward()  # writes into both
            two.step()
            after = F.cross_entropy(model(x), y)
            after.backward()
            one.step()  # uses both
            losses.append((before.item() + after.item()) / 2)
    """)
    assert run.curves["loss"] == pytest.approx(run.value("losses"), rel=1e-6)


# ---------------------------------------------------------------- graphs that are kept


KEEPING = """
    loader = DataLoader(TensorDataset(x, y), batch_size=2)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    kept = []
    for epoch in range(16):
        for a, b in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(a), b).backward()
            optimizer.step()
        model.eval()
        for a, b in loader:
            loss = F.cross_entropy(model(a), b)
            kept.append({})
        model.train()
"""


@pytest.mark.parametrize("keeps", [True, False])
def test_an_evaluation_that_keeps_its_losses_keeps_their_graphs(watched, keeps):
    run = watched(KEEPING.format("loss" if keeps else "loss.item()"))
    found = {run.seen.site(kept.site).source for kept in run.seen.of(Kept)}
    assert found == ({"loss = F.cross_entropy(model(a), b)"} if keeps else set())


def test_losses_that_led_to_a_backward_are_told_of_once_by_its_line(watched):
    run = watched("""
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        kept, loader = [], DataLoader(TensorDataset(x, y), batch_size=8)
        for epoch in range(40):
            for a, b in loader:  # each the first of its pass
                optimizer.zero_grad()
                loss = F.cross_entropy(model(a), b)
                (loss / 2).backward()
                optimizer.step()
                kept.append(loss * 1)
    """)
    assert {run.seen.site(kept.site).source for kept in run.seen.of(Kept)} == {
        "(loss / 2).backward()"
    }


# ---------------------------------------------------------------- modules that nobody registered


def test_a_hidden_module_counts_what_no_model_has(watched):
    run = watched("""
        class Net(nn.Module):
            def __init__(self, shared):
                super().__init__()
                self.last = nn.Linear(5, 3)
                self.lists = [nn.Linear(5, 5), shared]

            def forward(self, x):
                return self.last(self.lists[0](self.lists[1](x)))

        shared = nn.Linear(4, 5)
        net = Net(shared)
        both = nn.Sequential(shared, nn.ReLU())
        parameters = [*net.parameters(), *net.lists[0].parameters(), *both.parameters()]
        optimizer = torch.optim.SGD(parameters, lr=0.1)
        for _ in range(2):
            (F.cross_entropy(net(x), y) + both(x).mean()).backward()
            optimizer.step()
    """)
    # `shared` belongs to another model, which is called later.
    (hidden,) = run.seen.of(ModuleHidden)
    assert (hidden.inside, hidden.parameters, hidden.trainable) == ("Net", 30, True)
    assert hidden.owned
    assert "self.lists[0]" in run.seen.site(hidden.site).source


# ---------------------------------------------------------------- close looks at evaluations


EVALUATING = """
    loader = DataLoader(TensorDataset(x, y), batch_size=2)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for epoch in range(8):
        for a, b in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(a), b).backward()
            optimizer.step()
        test = DataLoader(TensorDataset(x[:4] + 1, y[:4]), batch_size=2)  # anew each time
        with torch.no_grad():
            for a, b in test:
                model(a), model(a)
"""


def test_a_look_at_an_evaluation_begins_with_its_batch(watched):
    run = watched(EVALUATING)
    looks = {step: look.evaluation for step, look in run.seen.looks.items() if look.evaluation}
    # After epochs 1, 2, 4 and 8, of 4 steps each; the close looks at steps 4 and 8 are over by then.
    assert sorted(looks) == [4, 8, 16, 32]
    for parts in looks.values():
        batch, *calls = parts
        assert isinstance(batch, LookBatch)
        assert batch.tensors[0].mean == pytest.approx(float(run.value("x")[:2].mean()) + 1)
        assert [call.depth for call in calls] == [0, 1, 1, 1] * 2  # both forwards of the batch
    for look in run.seen.looks.values():
        assert len(look.of(LookBatch)) == bool(look.training)  # none of an evaluation's


# ---------------------------------------------------------------- places


def line(run: Outcome, site: int) -> str:
    found = run.seen.site(site)
    return found.source if found is not None else ""


def test_calls_loaders_and_losses_have_their_lines(watched):
    run = watched("""
        class Mine(DataLoader):
            def __init__(self, *args):
                super().__init__(*args)

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.inner = model

            def forward(self, x):
                return self.inner(x)

        net = Net()
        loader = Mine(TensorDataset(x, y), 4)
        for a, b in loader:
            scores = net(a)
            F.cross_entropy(scores, b).backward()
            torch.optim.SGD(net.parameters(), lr=0.1).step()
    """)
    calls = run.seen.looks[1].of(LookCall)
    assert [line(run, call.site) for call in calls] == [
        "scores = net(a)", *["return self.inner(x)"] * 4
    ]  # fmt: skip
    (loader,) = run.seen.loaders.values()
    assert line(run, loader.made) == "loader = Mine(TensorDataset(x, y), 4)"
    assert line(run, loader.site) == "for a, b in loader:"


MAKERS = [
    ("torch.softmax(out, 1)", "SoftmaxBackward0"),
    ("out.softmax(dim=1)", "SoftmaxBackward0"),
    ("F.softmax(out, 1)", "SoftmaxBackward0"),
    ("nn.Softmax(1)(out)", "SoftmaxBackward0"),
    ("F.log_softmax(out, 1)", "LogSoftmaxBackward0"),
    ("nn.LogSoftmax(1)(out)", "LogSoftmaxBackward0"),
    ("torch.sigmoid(out)", "SigmoidBackward0"),
    ("nn.Sigmoid()(out)", "SigmoidBackward0"),
    ("F.sigmoid(out)", "SigmoidBackward0"),
]


@pytest.mark.filterwarnings("ignore:nn.functional.sigmoid is deprecated")
@pytest.mark.parametrize(("call", "node"), MAKERS)
def test_the_line_that_made_the_input_of_a_loss_is_known(watched, call, node):
    run = watched(f"""
        for _ in range(2):
            out = model(x)
            scores = {call}
            scores = scores.view(8, 3)
            F.nll_loss(scores, y).backward()
    """)
    (loss,) = run.seen.losses.values()
    assert loss.came_from[0] == node
    assert line(run, loss.came_from_sites[0]) == f"scores = {call}"
    assert set(loss.came_from_sites[1:]) == {-1}


def test_tensors_of_no_model_are_counted_and_those_without_a_gradient(watched):
    run = watched("""
        old = nn.Linear(4, 2)
        latent = nn.Parameter(torch.ones(8, 4))
        frozen = model[0].bias.requires_grad_(False)
        optimizer = torch.optim.SGD([*model.parameters(), *old.parameters(), latent], lr=0.1)
        F.cross_entropy(model(x * latent), y).backward()
        optimizer.step()
    """)
    (step,) = run.seen.looks[1].of(LookStep)
    assert (step.strangers, step.strangers_idle) == (3, 2)


SHAPES = [
    ("out[:, :1]", "z", (8, 1), (8,), (8, 8)),
    ("out[:, :1]", "z.view(1, 8)", (8, 1), (1, 8), (8, 8)),
    ("out[:, 0]", "y[:, None].float()", (8,), (8, 1), (8, 8)),
    ("out[:, :1].expand(8, 8)", "z", (8, 8), (8,), (8, 8)),
    ("out[:, :1].expand(8, 8)", "torch.zeros(8, 8)", (8, 8), (8, 8), ()),
    ("out.T", "z", (3, 8), (8,), (3, 8)),
    ("out[:, 0]", "z", (8,), (8,), ()),
]


@pytest.mark.filterwarnings("ignore:Using a target size")
@pytest.mark.parametrize("function", ["mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"])
@pytest.mark.parametrize(("one", "other", "given", "target", "broadcast"), SHAPES)
def test_shapes_are_those_before_stretching(
    watched, function, one, other, given, target, broadcast
):
    run = watched(f"""
        z = y.float()
        out = model(x)
        F.{function}({one}, {other}).backward()
    """)
    (loss,) = run.seen.losses.values()
    assert (loss.input, loss.target, loss.broadcast) == (given, target, broadcast)
