"""A folder that `gd run` puts on PYTHONPATH for one program; see sitecustomize.py in it."""
