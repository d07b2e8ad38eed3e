"""The encoder is called by itself before the model that holds it: its parameters stand in both."""

import torch
from torch import nn


class Classifier(nn.Module):
    def __init__(self, encoder):
        super().__init__()
        self.encoder, self.head = encoder, nn.Linear(8, 3)

    def forward(self, x):
        return self.head(torch.relu(self.encoder(x)))


torch.manual_seed(0)
x = torch.randn(64, 6)
y = x[:, :3].argmax(1)
encoder = nn.Linear(6, 8)
model = Classifier(encoder)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(20):
    rows = torch.randperm(64)[:16]
    small = 0.01 * encoder(x[rows]).pow(2).mean()
    loss = nn.functional.cross_entropy(model(x[rows]), y[rows]) + small
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
