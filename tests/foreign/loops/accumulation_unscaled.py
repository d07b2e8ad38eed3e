"""Gradient accumulation where the losses are summed, and what is left at the end is thrown away."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(3)
steps, losses, passes, trained, evaluated = 0, [], [], [], []

loader = DataLoader(
    TensorDataset(torch.randn(28, 5), torch.randint(0, 2, (28, 1)).float()), batch_size=4
)
model = nn.Sequential(nn.Linear(5, 7), nn.GELU(), nn.Linear(7, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)

for epoch in range(3):
    group = []
    optimizer.zero_grad()  # clear
    for i, (x, y) in enumerate(loader):  # batch
        trained.append(model.training)
        logits = model(x)  # forward
        loss = nn.functional.binary_cross_entropy_with_logits(logits, y)  # loss
        loss.backward()  # backward
        group.append(loss.item())
        if i % 3 == 2:
            optimizer.step()  # step
            optimizer.zero_grad()  # clear
            steps += 1
            losses.append(sum(group) / len(group))
            group = []
    passes.append(("training", 7))
# The last batch of an epoch came to no step: its gradients were thrown away, and its loss with them.
# Its forward is seen on the way to the next step; after the last epoch there is none.
evaluated.append(trained.pop())
