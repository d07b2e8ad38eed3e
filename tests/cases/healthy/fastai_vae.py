"""fastai: a loss of one's own, a binary cross-entropy summed over a sigmoid; training stops early.

traps: bce-summed, cut-short
"""

import torch
import torch.nn.functional as F
from fastai.callback.core import Callback, CancelFitException
from fastai.callback.schedule import ParamScheduler, SchedCos
from fastai.data.core import DataLoaders
from fastai.learner import Learner
from fastai.torch_core import set_seed
from torch import nn
from torch.utils.data import TensorDataset


class VAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.encode, self.decode = nn.Linear(36, 8), nn.Linear(4, 36)

    def forward(self, x):
        mean, log_var = self.encode(x).chunk(2, dim=1)
        code = mean + torch.randn_like(mean) * (0.5 * log_var).exp()
        return torch.sigmoid(self.decode(code)), mean, log_var


def lost(out, target):
    made, mean, log_var = out
    far = -0.5 * torch.sum(1 + log_var - mean.pow(2) - log_var.exp())
    return F.binary_cross_entropy(made, target, reduction="sum") + far


class Stop(Callback):
    def after_step(self):
        if self.train_iter >= 24:
            raise CancelFitException


set_seed(54)
images = (torch.rand(160, 36) < torch.rand(36)).float()
train, valid = (TensorDataset(part, part) for part in (images[:128], images[128:]))
dls = DataLoaders.from_dsets(train, valid, bs=16, shuffle=True, num_workers=0, device="cpu")
learner = Learner(dls, VAE(), loss_func=lost)
with learner.no_bar(), learner.no_logging():
    learner.fit(50, cbs=[ParamScheduler({"lr": SchedCos(2e-3, 1e-5)}), Stop()])
