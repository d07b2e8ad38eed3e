"""How many steps fit into the minutes given: measured once, at the start, on a copy.

The number of steps is then part of the run's plan, so that a resumed run does exactly as many.
"""

from __future__ import annotations

import copy
import itertools
import time
from typing import TYPE_CHECKING

from goingdeep.train import loop
from goingdeep.train.capability import generators, set_generators
from goingdeep.train.optimizer import make_optimizer

if TYPE_CHECKING:
    from goingdeep.train.course import Course

WARM_UP_STEPS = 5
MEASURED_SECONDS = 3.0
# Evaluation, checkpoints and the slow moments of a busy machine have to fit in as well.
SHARE_FOR_TRAINING = 0.88


def steps_in(seconds: float, course: Course) -> int:
    """Steps that fit into so many seconds, at least one.

    Changes: nothing of the run; model and optimizer are copies, the global generators are put back.
    """
    before = generators(course.arithmetic.device)
    model = copy.deepcopy(course.parts.model)
    losses = loop.train(
        model,
        itertools.chain.from_iterable(course.batches(epoch, 0) for epoch in itertools.count()),
        course.loss_function,
        make_optimizer(model, course.settings.optimizer),
        itertools.repeat(0.0),
        course.arithmetic.precision(),
        course.arithmetic.device,
    )
    for loss in itertools.islice(losses, WARM_UP_STEPS):
        loss.item()
    budget = min(MEASURED_SECONDS, seconds / 10)
    began, done = time.perf_counter(), 0
    while time.perf_counter() - began < budget or not done:
        next(losses).item()  # waits for the device, so that work is timed and not queueing
        done += 1
    per_step = (time.perf_counter() - began) / done
    set_generators(before, course.arithmetic.device)
    return max(1, int(SHARE_FOR_TRAINING * seconds / per_step))
