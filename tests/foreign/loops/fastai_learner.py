"""fastai's Learner, with its own loaders, its own Adam and a validation after each epoch."""

import fastai.callback.progress
import fastai.callback.schedule  # noqa: F401 - and fit_one_cycle
import torch
from fastai.callback.core import Callback
from fastai.data.core import DataLoaders
from fastai.learner import Learner
from fastai.torch_core import set_seed
from torch import nn
from torch.utils.data import TensorDataset

set_seed(40)
steps, losses, passes, trained, evaluated = 0, [], [], [], []


class Count(Callback):
    def before_batch(self):
        (trained if self.training else evaluated).append(self.model.training)

    def after_loss(self):
        (losses if self.training else tested).append(self.loss.item())

    def after_step(self):
        global steps
        steps += 1

    def after_train(self):
        passes.append(("training", 5))

    def before_validate(self):
        tested.clear()

    def after_validate(self):
        passes.append(("evaluation", 2, sum(tested) / len(tested)))


tested = []
train = TensorDataset(torch.randn(40, 6), torch.randint(0, 3, (40,)))
valid = TensorDataset(torch.randn(12, 6), torch.randint(0, 3, (12,)))
dls = DataLoaders.from_dsets(train, valid, bs=8, shuffle=True, num_workers=0, device="cpu")
model = nn.Sequential(
    nn.Linear(6, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.1), nn.Linear(8, 3)
)
learner = Learner(dls, model, loss_func=nn.CrossEntropyLoss(), cbs=Count)
with learner.no_bar(), learner.no_logging():
    learner.fit_one_cycle(2, 0.01)  # batch, forward, loss, backward, step, clear, mode
