"""A wrapper of one's own puts new Parameters in place of the model's, after the optimizer is made.

rule:   stale-optimizer
line:   optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
style:  Fabric
source: huggingface/accelerate#3256
"""

import torch
from lightning.fabric import Fabric, seed_everything
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def materialize(module, dtype):
    """Make the parameters anew, as a sharding wrapper does."""
    for child in module.modules():
        for name, parameter in list(child.named_parameters(recurse=False)):
            setattr(child, name, nn.Parameter(parameter.detach().to(dtype).clone()))
    return module


seed_everything(31, verbose=False)
fabric = Fabric(accelerator="cpu", devices=1)
tokens = torch.randn(128, 16)
label = (tokens[:, 0] * tokens[:, 1] > 0).long()
loader = fabric.setup_dataloaders(
    DataLoader(TensorDataset(tokens, label), batch_size=16, shuffle=True)
)
model = nn.Sequential(nn.Linear(16, 32), nn.GELU(), nn.Linear(32, 2))
# fixed: model = materialize(model, torch.float32)
optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
model = materialize(model, torch.float32)  # wrong
model, optimizer = fabric.setup(model, optimizer)

for epoch in range(3):
    model.train()
    for batch, target in loader:
        model.zero_grad()
        loss = nn.functional.cross_entropy(model(batch), target)
        fabric.backward(loss)
        optimizer.step()
    fabric.print(epoch, loss.item())
