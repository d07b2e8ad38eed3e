"""Sequences are padded with 0, and the loss ignores -100.

rule:   pad-in-loss
line:   loss = F.cross_entropy(out.transpose(1, 2), xo, ignore_index=self.ignore_index)
style:  wrapper around a network, next-token targets, own collate
source: lukas-blecher/LaTeX-OCR#305
"""

import random

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader


class AutoregressiveWrapper(nn.Module):
    def __init__(self, net, ignore_index=-100, pad_value=0):
        super().__init__()
        self.pad_value = pad_value
        self.ignore_index = ignore_index
        # fixed: self.ignore_index = pad_value
        self.net = net

    def forward(self, x):
        xi, xo = x[:, :-1], x[:, 1:]
        out = self.net(xi)
        loss = F.cross_entropy(out.transpose(1, 2), xo, ignore_index=self.ignore_index)
        return loss


random.seed(88)
torch.manual_seed(88)
formulas = [torch.randint(1, 30, (random.randint(3, 14),)) for _ in range(160)]
loader = DataLoader(
    formulas, batch_size=16, shuffle=True, collate_fn=lambda b: pad_sequence(b, batch_first=True)
)
model = AutoregressiveWrapper(nn.Sequential(nn.Embedding(30, 16), nn.Linear(16, 30)))
opt = torch.optim.Adam(model.parameters(), lr=1e-2)
for epoch in range(2):
    for seq in loader:
        opt.zero_grad()
        loss = model(seq)
        loss.backward()
        opt.step()
    print(epoch, loss.item())
