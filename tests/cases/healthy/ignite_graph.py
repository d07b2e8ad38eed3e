"""Ignite: LBFGS with a closure in the engine's step, one full batch, masks over its nodes.

traps: lbfgs, masks, nll
"""

import torch
import torch.nn.functional as F
from ignite.engine import Engine, Events
from ignite.utils import manual_seed
from torch import nn

manual_seed(43)
x = torch.randn(60, 8)
y = x[:, :3].argmax(1)
place = torch.rand(60)
training, testing = place < 0.5, place >= 0.5
model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Dropout(0.1), nn.Linear(16, 3))
optimizer = torch.optim.LBFGS(model.parameters(), lr=0.05, max_iter=3)


def step(engine, batch):
    def closure():
        optimizer.zero_grad()
        loss = F.nll_loss(F.log_softmax(model(batch), dim=1)[training], y[training])
        loss.backward()
        return loss

    model.train()
    return optimizer.step(closure).item()


trainer = Engine(step)


@trainer.on(Events.EPOCH_COMPLETED)
def evaluate(engine):
    model.eval()
    with torch.no_grad():
        print((model(x)[testing].argmax(1) == y[testing]).float().mean().item())


trainer.run([x], max_epochs=12)
