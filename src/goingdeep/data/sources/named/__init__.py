"""One module for each data set with a name: `fashion_mnist.py` is `fashion-mnist`.

A module here has one function, `load(settings, progress) -> ImageData`. Adding a data set is adding
a module; nothing else lists them.
"""
