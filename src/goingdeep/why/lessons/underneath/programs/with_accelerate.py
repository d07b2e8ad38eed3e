"""Accelerate: the plain loop with its parts prepared."""

import torch
import training
from accelerate import Accelerator
from torch import nn

accelerator = Accelerator(cpu=True)
model = training.network()
optimizer = torch.optim.SGD(model.parameters(), lr=training.RATE)
model, optimizer, loader = accelerator.prepare(model, optimizer, training.loader())
loss_fn = nn.CrossEntropyLoss()
model.train()
for images, labels in loader:
    loss = loss_fn(model(images), labels)
    accelerator.backward(loss)
    optimizer.step()
    optimizer.zero_grad()
training.report(model)
