"""The lessons: one folder each, named after the topic. What is in one: see lesson.py above."""
