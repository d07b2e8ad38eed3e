"""A GradScaler that works: it unscales, clips, and skips the steps whose gradients overflowed."""

import torch
from torch import nn
from torch.nn.utils import clip_grad_norm_
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(5)
steps, losses, passes, trained, evaluated = 0, [], [], [], []

data = torch.randn(40, 6)
data[13] = 1e18  # its loss fits into 32 bits, 65,536 times its gradient does not
loader = DataLoader(TensorDataset(data, torch.randn(40, 2)), batch_size=4)
model = nn.Sequential(nn.Linear(6, 9), nn.ReLU(), nn.Linear(9, 2))
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
scaler = torch.amp.GradScaler("cpu", init_scale=65536.0, growth_interval=1000)

skipped = []
for epoch in range(2):
    for i, (x, y) in enumerate(loader):  # batch
        optimizer.zero_grad()  # clear
        trained.append(model.training)
        loss = nn.functional.mse_loss(model(x), y)  # forward, loss
        scaler.scale(loss).backward()  # scale, backward
        scaler.unscale_(optimizer)  # unscale
        clip_grad_norm_(model.parameters(), 1.0)  # clip
        before = model[0].weight.detach().clone()
        scaler.step(optimizer)  # step, step-scaled
        scaler.update()  # update
        if torch.equal(before, model[0].weight):
            skipped.append((epoch, i))
        else:
            steps += 1
            losses.append(loss.item())
    passes.append(("training", 10))
