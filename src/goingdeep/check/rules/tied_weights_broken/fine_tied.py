"""Embedding and output are one tensor, before and after the model is loaded and moved."""

import copy

import torch
from torch import nn


class Model(nn.Module):
    def __init__(self, words, size=16):
        super().__init__()
        self.embed = nn.Embedding(words, size)
        self.recurrent = nn.GRU(size, size, batch_first=True)
        self.out = nn.Linear(size, words, bias=False)
        self.out.weight = self.embed.weight

    def forward(self, x):
        return self.out(self.recurrent(self.embed(x))[0])


torch.manual_seed(0)
tokens = torch.randint(0, 20, (96, 9))
model = Model(20)
model(tokens[:1])
model.load_state_dict(copy.deepcopy(model.state_dict()))
model = model.to("cpu", torch.float32)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

for step in range(20):
    batch = tokens[torch.randperm(96)[:16]]
    scores = model(batch[:, :-1])
    loss = nn.functional.cross_entropy(scores.transpose(1, 2), batch[:, 1:])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
