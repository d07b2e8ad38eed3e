"""Making a run: from settings and images to a tested, saved model.

start.py        settings (settings.py, recipes.py), images, run folder; before torch is imported
training.py     the course of a run; loop.py is the training loop itself, on one page
checkpoint.py   what a run needs to go on, bit for bit
finish.py       test once, save model, predictions and result
eject.py        the same training as a plain script
"""
