"""Lightning Fabric: the loop is one's own, its parts are wrapped."""

import torch
import training
from lightning.fabric import Fabric
from torch import nn

fabric = Fabric(accelerator="cpu", devices=1)
model = training.network()
optimizer = torch.optim.SGD(model.parameters(), lr=training.RATE)
model, optimizer = fabric.setup(model, optimizer)
loss_fn = nn.CrossEntropyLoss()
model.train()
for images, labels in fabric.setup_dataloaders(training.loader()):
    loss = loss_fn(model(images), labels)
    fabric.backward(loss)
    optimizer.step()
    optimizer.zero_grad()
training.report(model)
