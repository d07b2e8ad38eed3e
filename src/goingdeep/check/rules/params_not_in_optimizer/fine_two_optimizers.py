"""Encoder and decoder with an optimizer each, and tied embeddings."""

import torch
from torch import nn


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(11, 8)
        self.body = nn.Linear(8, 8)
        self.out = nn.Linear(8, 11, bias=False)
        self.out.weight = self.embed.weight

    def forward(self, tokens):
        return self.out(torch.tanh(self.body(self.embed(tokens))))


torch.manual_seed(0)
tokens = torch.randint(0, 11, (64, 6))
model = Tied()
first = torch.optim.Adam(model.embed.parameters(), lr=1e-2)
second = torch.optim.SGD(model.body.parameters(), lr=0.1)

for step in range(8):
    batch = tokens[torch.randperm(64)[:16]]
    loss = nn.functional.cross_entropy(model(batch[:, :-1]).flatten(0, 1), batch[:, 1:].flatten())
    model.zero_grad()
    loss.backward()
    first.step()
    second.step()
