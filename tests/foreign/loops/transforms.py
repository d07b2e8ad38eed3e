"""torch.func inside a loop: per-sample gradients by vmap of grad, and a functional call."""

import torch
from torch import nn
from torch.func import functional_call, grad, vmap

torch.manual_seed(33)
steps, losses, passes, trained, evaluated = 0, [], [], [], []

x, y = torch.randn(8, 5), torch.randint(0, 3, (8,))
model = nn.Sequential(nn.Linear(5, 6), nn.Tanh(), nn.Linear(6, 3))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)


def loss_of(parameters, sample, target):
    logits = functional_call(model, parameters, (sample.unsqueeze(0),))
    return nn.functional.cross_entropy(logits, target.unsqueeze(0))


norms = []
for _ in range(5):
    frozen = {name: p.detach() for name, p in model.named_parameters()}
    per_sample = vmap(grad(loss_of), in_dims=(None, 0, 0))(frozen, x, y)
    norms.append(per_sample["0.weight"].flatten(1).norm(dim=1).max().item())
    trained.append(model.training)
    loss = nn.functional.cross_entropy(model(x), y)  # forward, loss
    optimizer.zero_grad()  # clear
    loss.backward()  # backward
    optimizer.step()  # step
    losses.append(loss.item())
    steps += 1
