"""Answers a learner's question by experiment, on the user's own model and data.

experiment.py     what a lesson gets: the record, a moment to replay, and a bound
rebuilt.py        an experiment from a run of gd train     program.py    from a watched program
recorded.py       from the record alone: nothing to replay built_in.py   from a short training of ours
lab.py            the bench a lesson works at: copies of the loop's parts, replays
pairs.py          the moment's forwards with their losses
fitting.py        how much of the moment there is time for
lesson.py         what a lesson is made of
lessons/          the lessons, one folder each, named after the topic
catalogue.py      finds them: by name, or the nearest one to a question in words
damage.py         the loop as recorded and with the mistake, as curves and a table
trained.py        training on from the moment, at a pace at which something is learned
scores.py         how good a model is
images.py, layers.py, vectors.py, memory.py, failing.py     what several lessons measure
places.py         the lines of the user's source
answering.py      from a topic and an experiment to an answer    faults.py   whose an error is

An answer is plain data (record/answer.py), which show/answer.py and show/answer_html.py draw. To add
a topic: `make lesson NAME=topic`; docs/why.md says what goes in.
"""
