"""float16 with autocast and a GradScaler; a sample whose gradients overflow makes it skip steps."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(5)
steps, losses, passes, trained, evaluated = 0, [], [], [], []

data = torch.randn(160, 16)
data[13] = 2e3
loader = DataLoader(TensorDataset(data, torch.randn(160, 2)), batch_size=4, pin_memory=True)
model = nn.Sequential(nn.Linear(16, 9), nn.ReLU(), nn.Linear(9, 2)).cuda()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
scaler = torch.amp.GradScaler("cuda", init_scale=65536.0, growth_interval=20)

skipped = []
for epoch in range(2):
    for i, (x, y) in enumerate(loader):  # batch
        x, y = x.cuda(non_blocking=True), y.cuda(non_blocking=True)
        trained.append(model.training)
        with torch.autocast("cuda", dtype=torch.float16):
            output = model(x)  # forward
            loss = nn.functional.mse_loss(output, y)  # loss
        scaler.scale(loss).backward()  # scale, backward
        scaler.unscale_(optimizer)  # unscale
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)  # clip
        before = model[0].weight.detach().clone()
        scaler.step(optimizer)  # step, step-scaled
        scaler.update()  # update
        if torch.equal(before, model[0].weight):
            skipped.append((epoch, i))
        else:
            steps += 1
            losses.append(loss.item())
        optimizer.zero_grad()  # clear
    passes.append(("training", 40))
