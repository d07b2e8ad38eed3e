"""fastai: accumulated gradients, log-softmax with nll_loss, the rate looked for before (lr_find).

traps: accumulation, nll
"""

import fastai.callback.schedule  # noqa: F401 - and lr_find
import torch
from fastai.callback.training import GradientAccumulation
from fastai.data.core import DataLoaders
from fastai.learner import Learner
from fastai.torch_core import set_seed
from torch import nn
from torch.utils.data import TensorDataset

set_seed(53)
x = torch.randn(224, 8)
y = x[:, :3].argmax(1)
train, valid = TensorDataset(x[:160], y[:160]), TensorDataset(x[160:], y[160:])
dls = DataLoaders.from_dsets(train, valid, bs=8, shuffle=True, num_workers=0, device="cpu")
model = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 3), nn.LogSoftmax(dim=1))
learner = Learner(dls, model, loss_func=nn.functional.nll_loss, path="fastai")
with learner.no_bar(), learner.no_logging():
    learner.lr_find(num_it=20, show_plot=False)
    learner.fit(3, 1e-2, cbs=GradientAccumulation(32))
