"""Learning to learn: inner steps by torch.autograd.grad, the outer one by an optimizer."""

import torch
from torch import nn
from torch.func import functional_call
from torch.nn import functional as F

torch.manual_seed(14)
steps, losses, passes, trained, evaluated = 0, [], [], [], []

model = nn.Sequential(nn.Linear(1, 10), nn.ReLU(), nn.Linear(10, 1))
outer = torch.optim.Adam(model.parameters(), lr=1e-2)

for iteration in range(6):
    outer.zero_grad()  # clear
    total = 0.0
    for task in range(2):
        phase = torch.rand(())
        x, held = torch.rand(5, 1), torch.rand(5, 1)
        weights = dict(model.named_parameters())
        for _ in range(2):
            trained.append(model.training)
            guess = functional_call(model, weights, (x,))  # forward
            inner = F.mse_loss(guess, torch.sin(x + phase))  # loss
            gradients = torch.autograd.grad(inner, weights.values(), create_graph=True)  # grad
            weights = {n: w - 0.1 * g for (n, w), g in zip(weights.items(), gradients, strict=True)}
        trained.append(model.training)
        guess = functional_call(model, weights, (held,))  # forward
        total = total + F.mse_loss(guess, torch.sin(held + phase))  # loss
    total.backward()  # backward
    outer.step()  # step
    losses.append(total.item())
    steps += 1
