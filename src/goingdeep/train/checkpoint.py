"""Checkpoints: everything a run needs to go on as if it had never stopped, bit for bit.

    checkpoints/step-00000938/model.safetensors       weights and buffers
                              optimizer.safetensors   momentum and the like, the averaged weights,
                                                      the random number generators
                              state.json              where the run was
                              loss.npy                the loss curve so far
    checkpoints/last                                  names the newest whole one

A folder appears under its name only when every file in it is whole (record/files.py). Nothing is
pickled, so opening somebody else's checkpoint cannot run code.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import msgspec
import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from goingdeep.errors import RunFormatError
from goingdeep.record.encoding import UNREADABLE, to_json
from goingdeep.record.events import Epoch
from goingdeep.record.files import remove_unfinished, whole_folder, write_atomic
from goingdeep.record.scalars import Curve
from goingdeep.train.capability import generators, set_generators


class State(msgspec.Struct):
    """Where a run is. Steps and epochs count what is done; `settings` is what it was done with.

    loss_sum: of the steps done in the epoch that is not complete yet.
    best_*: the epoch with the highest accuracy on the validation part, its checkpoint and score.
    seconds: wall time spent so far, over all processes of this run.
    """

    step: int = 0
    epoch: int = 0
    step_in_epoch: int = 0
    loss_sum: float = 0.0
    epochs: list[Epoch] = []
    best_epoch: int = 0
    best_score: float = -1.0
    best_checkpoint: str = ""
    moment: str = ""
    seconds: float = 0.0
    settings: dict[str, str | float | int | bool] = {}


@dataclass
class Parts:
    """The live objects a checkpoint saves and restores."""

    model: nn.Module
    optimizer: torch.optim.Optimizer
    averaged: AveragedModel | None
    state: State
    curve: Curve


def save(folder: Path, parts: Parts) -> str:
    """Write a checkpoint named after the step; returns its name.

    Raises:
        WriteError: the disk refuses; the checkpoints already there are untouched.
    """
    name = f"step-{parts.state.step:08d}"
    with whole_folder(folder / "checkpoints" / name) as place:
        (place / "model.safetensors").write_bytes(weights(parts.model))
        (place / "optimizer.safetensors").write_bytes(
            safetensors.torch.save(
                _optimizer_tensors(parts.model, parts.optimizer)
                | _averaged_tensors(parts.averaged)
                | {f"generator.{k}": v for k, v in generators(_device(parts.model)).items()}
            )
        )
        (place / "loss.npy").write_bytes(parts.curve.to_bytes())
        (place / "state.json").write_bytes(to_json(parts.state))
    write_atomic(folder / "checkpoints" / "last", f"{name}\n".encode())
    return name


def weights(model: nn.Module) -> bytes:
    """A model's `state_dict` as safetensors.

    Tensors are cloned because tied weights share memory, which safetensors refuses; loading copies
    each name into place, so what was tied stays tied. Strides are not kept (see `restore`).
    """
    state = model.state_dict()
    return safetensors.torch.save(
        {k: v.detach().cpu().contiguous().clone() for k, v in state.items()}
    )


def newest(folder: Path) -> str:
    """The name of the newest whole checkpoint, or "" when there is none yet."""
    # Only whole ones have the name; the file `last` is for people, and may be a kill behind.
    return max(_names(folder), default="")


def restore(folder: Path, name: str, parts: Parts) -> None:
    """Bring live objects to where a checkpoint was.

    Changes:
        model, optimizer, averaged model, state, curve and torch's generators, all in place.
    Raises:
        RunFormatError: a file of the checkpoint is damaged or does not fit the model.
    """
    place = folder / "checkpoints" / name
    try:
        state = msgspec.json.decode((place / "state.json").read_bytes(), type=State)
        rest = safetensors.torch.load_file(place / "optimizer.safetensors")
        parts.model.load_state_dict(safetensors.torch.load_file(place / "model.safetensors"))
        _restore_optimizer(parts.model, parts.optimizer, rest)
        if parts.averaged is not None:
            parts.averaged.load_state_dict(_named(rest, "averaged."))
        set_generators(_named(rest, "generator."), _device(parts.model))
        curve = Curve.read(place / "loss.npy")
    # A curve that cannot be read is a RunFormatError, and that a RuntimeError.
    except (OSError, SafetensorError, RuntimeError, KeyError, TypeError, *UNREADABLE) as error:
        raise RunFormatError(
            f"checkpoint {name} is damaged or belongs to another model",
            where=str(place),
            why=(str(error).splitlines() or [type(error).__name__])[0],
            fix=f"remove {place}, then gd resume (goes on from the one before)",
            more="docs/runs.md",
        ) from error
    parts.state, parts.curve = state, curve


def _named(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}


def read_weights(folder: Path, name: str, *, averaged: bool) -> dict[str, Tensor]:
    """The weights of a checkpoint, or the averaged ones.

    Raises:
        RunFormatError: the file is missing or damaged.
    """
    place = folder / "checkpoints" / name
    file = place / ("optimizer.safetensors" if averaged else "model.safetensors")
    try:
        tensors = safetensors.torch.load_file(file)
    except (OSError, SafetensorError) as error:
        raise RunFormatError(
            f"checkpoint {name}, the best of the run, is missing or damaged",
            where=str(file),
            why=str(error),
            fix="train anew: gd train",
            more="docs/runs.md",
        ) from error
    return _named(tensors, "averaged.module.") if averaged else tensors


def tidy(folder: Path, state: State) -> None:
    """Keep the last two checkpoints, the best and the moment; remove what killed writers left."""
    remove_unfinished(folder / "checkpoints")
    names = sorted(_names(folder))
    keep = {*names[-2:], state.best_checkpoint, state.moment}
    for name in names:
        if name not in keep:
            shutil.rmtree(folder / "checkpoints" / name, ignore_errors=True)


def _names(folder: Path) -> list[str]:
    return [path.parent.name for path in (folder / "checkpoints").glob("step-*/state.json")]


def _optimizer_tensors(model: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    return {
        f"optimizer.{name}.{key}": value.detach().cpu().contiguous()
        for name, parameter in model.named_parameters()
        for key, value in optimizer.state.get(parameter, {}).items()
        if isinstance(value, Tensor)
    }


def _restore_optimizer(
    model: nn.Module, optimizer: torch.optim.Optimizer, saved: dict[str, Tensor]
) -> None:
    """Put the state back in the layout of each parameter.

    safetensors keeps no strides, and on a CPU `SGD(fused=True)` walks parameter and momentum in the
    order of memory: with a momentum of other strides it silently updates the wrong weights.
    """
    parameters = dict(model.named_parameters())
    optimizer.state.clear()
    for full_name, value in _named(saved, "optimizer.").items():
        name, _, key = full_name.rpartition(".")
        parameter = parameters[name]
        if value.shape == parameter.shape:
            placed = torch.empty_like(parameter, dtype=value.dtype, requires_grad=False)
            optimizer.state[parameter][key] = placed.copy_(value)
        else:  # AdamW's count of steps: one number, which the fused step wants on the device
            optimizer.state[parameter][key] = value.to(parameter.device, copy=True)


def _averaged_tensors(averaged: AveragedModel | None) -> dict[str, Tensor]:
    if averaged is None:
        return {}
    state = averaged.state_dict()
    return {f"averaged.{k}": v.detach().cpu().contiguous().clone() for k, v in state.items()}


def _device(model: nn.Module) -> torch.device:
    return next(model.parameters()).device
