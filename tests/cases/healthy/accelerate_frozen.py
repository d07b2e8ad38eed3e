"""Accelerate: a frozen body in evaluation mode, evaluated before training, an average of the weights kept.

traps: frozen, evaluated-first
"""

import copy

import torch
from accelerate import Accelerator
from accelerate.utils import set_seed
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(8, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Dropout(0.3))
        self.head = nn.Linear(32, 3)
        self.body.requires_grad_(False)

    def train(self, mode=True):
        super().train(mode)
        self.body.eval()
        return self

    def forward(self, x):
        return self.head(self.body(x))


set_seed(24)
accelerator = Accelerator(cpu=True)
x = torch.randn(224, 8)
y = x[:, :3].argmax(1)
train = DataLoader(TensorDataset(x[:160], y[:160]), batch_size=16, shuffle=True, drop_last=True)
valid = DataLoader(TensorDataset(x[160:], y[160:]), batch_size=16)
model = Net()
average = copy.deepcopy(model).eval().requires_grad_(False)
optimizer = torch.optim.SGD(model.head.parameters(), lr=0.1, momentum=0.9)
model, optimizer, train, valid = accelerator.prepare(model, optimizer, train, valid)


@torch.inference_mode()
def accuracy(net):
    net.eval()
    pairs = [accelerator.gather_for_metrics((net(a).argmax(1), b)) for a, b in valid]
    return sum((a == b).sum().item() for a, b in pairs) / 64


print(accuracy(model))
for epoch in range(3):
    model.train()
    for a, b in train:
        with accelerator.autocast():
            loss = nn.functional.cross_entropy(model(a), b, label_smoothing=0.1)
        accelerator.backward(loss)
        optimizer.step()
        optimizer.zero_grad()
        with torch.no_grad():
            for kept, new in zip(
                average.parameters(), accelerator.unwrap_model(model).parameters(), strict=True
            ):
                kept.lerp_(new, 0.1)
    print(accuracy(model), accuracy(average))
