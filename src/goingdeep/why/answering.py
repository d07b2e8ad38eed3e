"""From a topic and an experiment to an answer."""

from __future__ import annotations

import time
from typing import Any

import msgspec

from goingdeep.record.answer import Answer, Blocks, ClaimFound
from goingdeep.show.numbers import counted, number
from goingdeep.why.catalogue import Page
from goingdeep.why.experiment import Experiment
from goingdeep.why.faults import is_of_the_model, place_in_ours
from goingdeep.why.lesson import Lesson, NoLabError, NotHereError
from goingdeep.why.places import places


def answered(page: Page, experiment: Experiment) -> Answer:
    """Do a lesson's experiment.

    Where the moment is missing, or cannot be replayed as the lesson needs it, what the record alone
    shows is there, and `says` says what is missing.
    """
    started = time.monotonic()
    lesson = page.lesson()
    answer = _empty(page, lesson, experiment)
    see: list[Blocks] = []
    broken: list[Blocks] = []
    claims: list[ClaimFound] = []
    says, applies, replayed, reduced, fault = "", True, 0, "", ""
    try:
        see += lesson.recorded(experiment.seen)
        # Torch is imported here: a lesson that has only the record has no need of it.
        from goingdeep.why.lab import Lab

        lab = Lab(experiment)
        with lab.alone():
            found = lesson.measure(lab)
        see += lesson.see(found)
        broken += lesson.broken(found)
        claims += [claim.found(found) for claim in lesson.claims]
        replayed, reduced = len(lab.moment.steps), lab.reduced
    except NotHereError as error:
        says, applies, see = str(error), False, []
    except NoLabError as error:
        says = str(error)
    except Exception as error:  # noqa: BLE001 - a model of the user's may do anything on other inputs
        said = f"{type(error).__name__}: {(str(error).splitlines() or [''])[0][:300]}"
        if is_of_the_model(error):
            says = (
                f"run as the experiment needs it, the model, its loss or its data ended with {said}"
            )
        else:
            fault = f"{said} ({place_in_ours(error)})"
            says = f"the experiment failed by a fault of its own: {fault}"
    if not replayed:
        claims = [ClaimFound(claim.text, "not measured", "") for claim in lesson.claims]
    return msgspec.structs.replace(
        answer,
        applies=applies,
        says=says,
        step=experiment.moment.step if experiment.moment is not None and replayed else 0,
        replayed=replayed,
        replay=f"{_replay(experiment)} {reduced}".rstrip() if replayed else "",
        see=tuple(see),
        broken=tuple(broken),
        claims=tuple(claims) if applies else (),
        seconds=round(time.monotonic() - started, 2),
        fault=fault,
    )


def _empty(page: Page, lesson: Lesson[Any], experiment: Experiment) -> Answer:
    return Answer(
        topic=page.topic,
        question=page.question,
        short=page.short,
        run=experiment.name,
        places=places(experiment.seen, lesson.places),
        sources=page.sources,
        read_next=page.read_next,
    )


def _replay(experiment: Experiment) -> str:
    assert experiment.moment is not None
    moment = experiment.moment
    return experiment.agrees or (
        f"Replay equals the run: {counted(len(moment.steps), 'step')} from step {number(moment.step)} "
        "on, done again on copies, gave the recorded losses bit for bit."
    )
