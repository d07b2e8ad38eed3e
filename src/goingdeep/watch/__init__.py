"""Observing a run: what a training loop really does, whoever wrote it, without changing it.

script.py       `gd run`: starts a program so that Python runs it as always; program.py inside it
run.py          the run folder of a watched program, from the moment torch is there to the end
watcher.py      the watcher itself: hooks on, hooks off; table.py names them, patches.py puts them
lane.py         per thread: what has happened since the last step, and what it means
recorder.py     from facts to the run folder

Importing this package imports nothing: torch is the program's to import first.
"""
