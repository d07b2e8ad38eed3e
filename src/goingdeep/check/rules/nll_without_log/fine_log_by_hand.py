"""The module gives probabilities; the loop takes their logarithm before NLLLoss, as skorch does."""

import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(96, 8)
y = x[:, :3].argmax(1)
model = nn.Sequential(nn.Linear(8, 3), nn.Softmax(dim=-1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
criterion = nn.NLLLoss()

for step in range(8):
    chosen = torch.randperm(96)[:24]
    probabilities = model(x[chosen])
    loss = criterion(torch.log(probabilities + 1e-8), y[chosen])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
