"""Lightning Fabric: the loop is one's own, the wrappers are Fabric's."""

import torch
from lightning.fabric import Fabric, seed_everything
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

seed_everything(42, verbose=False)
steps, losses, passes, trained, evaluated = 0, [], [], [], []

fabric = Fabric(accelerator="cpu", devices=1)
model = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 3))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
model, optimizer = fabric.setup(model, optimizer)
loader = DataLoader(
    TensorDataset(torch.randn(40, 6), torch.randint(0, 3, (40,))), batch_size=8, shuffle=True
)
loader = fabric.setup_dataloaders(loader)

for epoch in range(2):
    model.train()  # mode
    for x, y in loader:  # batch
        optimizer.zero_grad()  # clear
        trained.append(model.training)
        loss = nn.functional.cross_entropy(model(x), y)  # forward, loss
        fabric.backward(loss)  # backward
        fabric.clip_gradients(model, optimizer, max_norm=1.0)  # clip
        optimizer.step()  # step
        losses.append(loss.item())
        steps += 1
    passes.append(("training", 5))
    model.eval()  # mode
    with torch.no_grad():
        for x, y in loader:  # batch
            evaluated.append(model.training)
            model(x)  # forward
    passes.append(("evaluation", 5))
