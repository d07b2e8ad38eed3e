"""The optimizer was given clones of the weights.

rule:   stale-optimizer
line:   optimizer = torch.optim.SGD(module.named_parameters().values(), lr=0.1)
style:  training module that hands out its parameters as a dictionary
source: pytorch/executorch#6039
"""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class TrainingModule:
    def __init__(self, net):
        self.net = net

    def forward_backward(self, inputs, labels):
        loss = nn.functional.cross_entropy(self.net(inputs), labels)
        self.net.zero_grad()
        loss.backward()
        return loss.item()

    def named_parameters(self):
        named = self.net.named_parameters()
        return {name: nn.Parameter(p.detach().clone()) for name, p in named}  # wrong
        # fixed: return dict(named)


torch.manual_seed(32)
x = torch.randn(128, 10)
y = (x[:, 0] > x[:, 1]).long()
module = TrainingModule(nn.Sequential(nn.Linear(10, 20), nn.ReLU(), nn.Linear(20, 2)))
optimizer = torch.optim.SGD(module.named_parameters().values(), lr=0.1)
for epoch in range(3):
    for inputs, labels in DataLoader(TensorDataset(x, y), batch_size=16, shuffle=True):
        loss = module.forward_backward(inputs, labels)
        optimizer.step()
    print(epoch, loss)
