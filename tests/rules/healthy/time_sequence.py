"""LBFGS with a closure over the whole data, in double precision (after pytorch/examples)."""

import torch
from torch import nn


class Sequence(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm, self.linear = nn.LSTMCell(1, 8), nn.Linear(8, 1)

    def forward(self, x, future=0):
        outputs, h, c = [], torch.zeros(len(x), 8).double(), torch.zeros(len(x), 8).double()
        for step in x.split(1, dim=1):
            h, c = self.lstm(step, (h, c))
            outputs.append(self.linear(h))
        for _ in range(future):
            h, c = self.lstm(outputs[-1], (h, c))
            outputs.append(self.linear(h))
        return torch.cat(outputs, dim=1)


torch.manual_seed(0)
data = torch.sin(torch.arange(20).double() / 3 + torch.rand(12, 1).double() * 6)
inputs, target = data[3:, :-1], data[3:, 1:]
seq = Sequence().double()
criterion = nn.MSELoss()
optimizer = torch.optim.LBFGS(seq.parameters(), lr=0.5, max_iter=4)


def closure():
    optimizer.zero_grad()
    loss = criterion(seq(inputs), target)
    loss.backward()
    return loss


for i in range(5):
    optimizer.step(closure)
    with torch.no_grad():
        pred = seq(data[:3, :-1], future=5)
        criterion(pred[:, :-5], data[:3, 1:])
