"""fastai's GANLearner: one module holds both networks and is switched between them.

traps: two-optimizers
"""

import torch
from fastai.data.core import DataLoaders
from fastai.torch_core import set_seed
from fastai.vision.gan import FixedGANSwitcher, GANLearner
from torch import nn
from torch.utils.data import TensorDataset

set_seed(55)
train, valid = (TensorDataset(torch.randn(n, 4), torch.randn(n, 6) + 1) for n in (160, 32))
dls = DataLoaders.from_dsets(train, valid, bs=16, shuffle=True, num_workers=0, device="cpu")
generator = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 6))
critic = nn.Sequential(nn.Linear(6, 16), nn.LeakyReLU(0.2), nn.Linear(16, 1), nn.Flatten(0))
learner = GANLearner.wgan(
    dls, generator, critic, switcher=FixedGANSwitcher(n_crit=3, n_gen=1), switch_eval=False
)
learner.recorder.train_metrics, learner.recorder.valid_metrics = True, False
with learner.no_bar(), learner.no_logging():
    learner.fit(2, 1e-3, wd=0.0)
