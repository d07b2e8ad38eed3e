"""Answers a learner's question by experiment, on the user's own model and data.

experiment.py     what a lesson gets: the record, a moment to replay, and a bound
"""
