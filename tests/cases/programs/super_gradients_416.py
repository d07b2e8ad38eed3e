"""A loader built from default settings does not shuffle; the images lie class by class.

rule:   unshuffled-train
line:   loader = DataLoader(dataset, **dataloader_params)
style:  loader from merged settings, BatchNorm network
source: Deci-AI/super-gradients#416
"""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

DEFAULTS = {"batch_size": 64, "num_workers": 0, "drop_last": False}


def imagenet_train(dataloader_params=None):
    torch.manual_seed(45)
    labels = torch.arange(8).repeat_interleave(32)
    images = torch.randn(256, 3, 6, 6) + labels.view(-1, 1, 1, 1) / 4
    dataset = TensorDataset(images, labels)
    dataloader_params = {**DEFAULTS, **(dataloader_params or {})}
    # fixed: dataloader_params["shuffle"] = True
    loader = DataLoader(dataset, **dataloader_params)
    return loader


class Trainer:
    def train(self, model, training_params, train_loader):
        optimizer = torch.optim.SGD(model.parameters(), **training_params["optimizer_params"])
        for epoch in range(training_params["max_epochs"]):
            model.train()
            for inputs, targets in train_loader:
                loss = nn.functional.cross_entropy(model(inputs), targets)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            print(epoch, loss.item())


net = nn.Sequential(
    nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
    nn.Linear(8, 8),
)  # fmt: skip
params = {"max_epochs": 2, "optimizer_params": {"lr": 0.05, "momentum": 0.9, "nesterov": True}}
Trainer().train(net, params, imagenet_train({"batch_size": 16}))
