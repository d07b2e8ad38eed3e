"""Accelerate: its loader fetches one batch ahead, and it accumulates gradients over two batches."""

import torch
from accelerate import Accelerator
from accelerate.utils import set_seed
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

set_seed(43)
steps, losses, passes, trained, evaluated = 0, [], [], [], []

accelerator = Accelerator(cpu=True, gradient_accumulation_steps=2)
model = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Dropout(0.1), nn.Linear(8, 3))
optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=6)
train = DataLoader(
    TensorDataset(torch.randn(40, 6), torch.randint(0, 3, (40,))), batch_size=8, shuffle=True
)
valid = DataLoader(TensorDataset(torch.randn(12, 6), torch.randint(0, 3, (12,))), batch_size=4)
train, valid = accelerator.prepare(train, valid)
model, optimizer, scheduler = accelerator.prepare(model, optimizer, scheduler)  # load

group = []
for epoch in range(2):
    model.train()  # mode
    for x, y in train:  # batch
        with accelerator.accumulate(model):
            trained.append(model.training)
            loss = nn.functional.cross_entropy(model(x), y)  # forward, loss
            group.append(loss.item())
            accelerator.backward(loss)  # backward
            if accelerator.sync_gradients:
                accelerator.clip_grad_norm_(model.parameters(), 1.0)  # clip
            optimizer.step()  # step
            scheduler.step()  # schedule
            optimizer.zero_grad()  # clear
            if accelerator.sync_gradients:
                steps += 1
                losses.append(sum(group) / len(group))
                group = []
    passes.append(("training", 5))
    model.eval()  # mode
    with torch.no_grad():
        for x, y in valid:  # batch
            evaluated.append(model.training)
            predictions = accelerator.gather_for_metrics(model(x).argmax(1))  # forward
    passes.append(("evaluation", 3))
