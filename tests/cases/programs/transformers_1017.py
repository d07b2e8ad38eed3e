"""The scheduler steps before the optimizer, as a readme had it.

rule:   scheduler-before-optimizer
line:   scheduler.step()
style:  fine-tuning loop with warm-up and clipping
source: huggingface/transformers#1017
"""

import torch
from torch import nn
from torch.optim.lr_scheduler import LambdaLR
from torch.utils.data import DataLoader, TensorDataset

max_grad_norm, num_warmup_steps, num_total_steps = 1.0, 4, 24


def schedule(step):
    if step < num_warmup_steps:
        return (step + 1) / num_warmup_steps
    return (num_total_steps - step + 1) / (num_total_steps - num_warmup_steps + 1)


torch.manual_seed(59)
ids = torch.randint(0, 40, (96, 8))
train_data = DataLoader(TensorDataset(ids, (ids[:, 0] > 20).long()), batch_size=8, shuffle=True)
model = nn.Sequential(nn.EmbeddingBag(40, 16), nn.Linear(16, 2))
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
scheduler = LambdaLR(optimizer, schedule)

for epoch in range(2):
    for batch, labels in train_data:
        loss = nn.functional.cross_entropy(model(batch), labels)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), max_grad_norm)
        scheduler.step()  # wrong
        optimizer.step()
        # fixed: scheduler.step()
        optimizer.zero_grad()
    print(epoch, loss.item())
