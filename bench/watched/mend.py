"""Lets traincheck 0.2.0 walk through a torch built for CUDA on a machine without a GPU.

It asks every object in torch for its name, and some answer by starting CUDA. It expects the
AssertionError of a torch built without CUDA there, and ends at the RuntimeError of one with CUDA.
Python imports this as `sitecustomize` before the script that traincheck runs.
"""

import traincheck.utils

theirs = traincheck.utils.safe_getattr


def safe_getattr(obj, attr, default=None):
    try:
        return theirs(obj, attr, default)
    except RuntimeError:
        return default


traincheck.utils.safe_getattr = safe_getattr
