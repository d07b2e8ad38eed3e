"""A U-Net returns probabilities, and fastai trains it with a loss on scores.

rule:   double-sigmoid
line:   return torch.sigmoid(d1)
style:  fastai
source: avBuffer/UNet3plus_pth#23
"""

import fastai.callback.progress  # noqa: F401 - it gives a learner its no_bar
import torch
from fastai.callback.core import Callback
from fastai.data.core import DataLoaders
from fastai.learner import Learner
from fastai.torch_core import set_seed
from torch import nn
from torch.utils.data import TensorDataset


class SmallUNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.down = nn.Sequential(nn.Conv2d(1, 8, 3, stride=2, padding=1), nn.ReLU())
        self.up = nn.ConvTranspose2d(8, 8, 2, stride=2)
        self.out = nn.Conv2d(9, 1, 1)

    def forward(self, image):
        d1 = self.out(torch.cat([image, torch.relu(self.up(self.down(image)))], dim=1))
        return torch.sigmoid(d1)  # wrong
        # fixed: return d1


class Losses(Callback):
    def before_fit(self):
        self.seen = []

    def after_loss(self):
        self.seen.append(self.loss.item())


set_seed(17)
images = torch.rand(56, 1, 8, 8)
masks = (images > 0.6).float()
dls = DataLoaders.from_dsets(
    TensorDataset(images[:40], masks[:40]), TensorDataset(images[40:], masks[40:]),
    bs=4, shuffle=True, num_workers=0, device="cpu",
)  # fmt: skip
learn = Learner(dls, SmallUNet(), loss_func=nn.BCEWithLogitsLoss(), cbs=Losses)
with learn.no_bar(), learn.no_logging():
    learn.fit(2, 0.01)
