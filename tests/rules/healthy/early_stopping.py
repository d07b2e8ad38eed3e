"""The best weights are copied, ReduceLROnPlateau on the validation loss, restored at the end."""

import copy

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split

torch.manual_seed(0)
x = torch.randn(240, 8)
data = TensorDataset(x, (x @ torch.randn(8, 1)) + 0.1 * torch.randn(240, 1))
train_set, val_set, test_set = random_split(data, [160, 40, 40])
train_loader = DataLoader(train_set, batch_size=16, shuffle=True)
val_loader, test_loader = DataLoader(val_set, batch_size=16), DataLoader(test_set, batch_size=16)
model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.BatchNorm1d(16), nn.Linear(16, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=1, factor=0.1)
loss_fn = nn.MSELoss()


@torch.no_grad()
def evaluate(loader):
    model.eval()
    return sum(loss_fn(model(i), t).item() * len(i) for i, t in loader) / len(loader.dataset)


best, best_state, bad = float("inf"), None, 0
for epoch in range(8):
    model.train()
    for inputs, targets in train_loader:
        optimizer.zero_grad()
        loss_fn(model(inputs), targets).backward()
        optimizer.step()
    value = evaluate(val_loader)
    scheduler.step(value)
    if value < best:
        best, best_state, bad = value, copy.deepcopy(model.state_dict()), 0
    else:
        bad += 1
        if bad > 2:
            break
model.load_state_dict(best_state)
print(evaluate(test_loader))
