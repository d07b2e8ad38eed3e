"""fastai on one full batch, with masks over its nodes and a loss that takes the logarithm itself.

traps: masks, log-inside
"""

import torch
import torch.nn.functional as F
from fastai.callback.core import Callback
from fastai.data.core import DataLoaders
from fastai.learner import Learner
from fastai.torch_core import set_seed
from torch import nn

set_seed(56)
x = torch.randn(60, 8)
y = x[:, :3].argmax(1)
near = (torch.rand(60, 60) < 0.05).float() + torch.eye(60)
near = near / near.sum(1, keepdim=True)
place = torch.rand(60)
masks = {True: place < 0.5, False: place >= 0.5}


class GCN(nn.Module):
    def __init__(self):
        super().__init__()
        self.one, self.two, self.drop = nn.Linear(8, 16), nn.Linear(16, 3), nn.Dropout(0.2)

    def forward(self, nodes):
        hidden = self.drop(torch.relu(near @ self.one(nodes)))
        return torch.softmax(near @ self.two(hidden), dim=1)


class Masked(nn.Module):
    def forward(self, chances, target):
        kept = masks[chances.requires_grad]
        return F.nll_loss(chances[kept].log(), target[kept])


class Unpack(Callback):
    """The loader's one sample is the whole graph."""

    def before_batch(self):
        self.learn.xb, self.learn.yb = (self.xb[0][0],), (self.yb[0][0],)


dls = DataLoaders.from_dsets([(x, y)], [(x, y)], bs=1, num_workers=0, device="cpu")
learner = Learner(dls, GCN(), loss_func=Masked(), cbs=Unpack)
with learner.no_bar(), learner.no_logging():
    learner.fit(20, 2e-2)
