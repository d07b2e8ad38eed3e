"""The line of the fix, read in the source: found where there is one, left alone where there are two."""

from __future__ import annotations

import textwrap

import pytest

from goingdeep.check.places import moved
from goingdeep.check.rule import Finding
from goingdeep.check.source import Source


def place(tmp_path, seek: str, text: str, seen: str = "# seen") -> str:
    """The source of the line that a finding at the line marked `# seen` is moved to."""
    file = tmp_path / "program.py"
    text = textwrap.dedent(text)
    file.write_text(text)
    number, line = next((i, s) for i, s in enumerate(text.splitlines(), 1) if seen in s)
    finding = Finding(
        rule="r", severity="error", message="m", file=str(file), line=number, source=line.strip(),
        seek=seek,
    )  # fmt: skip
    there = moved(finding, Source())
    assert text.splitlines()[there.line - 1].strip() == there.source
    assert ("seen_at" in there.evidence) is (there.line != number)
    return there.source


SOFTMAXES = {
    "the last before the call": (
        """
        def step(x, y):
            weights = torch.softmax(attention(x), -1)
            p = F.softmax(model(x), 1)
            return criterion(p, y)  # seen
        """,
        "p = F.softmax(model(x), 1)",
    ),
    "the only one of the file": (
        """
        class Net(nn.Module):
            def forward(self, x):
                return self.fc(x).softmax(dim=1)

        loss = criterion(Net()(x), y)  # seen
        """,
        "return self.fc(x).softmax(dim=1)",
    ),
    "a module, where it is used": (
        """
        class Net(nn.Module):
            def __init__(self):
                self.out = nn.Softmax(dim=1)

            def forward(self, x):
                return self.out(self.fc(x))

        loss = criterion(Net()(x), y)  # seen
        """,
        "return self.out(self.fc(x))",
    ),
    "a module in a Sequential": (
        """
        net = nn.Sequential(nn.Linear(4, 3), nn.Softmax(dim=1))

        def step():
            return criterion(net(x), y)  # seen
        """,
        "net = nn.Sequential(nn.Linear(4, 3), nn.Softmax(dim=1))",
    ),
    "the one that forward returns": (
        """
        class Net(nn.Module):
            def forward(self, x):
                x = torch.softmax(self.q(x), -1) @ x
                return torch.softmax(self.fc(x), -1)

        loss = criterion(Net()(x), y)  # seen
        """,
        "return torch.softmax(self.fc(x), -1)",
    ),
    "an argument": (
        """
        model = keras.Sequential([Dense(3, activation="softmax")])

        def fit():
            model.fit(x, y)  # seen
        """,
        'model = keras.Sequential([Dense(3, activation="softmax")])',
    ),
    "two that could be meant": (
        """
        def one(x):
            p = torch.softmax(x, 1)
            return p

        def two(x):
            p = torch.softmax(x, 1)
            return p

        loss = criterion(one(x), y)  # seen
        """,
        "loss = criterion(one(x), y)  # seen",
    ),
    "none at all": (
        """
        loss = criterion(library.model(x), y)  # seen
        """,
        "loss = criterion(library.model(x), y)  # seen",
    ),
}


@pytest.mark.parametrize("name", SOFTMAXES)
def test_what_made_the_input_of_a_loss(tmp_path, name):
    text, expected = SOFTMAXES[name]
    assert place(tmp_path, "softmax", text) == expected


def test_a_loss_that_was_told_to_require_a_gradient(tmp_path):
    text = """
    def train():
        for p in model.parameters():
            p.grad = None
        loss = Variable(loss, requires_grad=True)
        loss.backward()  # seen
    """
    assert place(tmp_path, "requires-grad", text).startswith("loss = Variable")
    elsewhere = """
    def criterion(x):
        mean = x.mean()
        mean.requires_grad = True
        return mean

    criterion(x).backward()  # seen
    """
    assert place(tmp_path, "requires-grad", elsewhere) == "mean.requires_grad = True"


def test_a_list_of_modules(tmp_path):
    text = """
    class Net(nn.Module):
        def __init__(self):
            self.names = ["a", "b"]
            blocks = []
            self.blocks = blocks

        def forward(self, x):
            for block in self.blocks:
                x = block(x)  # seen
            return x
    """
    assert place(tmp_path, "container", text) == "self.blocks = blocks"


def test_a_loss_that_is_kept(tmp_path):
    text = """
    for x, y in loader:
        loss = criterion(model(x), y)
        loss.backward()  # seen
        shown += loss.item()
        losses.append(loss)
    """
    assert place(tmp_path, "kept-loss", text) == "losses.append(loss)"


def test_a_file_that_does_not_tell_leaves_the_finding_where_it_is(tmp_path):
    broken = "p = softmax(x)\nloss = criterion(p, y)  # seen\n)(\n"
    assert place(tmp_path, "softmax", broken) == "loss = criterion(p, y)  # seen"
    deep = "p = softmax(x)\nloss = criterion(p)  # seen\nx = " + "(" * 5000 + ")" * 5000 + "\n"
    assert place(tmp_path, "softmax", deep) == "loss = criterion(p)  # seen"
    gone = Finding(
        rule="r", severity="error", message="m", file="/gone.py", line=3, source="x", seek="softmax"
    )
    assert moved(gone, Source()) == gone
    file = tmp_path / "changed.py"
    file.write_text("p = softmax(x)\nloss = other(p)\n")
    changed = Finding(
        rule="r", severity="error", message="m", file=str(file), line=2, source="loss = criterion(p)",
        seek="softmax",
    )  # fmt: skip
    assert moved(changed, Source()) == changed
