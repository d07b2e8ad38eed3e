"""Findings on the page: those of `gd check`, with the source as it ran and what was proved."""

from __future__ import annotations

import torch
from torch import nn

import goingdeep as gd
from goingdeep.check.proof import Proof, Proved, write_proofs
from goingdeep.view.trace import Trace
from tests.watch.looked import images


def softmaxed(folder):
    """A loop with a softmax before cross_entropy; the line that accepts it where `accepted`."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(36, 10), nn.Softmax(dim=1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    pixels, labels = images()
    with gd.watch(folder):
        for _ in range(4):
            loss = nn.functional.cross_entropy(model(pixels), labels)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
    return folder


def test_a_finding_is_shown_with_what_was_proved(tmp_path):
    run = softmaxed(tmp_path / "run")
    manifest = Trace(run).manifest()
    (found,) = [finding for finding in manifest.findings if finding.rule == "double-softmax"]
    assert (found.severity, found.proof) == ("error", None)
    assert found.file.endswith("test_findings.py")
    (source,) = [s for s in manifest.sources if s.file == found.file]
    line = "".join(token.t for token in source.lines[found.line - source.first])
    assert line.strip().startswith(found.source)
    assert found.fine
    proof = Proof(
        sentence="The loss falls faster.", curves={"as it is": (2.3, 2.2), "without": (2.3, 1.1)}
    )
    write_proofs(run, [Proved("double-softmax", __file__, found.line, proof)])
    (proved,) = [f for f in Trace(run).manifest().findings if f.rule == "double-softmax"]
    assert proved.proof == {"as it is": (2.3, 2.2), "without": (2.3, 1.1)}
    assert proved.note == "The loss falls faster."


def test_a_comment_in_the_source_that_ran_accepts_it(tmp_path):
    run = softmaxed(tmp_path / "run")
    assert "double-softmax" in {f.rule for f in Trace(run).manifest().findings}
    trace = Trace(run)
    texts = {text.file: "" for text in trace._texts}
    from goingdeep.record.reading import read_processes
    from goingdeep.view.findings import checked

    (found,) = [
        f for f in checked(read_processes(run), texts, run).findings if f.rule == "double-softmax"
    ]
    lines = "\n" * (found.line - 1) + f"{found.source}  # gd: ignore[double-softmax]\n"
    report = checked(read_processes(run), {found.file: lines}, run)
    assert "double-softmax" not in {f.rule for f in report.findings}
    assert [f.rule for f in report.ignored] == ["double-softmax"]
