"""Plain tensors and slices, without any loader, and without modules of PyTorch's loss."""

import torch
from torch import nn

torch.manual_seed(30)
steps, losses, passes, trained, evaluated = 0, [], [], [], []

x, y = torch.randn(48, 4), torch.randint(0, 3, (48,))
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)

for epoch in range(2):
    order = torch.randperm(40)
    for start in range(0, 40, 10):
        chosen = order[start : start + 10]
        trained.append(model.training)
        logits = model(x[chosen])  # forward
        chances = logits.log_softmax(1)
        loss = -chances[torch.arange(10), y[chosen]].mean()
        optimizer.zero_grad()  # clear
        loss.backward()  # backward
        optimizer.step()  # step
        losses.append(loss.item())
        steps += 1
    model.eval()  # mode
    with torch.no_grad():
        evaluated.append(model.training)
        right = (model(x[40:]).argmax(1) == y[40:]).float().mean().item()
    model.train()  # mode
    print(f"epoch {epoch}: {right:.3f}")
