"""LBFGS calls a closure several times in one step."""

import torch
from torch import nn, optim

torch.manual_seed(6)
steps, losses, passes, trained, evaluated = 0, [], [], [], []

x = torch.linspace(-1, 1, 30).unsqueeze(1)
y = torch.sin(3 * x)
model = nn.Sequential(nn.Linear(1, 8), nn.Tanh(), nn.Linear(8, 1))
criterion = nn.MSELoss()
optimizer = optim.LBFGS(model.parameters(), lr=0.5, max_iter=5)

for i in range(6):
    called = []

    def closure():
        optimizer.zero_grad()  # clear
        trained.append(model.training)
        loss = criterion(model(x), y)  # forward, loss
        called.append(loss.item())
        loss.backward()  # backward
        return loss

    optimizer.step(closure)  # step
    steps += 1
    losses.append(called[0])
    with torch.no_grad():
        evaluated.append(model.training)
        test = criterion(model(x), y).item()
    print(f"{i}: {test:.6f} after {len(called)} evaluations")
