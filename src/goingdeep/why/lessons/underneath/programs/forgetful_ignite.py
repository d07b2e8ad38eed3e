"""Ignite with an update function that never clears."""

import torch
import training
from ignite.engine import Engine
from torch import nn

model = training.network()
optimizer = torch.optim.SGD(model.parameters(), lr=training.RATE)
loss_fn = nn.CrossEntropyLoss()


def update(engine, batch):
    images, labels = batch
    loss = loss_fn(model(images), labels)
    loss.backward()
    optimizer.step()
    return loss.item()


Engine(update).run(training.loader(), max_epochs=1)
training.report(model)
