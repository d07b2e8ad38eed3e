"""Walks over loaders: what was read, in which order, and what was done with it."""
