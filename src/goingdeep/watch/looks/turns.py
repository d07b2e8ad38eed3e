"""Whose turn it is to be looked at closely: which steps of a thread, which batches of evaluations.

A look at a step begins when the step before it has ended, and goes on after its own end: a clear
still belongs to it. It is over with the next batch, forward or step. The first batch of a walk over
a loader is kept in view until it is known whether an evaluation reads it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from goingdeep.watch.looks.look import Look

if TYPE_CHECKING:
    from goingdeep.watch.data.active import ActivePass
    from goingdeep.watch.lane import Lane
    from goingdeep.watch.watcher import Watcher

MAX_WALKED = 1_000
"""Loaders, by line and length, whose walks are counted; beyond them counting begins anew."""

NON_FINITE_LOOKS = 2
"""Losses that are not finite and are looked at for that."""


class Turns:
    """The close looks of one thread.

    Changes: `lane.look`, the one that is told of what happens now, and `lane.looking`, whether there
    is any; while there is none, the pulse asks nothing else.
    """

    def __init__(self, watcher: Watcher, lane: Lane) -> None:
        self._watcher = watcher
        self._lane = lane
        self._training: Look | None = None  # of the step that goes on
        self._closing: Look | None = None  # its step is done, its clear may still come
        # Of the first batch of a pass, which may be an evaluation's.
        self._opening: Look | None = None
        self._walked: dict[tuple[int, int | None], int] = {}
        self._non_finite = 0

    def _settle(self) -> None:
        looks = (self._training, self._closing, self._opening, self._lane.look)
        self._lane.looking = any(look is not None for look in looks)

    def stepped(self, *, wanted: bool) -> None:
        """A step has ended. wanted: whether the next one is to be looked at."""
        self._finish_closing()
        self._closing, self._training = self._training, None
        if wanted:
            self._training = Look(self._watcher, self._watcher.recorder.steps + 1)
        self._lane.look = self._training
        self._settle()

    def batch(self, pass_: ActivePass, site: int, data: object) -> None:
        """A loader gave a batch."""
        self.evaluation_over()
        look = self._lane.look
        if look is not None:
            look.drop_forward()
            look.batch(pass_.loader, site, data)
        self._opening = None
        self._settle()

    def first_batch(self, pass_: ActivePass, site: int, data: object) -> None:
        """It was the first of its pass: should that be an evaluation, its look begins here.

        The first batch of an evaluation is looked at in walks 1, 2, 4, 8, ...
        """
        # Many programs make a loader anew for each walk: the line and the length tell.
        key = site, pass_.known.length
        if len(self._walked) > MAX_WALKED:
            self._walked.clear()
        count = self._walked[key] = self._walked.get(key, 0) + 1
        if count & (count - 1) == 0:
            self._opening = Look(self._watcher, self._watcher.recorder.steps, phase="evaluation")
            self._lane.looking = True
            if self._training is None:  # otherwise that one looks at the batch
                self._opening.batch(pass_.loader, site, data)

    def forward(self, *, grad: bool) -> None:
        """A forward begins. grad: it records a graph."""
        self._finish_closing()
        lane = self._lane
        if grad:
            if lane.look is not self._training:
                self.evaluation_over()
        elif lane.look is None or lane.look is self._training:  # else: the same batch once more
            newest = self._watcher.passes.newest()
            lane.look, self._opening = self._opening, None
            if newest is not None and self._training is not None:
                self._training.give_batches(newest.loader, lane.look)
        self._settle()

    def evaluation_over(self) -> None:
        """Whatever evaluation there was is over: another batch or a training step begins."""
        lane = self._lane
        self._finish_closing()
        if lane.look is not self._training:
            look, lane.look = lane.look, self._training
            if look is not None:
                look.finish()
        self._settle()

    def clearing(self) -> Look | None:
        """The look that gradients which are cleared now belong to."""
        return self._closing or self._lane.look

    def non_finite(self) -> None:
        """A loss is not finite: this step is looked at from here on, and the next one."""
        if self._non_finite < NON_FINITE_LOOKS:
            self._non_finite += 1
            if self._training is None:
                step = self._watcher.recorder.steps + 1
                self._training = self._lane.look = Look(self._watcher, step)
                self._lane.looking = True
            self._watcher.mark()

    def finish(self) -> None:
        """The watcher is taken off."""
        self.evaluation_over()
        if self._training is not None:
            self._training.finish()

    def _finish_closing(self) -> None:
        look, self._closing = self._closing, None
        if look is not None:
            look.finish()
