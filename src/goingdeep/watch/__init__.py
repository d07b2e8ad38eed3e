"""Observing a run: what a training loop really does, whoever wrote it, without changing it.

program/       how the watcher comes into a program: script.py starts one so that Python runs it as
               always, program.py is inside it, run.py has its run folder
watcher.py     the watcher itself: hooks on, hooks off; table.py names them, patches.py puts them
lane.py        per thread: what has happened since the last step, and what it means
looks/         close looks at some steps             moments/    steps that are kept, and replayed
probes/        what a model is asked, on a copy      states/     what is saved, loaded and kept
steps/         models, losses, gradients, optimizers
data/          loaders, and what was read from them
reading/       reads what belongs to the program     writing/    from facts to the run folder

Importing this package imports nothing: torch is the program's to import first.
"""
