"""Dropout in evaluation on purpose: the spread of many answers says how sure the model is."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(8, 16)
        self.out = nn.Linear(16, 2)

    def forward(self, x):
        return self.out(F.dropout(torch.relu(self.hidden(x)), p=0.5, training=True))


torch.manual_seed(0)
x = torch.randn(96, 8)
y = (x.sum(1) > 0).long()
loader = DataLoader(TensorDataset(x[64:], y[64:]), batch_size=16)
net = Net()
optimizer = torch.optim.Adam(net.parameters(), lr=1e-2)

for epoch in range(2):
    net.train()
    for chosen in torch.randperm(64).split(16):
        optimizer.zero_grad()
        F.cross_entropy(net(x[chosen]), y[chosen]).backward()
        optimizer.step()
net.eval()
with torch.no_grad():
    for inputs, _ in loader:
        answers = torch.stack([net(inputs).softmax(1) for _ in range(10)])
        print(answers.mean(0)[0], answers.std(0)[0])
