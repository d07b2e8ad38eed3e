"""The plain loop."""

import torch
import training
from torch import nn

model = training.network()
optimizer = torch.optim.SGD(model.parameters(), lr=training.RATE)
loss_fn = nn.CrossEntropyLoss()
model.train()
for images, labels in training.loader():
    loss = loss_fn(model(images), labels)
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
training.report(model)
