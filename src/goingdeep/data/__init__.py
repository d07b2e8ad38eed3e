"""Data: images in, one uint8 array N,C,H,W for each part out.

    data = load("fashion-mnist-sample")
    data.train.images, data.train.labels, data.class_names

Nothing here imports torch, and Pillow is imported only where pictures are read or drawn; what turns
this into batches for PyTorch is in `loader.py`.
"""

from __future__ import annotations

from goingdeep.data.duplicates import count_duplicates
from goingdeep.data.facts import facts
from goingdeep.data.images import DataSettings, ImageData, Part, PartName, Progress
from goingdeep.data.show import contact_sheet, picture_grid
from goingdeep.data.sources import NAMES, load
from goingdeep.data.split import hold_out, with_validation

__all__ = [
    "NAMES",
    "DataSettings",
    "ImageData",
    "Part",
    "PartName",
    "Progress",
    "contact_sheet",
    "count_duplicates",
    "facts",
    "hold_out",
    "load",
    "picture_grid",
    "with_validation",
]
