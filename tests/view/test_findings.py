"""Findings on the page: those of `gd check`, with the source as it ran and what was proved."""

from __future__ import annotations

import os
import subprocess

import torch
from torch import nn

import goingdeep as gd
from goingdeep.check.proof import Proof, Proved, write_proofs
from goingdeep.checked import check_record
from goingdeep.record.answer import Answer, Picture, save_answer
from goingdeep.view.trace import Trace
from tests.no_dynamo import NO_DYNAMO
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


PROGRAM = """
import torch
from torch import nn

torch.manual_seed(0)
model = nn.Sequential(nn.Flatten(), nn.Linear(36, 10), nn.Softmax(dim=1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(4):
    loss = nn.functional.cross_entropy(model(torch.rand(8, 1, 6, 6)), torch.arange(8))
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
"""


def ran(program, folder, python):
    """A record of this program, in a process of its own: its lines lie in a project of its own."""
    program.parent.mkdir()
    program.write_text(PROGRAM)
    (program.parent / "sitecustomize.py").write_text(NO_DYNAMO)
    subprocess.run(
        [python, "-m", "goingdeep", "run", "--quiet", "--no-report", "--out", folder, program],
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(program.parent)}, check=True,
    )  # fmt: skip
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
        f
        for f in checked(read_processes(run), texts, run)[0].findings
        if f.rule == "double-softmax"
    ]
    lines = "\n" * (found.line - 1) + f"{found.source}  # gd: ignore[double-softmax]\n"
    report, _ = checked(read_processes(run), {found.file: lines}, run)
    assert "double-softmax" not in {f.rule for f in report.findings}
    assert [f.rule for f in report.ignored] == ["double-softmax"]


def test_a_proof_made_while_the_page_is_open_appears(tmp_path):
    run = softmaxed(tmp_path / "run")
    trace = Trace(run, live=True)
    (found,) = [f for f in trace.manifest().findings if f.rule == "double-softmax"]
    before = trace.revision
    trace.refresh()
    assert trace.revision == before
    proof = Proof(sentence="It falls faster.", curves={"as it is": (2.0,), "without": (1.0,)})
    write_proofs(run, [Proved("double-softmax", __file__, found.line, proof)])
    trace.refresh()
    assert trace.revision != before
    (found,) = [f for f in trace.manifest().findings if f.rule == "double-softmax"]
    assert found.proof == {"as it is": (2.0,), "without": (1.0,)}


def test_an_answer_given_while_the_page_is_open_appears_as_it_was_given(tmp_path):
    run = softmaxed(tmp_path / "run")
    trace = Trace(run, live=True)
    before = trace.revision
    pixels = bytes(range(256)) * 64  # longer than any text may be
    picture = Picture("a batch", (16, 1, 32, 32), pixels)
    given = Answer(topic="nchw", question="Why?", short="Because.", see=(picture,))
    save_answer(run, given)
    trace.refresh()
    assert trace.revision != before
    assert trace.manifest().answers == (given,)


def test_findings_are_judged_by_the_settings_and_the_baseline_of_the_program(
    tmp_path, monkeypatch, warm_python
):
    program = tmp_path / "project" / "loop.py"
    run = ran(program, tmp_path / "run", warm_python)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "pyproject.toml").write_text('[tool.goingdeep]\ndisable = ["double-softmax"]\n')
    monkeypatch.chdir(elsewhere)
    rules = lambda: {finding.rule for finding in Trace(run).manifest().findings}  # noqa: E731
    assert "double-softmax" not in rules()  # the program's project says nothing
    settings = program.parent / "pyproject.toml"
    settings.write_text("[tool.goingdeep]\n")
    trace = Trace(run, live=True)
    assert "double-softmax" in rules()
    settings.write_text('[tool.goingdeep]\nbaseline = "known.json"\n')
    check_record(run, baseline=program.parent / "known.json", write=True)
    assert rules() == set()
    assert rules() == {finding.rule for finding in check_record(run).report.findings}
    trace.refresh()
    assert trace.manifest().findings == ()
    settings.write_text("[tool.goingdeep]\nbaseline = 7\n")
    assert "double-softmax" in rules()  # wrong settings: the usual ones
