"""Ignite: tied embeddings, the hidden state goes on from batch to batch, weights moved by hand.

traps: tied, by-hand
"""

import torch
from ignite.engine import Engine
from ignite.utils import manual_seed
from torch import nn


class LM(nn.Module):
    def __init__(self, tokens=12, size=16):
        super().__init__()
        self.embed, self.rnn = nn.Embedding(tokens, size), nn.GRU(size, size)
        self.out = nn.Linear(size, tokens)
        self.out.weight = self.embed.weight
        nn.init.uniform_(self.embed.weight, -0.1, 0.1)

    def forward(self, ids, hidden):
        values, hidden = self.rnn(self.embed(ids), hidden)
        return self.out(values), hidden


manual_seed(44)
text = (torch.arange(8 * 61).view(8, 61) * torch.randint(1, 4, (8, 1)) % 12).t()
pieces = [text[i : i + 6] for i in range(0, 55, 5)]
model = LM()


def step(engine, piece):
    if engine.state.iteration % len(pieces) == 1:
        engine.state.hidden = None
    scores, hidden = model(piece[:-1], engine.state.hidden)
    engine.state.hidden = hidden.detach()
    model.zero_grad()
    loss = nn.functional.cross_entropy(scores.flatten(0, 1), piece[1:].flatten())
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 0.25)
    for p in model.parameters():
        p.data.add_(p.grad, alpha=-2.0)
    return loss.item()


Engine(step).run(pieces, max_epochs=5)
