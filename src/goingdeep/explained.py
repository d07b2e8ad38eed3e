"""A question answered from start to end: which topic, which run, the experiment, the saved answer.

What `gd why` and Python both do.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from goingdeep.errors import LessonError, RunNotFoundError, WriteError
from goingdeep.record import find_run, list_runs, read_manifest
from goingdeep.record.answer import Answer, ClaimFound, Figure, Table, save_answer
from goingdeep.why.catalogue import Page, catalogue, find
from goingdeep.why.experiment import Bound, Experiment

if TYPE_CHECKING:
    from goingdeep.watch.watcher import Watcher


@dataclass(frozen=True, repr=False)
class Explained:
    """An answer that shows itself, in a terminal and in a notebook.

    answer: as plain data. path: the file it was saved to; None where it could not be.
    note: what has to be said first ("" for nothing): which topic was taken for a question in words.
    """

    answer: Answer
    path: Path | None = None
    note: str = ""

    @property
    def tables(self) -> list[Table]:
        """Every table, in order: `title`, `head`, `rows` of cells as they are shown."""
        return [b for b in (*self.answer.see, *self.answer.broken) if isinstance(b, Table)]

    @property
    def figures(self) -> list[Figure]:
        """Every figure, in order: `title`, `xs`, `curves` with their `name` and `values`."""
        return [b for b in (*self.answer.see, *self.answer.broken) if isinstance(b, Figure)]

    @property
    def claims(self) -> tuple[ClaimFound, ...]:
        """What people believe, each with its verdict and the numbers that it rests on."""
        return self.answer.claims

    def text(self, width: int | None = None) -> str:
        """As `gd why` prints it. width: columns; by default those of the terminal."""
        from goingdeep.show.answer import answer_text

        said = answer_text(self.answer, width)
        return f"{self.note}\n\n{said}" if self.note else said

    def __repr__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        from goingdeep.show.answer_html import answer_html

        return answer_html(self.answer, self.note)


class Topics:
    """The questions there are; shows itself."""

    @property
    def names(self) -> list[str]:
        """Topics, in the order in which a reader of the quickstart meets them."""
        return list(catalogue())

    @property
    def listed(self) -> list[dict[str, str]]:
        """Topic, question and short answer of each."""
        return [
            {"topic": page.topic, "question": page.question, "short": page.short}
            for page in catalogue().values()
        ]

    def __repr__(self) -> str:
        from goingdeep.show.answer import topics_text

        return topics_text([(page.topic, page.question) for page in catalogue().values()])


def why(
    question: str = "",
    run: Any = None,
    *,
    data: Any = None,
    bound: Bound | None = None,
) -> Explained | Topics:
    """Answer a learner's question by experiment on a run.

        gd.why("zero-grad", run)
        gd.why("why do we flatten?")

        with gd.watch(moments=True) as run:
            train(model)
        gd.why("eval", run)

    Args:
        question: a topic, or a question in words; "" gives the list of topics.
        run: a run of `gd.train`, a watch, a path, a name in runs/. None: in a program that
            `gd run --moments` started, what it has done so far; else the newest run, or where there
            is none, a short training that is made for it.
        data: the images again, for a run that was trained on arrays.
        bound: what it may cost.
    Returns:
        The answer, which shows itself. Nothing of the run is changed but its `answers/`.
    Raises:
        UnknownNameError: no topic is near. RunNotFoundError, RunFormatError: no such run.
        RunError: the run holds no record of a loop.
    """
    if not question.strip():
        return Topics()
    page, named = find(question)
    notes = [] if named else [taken(page)]
    bound = bound or Bound()
    watcher = getattr(run, "watcher", None) if run is not None else _of_this_program()
    if watcher is not None:
        from goingdeep.why.program import of_watcher

        return explain(page, of_watcher(watcher, bound), watcher.recorder.folder, notes)
    if run is None and not list_runs():
        from goingdeep.why.built_in import of_nothing

        notes.append(_MADE.format(page.topic))
        return explain(page, of_nothing(bound), None, notes)
    folder = find_run(getattr(run, "path", None) or run or "latest")
    return explain(page, _experiment(folder, bound, data), folder, notes)


def _of_this_program() -> Watcher | None:
    """What watches this process, where it is a program that `gd run` started."""
    from goingdeep.watch.program.program import this_program

    program = this_program()
    return program.run.watcher if program is not None and program.run is not None else None


_MADE = (
    "There is no run here, so the quickstart's network was trained for this, on 10,000 embedded "
    "pictures for 2 epochs. On your own: gd why {} --script train.py"
)


def taken(page: Page) -> str:
    """Which topic a question in words was taken for."""
    return f"The nearest topic is {page.topic}; gd why lists all of them."


def explain(
    page: Page, experiment: Experiment, folder: Path | None, notes: Sequence[str] = ()
) -> Explained:
    """Do the experiment, and keep the answer in the run's folder where that can be written to."""
    from goingdeep.why.answering import answered

    answer = sound(answered(page, experiment))
    path = None
    if folder is not None:
        with contextlib.suppress(WriteError):
            path = save_answer(folder, answer)
    return Explained(answer, path, "\n".join(notes))


def sound(answer: Answer) -> Answer:
    """The answer.

    Raises:
        LessonError: its experiment failed by a fault of ours, and says nothing of the user's run.
    """
    if answer.fault:
        raise LessonError(
            f"the experiment of gd why {answer.topic} failed by a fault of its own",
            where=answer.fault,
            fix="please report this line with the version that gd --version names",
            more="docs/why.md",
        )
    return answer


def _experiment(folder: Path, bound: Bound, data: Any) -> Experiment:
    if read_manifest(folder).kind == "train":
        from goingdeep.why.rebuilt import of_run

        return of_run(folder, bound, source=data)
    from goingdeep.why.recorded import of_record

    return of_record(folder, bound)


def question_and_run(words: Sequence[str]) -> tuple[str, str | None]:
    """What was typed after `gd why`: a topic or a question in any number of words, then a run.

    The last word is a run where the topic is one word, or where there is a run of that name.
    """
    if len(words) == 2 and words[0] in catalogue():
        return words[0], words[1]
    if len(words) > 1:
        with contextlib.suppress(RunNotFoundError):
            find_run(words[-1])
            return " ".join(words[:-1]), words[-1]
    return " ".join(words), None
