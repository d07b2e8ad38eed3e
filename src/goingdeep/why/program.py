"""A moment of a watched program: of `with gd.watch(moments=True)`, or at the end of one's own.

The steps were recorded while the program ran; they are replayed in its own process, on copies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from goingdeep.record.answer import save_answer
from goingdeep.record.reading import Seen
from goingdeep.record.runs import as_typed, short_name
from goingdeep.show.chosen import choose
from goingdeep.watch.moments.budget import Budget
from goingdeep.watch.moments.moment import GAP
from goingdeep.watch.moments.replay import verify
from goingdeep.why.answering import answered
from goingdeep.why.catalogue import catalogue
from goingdeep.why.experiment import Bound, Experiment

if TYPE_CHECKING:
    from goingdeep.watch.moments.moment import Moment
    from goingdeep.watch.program.run import WatchedRun
    from goingdeep.watch.watcher import Watcher


def of_watcher(watcher: Watcher, bound: Bound) -> Experiment:
    """What a lesson works on, from a watcher that is on, or that has been taken off.

    Changes:
        A moment that is still being recorded ends here.
    """
    watcher.recorder.flush()
    folder = watcher.recorder.folder
    budget = Budget(bound.seconds)
    moment, reason = _moment(watcher, bound)
    steps = (moment.step, moment.step + len(moment.steps) - 1) if moment is not None else ()
    moments = watcher.moments
    return Experiment(
        choose(folder).seen if folder is not None else Seen(),
        moment=moment,
        reason=reason,
        tests=moments.evaluated.batches if moments is not None else (),
        loader=moments.evaluated.loader if moments is not None else None,
        name=short_name(as_typed(folder)) if folder is not None else "",
        agrees="Replay equals the run: the losses of steps {} to {}, bit for bit.".format(*steps)
        if steps
        else "",
        bound=bound,
        spent=budget.spent,
    )


def answer_at_end(run: WatchedRun, topic: str) -> None:
    """Answer a topic on a program that has just ended, and keep the answer in its folder."""
    if run.ended is not None and run.path is not None:
        save_answer(run.path, answered(catalogue()[topic], of_watcher(run.ended, Bound())))


def _moment(watcher: Watcher, bound: Bound) -> tuple[Moment | None, str]:
    moments = watcher.moments
    if moments is None:
        return None, "no moment was kept: gd.watch(moments=True) and gd run --moments keep one"
    if not moments.kept and moments.active:
        moments.finish()
    for moment in moments.kept:
        if verify(moment, seconds=2 * bound.verifying):
            return moment, ""
    gaps = [reason for what, reason in watcher.recorder.gaps if what == GAP]
    return None, gaps[0] if gaps else "no training step was seen"
