"""The finished model: `model/model.safetensors` and `model/model.json`, all that predicting needs.

Three lines of plain PyTorch load the weights; `Classifier` also knows how pictures become batches.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, cast, get_args

import msgspec
import numpy as np
import numpy.typing as npt
import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import nn

from goingdeep import models
from goingdeep.data.images import I64, U8, ImageData, Part, Resize
from goingdeep.data.loader import batches_in_order
from goingdeep.data.pictures import as_uint8, list_pictures, read_picture
from goingdeep.errors import RunFormatError, RunNotFoundError, SettingsError
from goingdeep.record.encoding import UNREADABLE, indented
from goingdeep.record.files import whole_folder
from goingdeep.record.runs import short_name
from goingdeep.train import loop
from goingdeep.train.again import refuse_code_inside
from goingdeep.train.capability import Arithmetic, arithmetic
from goingdeep.train.checkpoint import weights
from goingdeep.train.settings import Settings

FORMAT = 1
Channels = Annotated[int, msgspec.Meta(ge=1, le=64)]
Side = Annotated[int, msgspec.Meta(ge=1, le=4096)]


class ModelCard(msgspec.Struct, frozen=True):
    """What `model.json` says: enough to build the module and to prepare a picture for it.

    architecture: a name that `models.build` knows. image: C, H, W. size, resize: as in the settings
    of the data. Pixels are divided by 255; there is no other normalisation.
    """

    architecture: str
    image: tuple[Channels, Side, Side]
    class_names: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    size: int = 0
    resize: Resize = ""
    precision: Literal["auto", "float32", "bfloat16"] = "float32"
    layout: Literal["auto", "contiguous", "channels_last"] = "contiguous"
    format: int = FORMAT


def save_model(folder: Path, model: nn.Module, data: ImageData, settings: Settings) -> None:
    """Write the run's `model/` folder, whole or not at all."""
    card = ModelCard(
        architecture=settings.model,
        image=data.shape,
        class_names=data.class_names,
        size=settings.data.size,
        resize=settings.data.resize,
        precision=settings.precision,
        layout=settings.layout,
    )
    with whole_folder(folder / "model") as place:
        (place / "model.safetensors").write_bytes(weights(model))
        (place / "model.json").write_text(f"{indented(card)}\n", encoding="utf-8")


@dataclass(frozen=True)
class Predictions:
    """What a model says of some images.

    probabilities: f32[N,K], each row sums to 1. class_names: the name of each column.
    paths: the file each row came from; empty for arrays.
    """

    probabilities: npt.NDArray[np.float32]
    class_names: tuple[str, ...]
    paths: tuple[str, ...] = ()

    @property
    def labels(self) -> I64:
        """i64[N], the most probable class of each image."""
        labels: I64 = self.probabilities.argmax(1).astype(np.int64)
        return labels

    @property
    def names(self) -> list[str]:
        """The name of the most probable class of each image."""
        return [self.class_names[label] for label in self.labels]

    def __len__(self) -> int:
        return len(self.probabilities)


class Classifier:
    """A trained model with its class names.

    Args:
        folder: a finished run.
        model: the architecture, where it is not the one written in the run: `file.py:function` when
            the file has moved.
        device: where to compute; the CPU by default.
    Raises:
        RunNotFoundError: the run has no model yet. RunFormatError: the model is damaged.
    """

    def __init__(
        self, folder: Path, *, model: str = "", device: torch.device | None = None
    ) -> None:
        place = folder / "model"
        try:
            self.card = msgspec.json.decode((place / "model.json").read_bytes(), type=ModelCard)
        except FileNotFoundError as error:
            raise RunNotFoundError(
                f"{folder} has no model yet",
                why="the run has not finished",
                fix=f"gd resume {short_name(folder)}",
                more="docs/runs.md",
            ) from error
        except (OSError, *UNREADABLE) as error:
            raise _damaged(place, error) from error
        if self.card.format > FORMAT:
            raise RunFormatError(
                f"{place} was written by a newer Going Deep",
                fix="pip install --upgrade goingdeep",
                more="docs/runs.md",
            )
        self.folder = folder
        refuse_code_inside(folder, model or self.card.architecture)
        self.class_names = self.card.class_names
        self.model = models.build(
            model or self.card.architecture, *self.card.image, len(self.class_names)
        )
        try:
            state = safetensors.torch.load_file(place / "model.safetensors")
            self.model.load_state_dict(state)
        except (OSError, SafetensorError, RuntimeError) as error:
            raise _damaged(place, error) from error
        self.arithmetic: Arithmetic = arithmetic(
            Settings(precision=self.card.precision, layout=self.card.layout),
            device or torch.device("cpu"),
        )
        self.model = self.arithmetic.place(self.model).eval()

    def logits(self, images: U8) -> npt.NDArray[np.float32]:
        """Raw scores f32[N,K] for u8[N,C,H,W], computed as the run's own test was."""
        if not len(images):
            return np.zeros((0, len(self.class_names)), np.float32)
        part = Part(np.ascontiguousarray(images), np.zeros(len(images), np.int64))
        scores = loop.evaluate(
            self.model, batches_in_order(part), self.arithmetic.precision(), self.arithmetic.device
        )
        return scores.numpy()

    def predict(
        self,
        images: npt.ArrayLike | str | Path | Sequence[str | Path],
        *,
        resize: str = "",
        grey: bool = False,
    ) -> Predictions:
        """Classify pictures.

        Args:
            images: u8 or floats in 0..1, [N,C,H,W], [N,H,W] or [N,H,W,C]; or paths of pictures and
                folders of them.
            resize: how a picture of another size is brought to the model's ("pad", "crop",
                "stretch"); "" uses what the run was trained with, or refuses.
            grey: turn colour pictures grey for a grey model, instead of refusing them.
        Raises:
            ShapeError: sizes or channels do not fit the model. ImageError: a picture is unreadable.
        """
        paths: tuple[str, ...] = ()
        if isinstance(images, str | Path) or _are_paths(images):
            several = [images] if isinstance(images, str | Path) else images
            array, paths = self._read(cast("Iterable[str | Path]", several), resize, grey=grey)
        else:
            array = as_uint8(images, self.card.image)
            models.check_images(self.card.architecture, array, *self.card.image)
        scores = torch.from_numpy(self.logits(array)).double().softmax(1)
        return Predictions(scores.float().numpy(), self.class_names, paths)

    def _read(
        self, several: Iterable[str | Path], resize: str, *, grey: bool
    ) -> tuple[U8, tuple[str, ...]]:
        if resize not in get_args(Resize):
            raise SettingsError(
                f"resize expects pad, crop or stretch, got {resize!r}",
                fix="--resize pad",
                more="docs/data.md",
            )
        policy = cast("Resize", resize or self.card.resize)
        files = [file for path in several for file in list_pictures(Path(path))]
        read = [read_picture(file, self.card.image, policy, convert=grey) for file in files]
        empty = np.zeros((0, *self.card.image), np.uint8)
        return np.stack(read) if read else empty, tuple(map(str, files))


def _are_paths(images: Any) -> bool:
    return isinstance(images, list | tuple) and bool(images) and isinstance(images[0], str | Path)


def _damaged(place: Path, error: Exception) -> RunFormatError:
    return RunFormatError(
        "the run's model is damaged or belongs to another architecture",
        where=str(place),
        why=str(error).splitlines()[0],
        fix=f"delete {place}, then gd resume {short_name(place.parent)} "
        "(writes it again from the last checkpoint)",
        more="docs/runs.md",
    )
