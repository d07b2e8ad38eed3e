"""fastai: a frozen body (its BatchNorm trains, as fastai has it), then unfrozen; validated before.

traps: frozen, evaluated-first
"""

import fastai.callback.schedule  # noqa: F401 - and fit_one_cycle
import torch
from fastai.callback.tracker import SaveModelCallback
from fastai.data.core import DataLoaders
from fastai.learner import Learner
from fastai.metrics import accuracy
from fastai.torch_core import params, set_seed
from torch import nn
from torch.utils.data import TensorDataset

set_seed(51)
x = torch.randn(224, 8)
y = x[:, :3].argmax(1)
train, valid = TensorDataset(x[:160], y[:160]), TensorDataset(x[160:], y[160:])
dls = DataLoaders.from_dsets(train, valid, bs=16, shuffle=True, num_workers=0, device="cpu")
body = nn.Sequential(nn.Linear(8, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Dropout(0.2))
model = nn.Sequential(body, nn.Linear(32, 3))
learner = Learner(
    dls, model, loss_func=nn.CrossEntropyLoss(), metrics=accuracy,
    splitter=lambda m: [params(m[0]), params(m[1])], path="fastai",
)  # fmt: skip
with learner.no_bar(), learner.no_logging():
    learner.validate()
    learner.freeze()
    learner.fit_one_cycle(2, 1e-2)
    learner.unfreeze()
    learner.fit_one_cycle(2, slice(1e-4, 1e-3), cbs=SaveModelCallback())
