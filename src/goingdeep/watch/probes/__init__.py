"""Probes: questions that watching alone cannot answer, asked of a copy of the model.

    batch-mixing    is one of the samples replaced, does the answer for another one change?
    mask-ignored    is a mask turned, does any answer change?

    asking.py   when, and of which model      trial.py    one copy, run on one choice of samples
    mixing.py   the first question            masks.py    the second
    effects.py  whether a forward touches anything that a copy would share with the program

Each question is asked once of a model, at its second training step or later, and only where the
watcher was told to (`Watcher(probes=True)`). The copies share nothing with the program; generators
of random numbers are set back; what the program has hooked or switched on is not called. Where that
cannot be promised, or where it would take long, there is a reason in place of an answer.
"""

from goingdeep.watch.probes.asking import Probes

__all__ = ["Probes"]
