"""Ignite: an engine that runs an update function of its own."""

import torch
import training
from ignite.engine import create_supervised_trainer
from torch import nn

model = training.network()
optimizer = torch.optim.SGD(model.parameters(), lr=training.RATE)
trainer = create_supervised_trainer(model, optimizer, nn.CrossEntropyLoss())
trainer.run(training.loader(), max_epochs=1)
training.report(model)
