"""Autocast to bfloat16 on the CPU, with a GradScaler that is there but disabled."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(4)
steps, losses, passes, trained, evaluated = 0, [], [], [], []

loader = DataLoader(
    TensorDataset(torch.randn(30, 8), torch.randint(0, 3, (30,))), batch_size=6, shuffle=True
)
model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Dropout(0.2), nn.Linear(16, 3))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
scaler = torch.amp.GradScaler("cpu", enabled=False)
loss_fn = nn.CrossEntropyLoss()

for epoch in range(2):
    for x, y in loader:  # batch
        optimizer.zero_grad()  # clear
        trained.append(model.training)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            output = model(x)  # forward
            loss = loss_fn(output, y)  # loss
        scaler.scale(loss).backward()  # scale, backward
        scaler.step(optimizer)  # step
        scaler.update()  # update
        losses.append(loss.item())
        steps += 1
    passes.append(("training", 5))
