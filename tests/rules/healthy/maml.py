"""Meta-learning: inner steps by hand with a graph, and an outer step over some tasks."""

import torch
from torch import nn
from torch.func import functional_call

torch.manual_seed(0)
model = nn.Sequential(nn.Linear(1, 16), nn.ReLU(), nn.Linear(16, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
loss_fn = nn.MSELoss()
for step in range(10):
    outer = 0.0
    for _ in range(3):
        shift = torch.rand(1) * 3
        x, x2 = torch.rand(8, 1) * 6, torch.rand(8, 1) * 6
        params = dict(model.named_parameters())
        inner = loss_fn(functional_call(model, params, x), torch.sin(x + shift))
        grads = torch.autograd.grad(inner, tuple(params.values()), create_graph=True)
        fast = {n: p - 0.01 * g for (n, p), g in zip(params.items(), grads, strict=True)}
        outer = outer + loss_fn(functional_call(model, fast, x2), torch.sin(x2 + shift))
    optimizer.zero_grad()
    outer.backward()
    optimizer.step()
