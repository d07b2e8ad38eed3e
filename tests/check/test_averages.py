"""A sum of batch means that is divided by a number of samples, and what only looks like one."""

from __future__ import annotations

import ast
import textwrap

import pytest

from goingdeep.check.averages import division

WRONG = {
    "the tutorial's": """
        size = len(loader.dataset)
        for x, y in loader:
            total += loss_fn(model(x), y).item()  # loss
        total /= size  # here
        """,
    "a variable for the loss": """
        for x, y in loader:
            loss = loss_fn(model(x), y)  # loss
            total += loss.detach().cpu().item()
        print(total / len(loader.dataset))  # here
        """,
    "in a function, over several lines": """
        def test(model, loader):
            total = 0
            for x, y in loader:
                loss = F.cross_entropy(  # loss
                    model(x), y
                )
                total += float(loss)
            return total / len(loader.sampler)  # here
        """,
    "samples that are counted": """
        seen = 0
        for x, y in loader:
            loss = loss_fn(model(x), y)  # loss
            total += loss.data
            seen += x.size(0)
        mean = total / seen  # here
        """,
}

FINE = {
    "weighted by the batch": """
        for x, y in loader:
            total += loss_fn(model(x), y).item() * len(x)  # loss
        total /= len(loader.dataset)
        """,
    "weighted where it is made": """
        for x, y in loader:
            loss = loss_fn(model(x), y) * x.size(0)  # loss
            total += loss.item()
        total /= len(loader.dataset)
        """,
    "weighted later": """
        for x, y in loader:
            loss = loss_fn(model(x), y)  # loss
            loss = loss * x.size(0)
            total += loss.item()
        total /= len(loader.dataset)
        """,
    "weighted at the end": """
        for x, y in loader:
            total += loss_fn(model(x), y).item()  # loss
        total *= batch_size
        total /= len(loader.dataset)
        """,
    "by the number of batches": """
        n = len(loader)
        for x, y in loader:
            total += loss_fn(model(x), y).item()  # loss
        total /= n
        """,
    "by the number of batches, computed": """
        for x, y in loader:
            total += loss_fn(model(x), y).item()  # loss
        total /= len(loader.dataset) / batch_size
        """,
    "batches that are counted": """
        seen = 0
        for x, y in loader:
            total += loss_fn(model(x), y).item()  # loss
            seen += 1
        total /= seen
        """,
    "another sum": """
        for x, y in loader:
            total += loss_fn(model(x), y).item()  # loss
            right += (model(x).argmax(1) == y).sum().item()
        right /= len(loader.dataset)
        """,
    "another function's sum": """
        def step(x, y):
            return loss_fn(model(x), y)  # loss

        for x, y in loader:
            total += step(x, y).item()
        total /= len(loader.dataset)
        """,
    "a count that becomes something else": """
        n = len(loader.dataset)
        n = n // 32
        for x, y in loader:
            total += loss_fn(model(x), y).item()  # loss
        total /= n
        """,
    "both: which one it was is not known": """
        n = len(loader.dataset)
        for x, y in loader:
            total += loss_fn(model(x), y).item()  # loss
            n += 1
        total /= n
        """,
}


def found(text: str) -> int | None:
    text = textwrap.dedent(text)
    line = next(i for i, s in enumerate(text.splitlines(), 1) if "# loss" in s)
    return division(ast.parse(text), line)


@pytest.mark.parametrize("case", WRONG)
def test_the_division_is_found(case):
    lines = textwrap.dedent(WRONG[case]).splitlines()
    assert found(WRONG[case]) == next(i for i, s in enumerate(lines, 1) if "# here" in s)


@pytest.mark.parametrize("case", FINE)
def test_what_is_right_or_not_certain_is_left_alone(case):
    assert found(FINE[case]) is None


def test_a_line_beyond_the_file_is_nothing():
    assert division(ast.parse("total /= len(a.dataset)\n"), 99) is None
