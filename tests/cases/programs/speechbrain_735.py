"""Predictions were made into a plain tensor, and the loss into one that requires grad.

rule:   loss-rewrapped
line:   loss = torch.autograd.Variable(loss, requires_grad=True)
style:  a Brain with compute_forward and compute_objectives
source: speechbrain/speechbrain#735
"""

import torch
from torch import nn
from torch.nn.functional import nll_loss
from torch.utils.data import DataLoader, TensorDataset


class Brain:
    def __init__(self, modules, opt_class, hparams):
        self.modules = nn.ModuleDict(modules)
        self.optimizer = opt_class(self.modules.parameters())
        self.hparams = hparams

    def fit_batch(self, batch):
        predictions = self.compute_forward(batch)
        loss = self.compute_objectives(predictions, batch)
        loss.backward()
        self.optimizer.step()
        self.optimizer.zero_grad()
        return loss.detach().item()

    def fit(self, train_set):
        for epoch in range(self.hparams["epochs"]):
            self.modules.train()
            losses = [self.fit_batch(batch) for batch in train_set]
            print(epoch, sum(losses) / len(losses))


class SpeakerBrain(Brain):
    def compute_forward(self, batch):
        wavs, _ = batch
        feats = wavs.unfold(1, 8, 4).std(dim=2)
        predict = self.modules["model"](feats)
        rows = [torch.tensor(row) for row in predict.tolist()]  # wrong
        # fixed: rows = list(predict)
        return {"predict": torch.stack(rows)}

    def compute_objectives(self, predictions, batch):
        _, speaker = batch
        loss = nll_loss(predictions["predict"], speaker)
        loss = torch.autograd.Variable(loss, requires_grad=True)  # wrong
        return loss


torch.manual_seed(37)
wavs = torch.randn(120, 64) * (1 + torch.arange(120).remainder(3).unsqueeze(1))
speakers = torch.arange(120) % 3
loader = DataLoader(TensorDataset(wavs, speakers), batch_size=12, shuffle=True)
model = nn.Sequential(nn.Linear(15, 16), nn.ReLU(), nn.Linear(16, 3), nn.LogSoftmax(dim=1))
brain = SpeakerBrain({"model": model}, lambda p: torch.optim.SGD(p, lr=0.1), {"epochs": 2})
brain.fit(loader)
