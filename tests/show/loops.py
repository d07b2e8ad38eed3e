"""Records of loops that trip a naive drawing, each as a watcher would write it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from goingdeep.record import look, seen
from goingdeep.record.seen import Block, Group, Op
from tests.show.conftest import QUICKSTART, Recording, op, plain_ops, write_look, write_plain


def accumulation(one: Recording) -> Path:
    """Sixteen backwards a step: the first one finds no gradient, the others add to it."""
    source = ["for i, (x, y) in enumerate(loader):", "loss = criterion(model(x), y) / 16", "loss.backward()",
              "if (i + 1) % 16 == 0:", "optimizer.step()", "optimizer.zero_grad()"]  # fmt: skip
    site = one.lines(source, 10)
    one.model("Net")
    one.optimizer("AdamW", 0.01)
    one.loader(1024, 4, name="TensorDataset", train=None)
    one.loss()

    def micro(grads: str) -> list[Op]:
        return [
            op("batch", site[10], loader=0), op("forward", site[11], model=0, training=True, grad=True),
            op("loss", site[11], loss=0), op("backward", site[12], grads=grads),
        ]  # fmt: skip

    clear = op("clear", site[15], by="optimizer", number=0, to="none")
    step = op("step", site[14], optimizer=0, grads="fresh", changed=True)
    usual = one.anatomy(clear, *micro("none"), Block(tuple(micro("fresh")), 15), step)
    first = one.anatomy(*micro("none"), Block(tuple(micro("fresh")), 15), step)
    last = one.anatomy(clear, *micro("none"), Block(tuple(micro("fresh")), 7), step)
    one.steps(first, 1, 1)
    one.steps(usual, 2, 15)
    one.steps(last, 16, 16)
    one.walk(0, "training", 248, first_step=1, last_step=16)
    one.curve(np.linspace(0.14, 0.07, 16))
    return one.end()


def gan(one: Recording) -> Path:
    """Two optimizers that take turns; the discriminator's step leaves gradients in the generator."""
    source = ["for real in loader:", "netD.zero_grad()", "loss = bce(netD(real), ones)", "loss.backward()",
              "fake = netG(noise)", "loss = bce(netD(fake.detach()), zeros)", "loss.backward()", "optD.step()",
              "netG.zero_grad()", "loss = bce(netD(fake), ones)", "loss.backward()", "optG.step()"]  # fmt: skip
    site = one.lines(source, 20)
    generator, discriminator = one.model("Generator"), one.model("Discriminator")
    one.optimizer("Adam", 0.0002, owns=(discriminator,))
    one.optimizer("Adam", 0.0002, owns=(generator,))
    one.loader(50_000, 50, name="CIFAR10")
    one.loss("binary_cross_entropy")
    one.loss("binary_cross_entropy")
    d = one.anatomy(
        op("batch", site[20], loader=0), op("clear", site[21], by="module", number=1, to="none"),
        op("forward", site[22], model=1, training=True, grad=True), op("loss", site[22], loss=0),
        op("backward", site[23], grads="0:none 1:left-over"),
        op("forward", site[24], model=0, training=True, grad=True),
        op("forward", site[25], model=1, training=True, grad=True), op("loss", site[25], loss=0),
        op("backward", site[26], grads="0:fresh 1:left-over"),
        op("step", site[27], optimizer=0, grads="fresh", changed=True),
    )  # fmt: skip
    g = one.anatomy(
        op("clear", site[28], by="module", number=0, to="none"),
        op("forward", site[29], model=1, training=True, grad=True), op("loss", site[29], loss=1),
        op("backward", site[30], grads="0:left-over 1:none"),
        op("step", site[31], optimizer=1, grads="fresh", changed=True),
        optimizer=1,
    )  # fmt: skip
    one.steps(d, 1, 1999, 1000, optimizer=0)
    one.steps(g, 2, 2000, 1000, optimizer=1)
    one.walk(0, "training", 1000, first_step=1, last_step=2000)
    one.curve(np.linspace(1.4, 0.9, 1000))
    one.curve(np.linspace(0.7, 2.1, 1000), "loss-1")
    return one.end()


def cleared_after(one: Recording) -> Path:
    """Two optimizers that take turns, each cleared on the line after its step."""
    source = ["for x in loader:", "loss = f(a(x))", "loss.backward()", "optA.step()", "optA.zero_grad()",
              "loss = f(b(x))", "loss.backward()", "optB.step()", "optB.zero_grad()"]  # fmt: skip
    site = one.lines(source, 1)
    one.model("A")
    one.model("B")
    one.optimizer("SGD", 0.1, owns=(0,))
    one.optimizer("SGD", 0.2, owns=(1,))
    one.loader(100, 10, name="Pairs")

    def half(model: int, line: int) -> list[Op]:
        return [
            op("forward", site[line], model=model, training=True, grad=True),
            op("backward", site[line + 1], grads="0:none 1:none"),
            op("step", site[line + 2], optimizer=model, grads="fresh", changed=True),
        ]

    clear_a = op("clear", site[5], by="optimizer", number=0, to="none")
    clear_b = op("clear", site[9], by="optimizer", number=1, to="none")
    batch = op("batch", site[1], loader=0)
    first = one.anatomy(batch, *half(0, 2))
    a = one.anatomy(clear_b, batch, *half(0, 2))
    b = one.anatomy(clear_a, *half(1, 6), optimizer=1)
    one.steps(first, 1, 1)
    one.steps(a, 3, 19, 9)
    one.steps(b, 2, 20, 10, optimizer=1)
    return one.end()


def layers_apart(one: Recording) -> Path:
    """An optimizer for each layer, all stepped at one line: forward-forward."""
    site = one.lines(
        ["for layer in layers:", "loss = layer.goodness(x)", "loss.backward()", "layer.opt.step()"],
        5,
    )
    one.model("Net")
    for number in range(3):
        one.optimizer("Adam", 0.03)
        anatomy = one.anatomy(
            op("forward", site[6], model=0, module=f"layers.{number}", training=True, grad=True),
            op("backward", site[7], grads="fresh"),
            op("step", site[8], optimizer=number, grads="fresh", changed=True),
            optimizer=number,
        )
        one.steps(anatomy, number + 1, 300 - 2 + number, 100, optimizer=number)
    return one.end()


def by_hand(one: Recording) -> Path:
    """`p.data.add_(p.grad, alpha=-lr)`, as in the word language model."""
    site = one.lines(["for batch, i in enumerate(range(0, train_data.size(0) - 1, bptt)):", "output, hidden = model(data, hidden)",
                      "loss = criterion(output, targets)", "loss.backward()"], 170)  # fmt: skip
    one.model("RNNModel")
    one.numbered(seen.Optimizer, class_name="", by_hand=True, groups=(Group({}, {0: (0, 1)}),))
    one.loss("nll_loss")
    anatomy = one.anatomy(
        op("clear", site[170], by="module", number=0, to="none"),
        op("forward", site[171], model=0, training=True, grad=True), op("loss", site[172], loss=0),
        op("backward", site[173], grads="none"), op("clip", site[173], how="norm", limit=0.25),
        op("step", -1, optimizer=0, changed=True),
    )  # fmt: skip
    one.steps(anatomy, 1, 2983)
    return one.end()


def not_finite(one: Recording) -> Path:
    """The loss is NaN from step 100 on."""
    write_plain(one, epochs=1, batches=200)
    values = np.linspace(2.3, 1.5, 200)
    values[100:] = np.nan
    one.curve(values)
    site = {41 + i: i for i in range(7)}
    nothing = look.Values((64, 10), "float32", non_finite=640)
    good = look.Values((64, 784), "float32", low=0.0, high=1.0, mean=0.3, std=0.3)
    one.write(look.LookCall, look=101, site=site[43], index=0, depth=0, model=0, module="", class_name="Net",
              inputs=(good,), outputs=(nothing,))  # fmt: skip
    one.write(
        look.LookLoss,
        look=101,
        site=site[44],
        loss=0,
        function="cross_entropy",
        value="nan",
        input=nothing,
    )
    gradients = (
        look.Gradient(0, "0.weight", norm="nan", non_finite=401_408),
        look.Gradient(0, "0.bias", state="none"),
    )
    one.write(
        look.LookBackward,
        look=101,
        site=site[45],
        value="nan",
        gradients=gradients,
        unreached=("1.weight",),
    )
    weights = (look.Weight(0, "0.weight", (0, 0), 0.5, "nan", "nan"),)
    one.write(look.LookStep, look=101, site=site[46], optimizer=0, class_name="SGD", settings={"lr": 0.001},
              updates=(look.Update(0, "0.weight", "nan", "nan", "nan"),), weights=weights)  # fmt: skip
    return one.end()


def raised(one: Recording) -> Path:
    """A loop that raises in its seventh step."""
    site = one.lines()
    where = one.site(44, "loss = loss_fn(pred, y)")
    one.model()
    one.optimizer()
    one.loader()
    one.loss()
    usual = one.anatomy(*plain_ops(site))
    one.steps(one.anatomy(*plain_ops(site)[1:]), 1, 1)
    one.steps(usual, 2, 6)
    one.walk(0, "training", 7, first_step=1, last_step=6, complete=False)
    return one.end(
        1.5,
        error="ValueError",
        message="Expected input batch_size (64) to match target",
        site=where,
    )


def framework(one: Recording) -> Path:
    """A framework's loop: all but the forward and loss are called from one line of the user's."""
    fit = {
        "file": "/srv/me/fit.py",
        "line": 30,
        "source": "trainer.fit(model, loader)",
        "function": "<module>",
    }
    inside = "/usr/lib/python3/site-packages/lightning/pytorch/loops/"
    batch = one.site(
        **fit, via_file=inside + "fetchers.py", via_line=134, via_function="_DataFetcher.__next__"
    )
    user = {"file": "/srv/me/fit.py", "function": "LitModel.training_step"}
    forward, loss = (
        one.site(12, "logits = self(x)", **user),
        one.site(13, "return F.cross_entropy(logits, y)", **user),
    )
    clear, backward, step = (
        one.site(**fit, via_file=inside + "optimization/automatic.py", via_line=line, via_function=f"_AutomaticOptimization.{name}")
        for line, name in ((330, "zero"), (340, "backward"), (350, "step"))
    )  # fmt: skip
    one.model("LitModel")
    one.optimizer("Adam", 0.001)
    one.loader()
    one.loss()
    anatomy = one.anatomy(
        op("batch", batch, loader=0), op("forward", forward, model=0, training=True, grad=True), op("loss", loss, loss=0),
        op("clear", clear, by="optimizer", number=0, to="none"), op("backward", backward, grads="none"),
        op("step", step, optimizer=0, grads="fresh", changed=True, closure=True),
    )  # fmt: skip
    one.steps(anatomy, 1, 938)
    one.gap("inside torch.compile", "compiled code calls no hooks")
    one.gap("inside torch.compile", "compiled code calls no hooks")
    one.gap("order of samples", "more than 200,000 samples in one pass")
    return one.end()


def two_ranks(one: Recording) -> Path:
    """Two processes of one run, into one folder."""
    for rank in (0, 1):
        one.rank, one.step = rank, 0
        one._counts.clear()
        site = one.lines()
        one.model()
        one.optimizer()
        one.loader()
        one.loss()
        one.steps(one.anatomy(*plain_ops(site)), 1, 469)
        write_look(one, site, 256)
        one.write(seen.Ended, seconds=20.0 + rank, steps=469)
    return one.close()


def no_training(one: Recording) -> Path:
    """A program that only evaluates."""
    site = one.site(12, "out = model(x)", function="<module>")
    one.model("Net", site=site)
    one.loader(train=False)
    one.walk(0, "evaluation", 157, forwards=157, training_mode=157, with_grad=157,
             ops=(op("forward", site, model=0, training=True, grad=True),))  # fmt: skip
    return one.end(forwards=157, backwards=0)


def left_over(one: Recording) -> Path:
    """Gradients are never cleared."""
    site = one.lines(QUICKSTART[:-1])
    one.model()
    one.optimizer()
    one.loader()
    one.loss()
    ops = plain_ops({**site, 47: -1})[1:]
    first = one.anatomy(*ops)
    rest = one.anatomy(
        *ops[:3], op("backward", site[45], grads="left-over"), op("step", site[46], optimizer=0, grads="summed", changed=True)
    )  # fmt: skip
    one.steps(first, 1, 1)
    one.steps(rest, 2, 938)
    return one.end()


ALL = {
    f.__name__: f
    for f in (accumulation, gan, cleared_after, layers_apart, by_hand, not_finite, raised, framework, two_ranks,
              no_training, left_over)
}  # fmt: skip
