"""A critic with a gradient penalty: torch.autograd.grad with create_graph, inside the loss."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(13)
steps, losses, passes, trained, evaluated = 0, [], [], [], []

loader = DataLoader(TensorDataset(torch.randn(30, 4)), batch_size=6, shuffle=True)
critic = nn.Sequential(nn.Linear(4, 8), nn.Softplus(), nn.Linear(8, 1))
optimizer = torch.optim.Adam(critic.parameters(), lr=1e-2)

for epoch in range(2):
    for (real,) in loader:  # batch
        fake = torch.randn_like(real)
        mixed = (0.5 * real + 0.5 * fake).requires_grad_()
        trained += [critic.training] * 3
        score = critic(mixed)  # forward
        (gradient,) = torch.autograd.grad(score.sum(), mixed, create_graph=True)  # grad
        penalty = ((gradient.norm(2, dim=1) - 1) ** 2).mean()
        real_score = critic(real).mean()  # forward
        fake_score = critic(fake).mean()  # forward
        loss = fake_score - real_score + 10 * penalty
        optimizer.zero_grad()  # clear
        loss.backward()  # backward
        optimizer.step()  # step
        losses.append(loss.item())
        steps += 1
    passes.append(("training", 5))
