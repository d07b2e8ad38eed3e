"""Accelerate: LBFGS with a closure on one full batch, masks over one input tensor.

traps: lbfgs, masks, nll
"""

import torch
import torch.nn.functional as F
from accelerate import Accelerator
from accelerate.utils import set_seed
from torch import nn


class GCN(nn.Module):
    def __init__(self, near):
        super().__init__()
        self.one, self.two = nn.Linear(8, 16), nn.Linear(16, 3)
        self.register_buffer("near", near)

    def forward(self, x):
        return F.log_softmax(self.near @ self.two(torch.relu(self.near @ self.one(x))), dim=1)


set_seed(23)
accelerator = Accelerator(cpu=True)
x = torch.randn(60, 8)
y = x[:, :3].argmax(1)
near = (torch.rand(60, 60) < 0.05).float() + torch.eye(60)
place = torch.rand(60)
training, testing = place < 0.5, place >= 0.5
model = GCN(near / near.sum(1, keepdim=True))
optimizer = torch.optim.LBFGS(model.parameters(), lr=0.1, max_iter=4)
model, optimizer = accelerator.prepare(model, optimizer)


def closure():
    optimizer.zero_grad()
    loss = F.nll_loss(model(x)[training], y[training])
    accelerator.backward(loss)
    return loss


for step in range(12):
    model.train()
    optimizer.step(closure)
    model.eval()
    with torch.no_grad():
        scores = model(x)
        print(F.nll_loss(scores[testing], y[testing]).item())
