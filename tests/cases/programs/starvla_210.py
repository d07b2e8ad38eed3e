"""The schedule counts micro-batches, its length was given in updates: it ends half way.

rule:   scheduler-horizon-mismatch
line:   scheduler = LambdaLR(
style:  gradient accumulation, a linear schedule as a lambda
source: starVLA/starVLA#210
"""

import torch
from torch import nn
from torch.optim.lr_scheduler import LambdaLR
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(58)
ACCUMULATE, EPOCHS = 2, 3
states = torch.randn(240, 10)
actions = torch.tanh(states[:, :3])
loader = DataLoader(TensorDataset(states, actions), batch_size=8, shuffle=True)
updates = EPOCHS * len(loader) // ACCUMULATE
model = nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Linear(32, 3))
optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
scheduler = LambdaLR(
    optimizer,
    lambda step: max(0.0, 1 - step / updates),
)

micro_step = 0
for epoch in range(EPOCHS):
    for state, action in loader:
        loss = nn.functional.l1_loss(model(state), action) / ACCUMULATE
        loss.backward()
        micro_step += 1
        if micro_step % ACCUMULATE == 0:
            optimizer.step()
            optimizer.zero_grad()
            # fixed: scheduler.step()
        scheduler.step()  # wrong
    print(epoch, loss.item(), scheduler.get_last_lr())
