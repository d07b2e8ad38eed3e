"""Ignite: accumulated gradients, a frozen body, an evaluation at the start, a cosine schedule cut short.

traps: frozen, accumulation, evaluated-first, cut-short
"""

import torch
from ignite.engine import Events, create_supervised_evaluator, create_supervised_trainer
from ignite.handlers import EarlyStopping, LRScheduler
from ignite.metrics import Accuracy, Loss
from ignite.utils import manual_seed
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

manual_seed(42)
x = torch.randn(224, 8)
y = x[:, :3].argmax(1)
train = DataLoader(TensorDataset(x[:160], y[:160]), batch_size=10, shuffle=True)
valid = DataLoader(TensorDataset(x[160:], y[160:]), batch_size=32)
body = nn.Sequential(nn.Linear(8, 32), nn.Tanh(), nn.Dropout(0.1)).requires_grad_(False)
model = nn.Sequential(body, nn.Linear(32, 3))
optimizer = torch.optim.Adam(model[1].parameters(), lr=1e-2)
criterion = nn.CrossEntropyLoss()
trainer = create_supervised_trainer(model, optimizer, criterion, gradient_accumulation_steps=4)
metrics = {"accuracy": Accuracy(), "loss": Loss(criterion)}
evaluator = create_supervised_evaluator(model, metrics=metrics)
schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=300)
trainer.add_event_handler(Events.ITERATION_COMPLETED(every=4), LRScheduler(schedule))


@trainer.on(Events.STARTED | Events.EPOCH_COMPLETED)
def evaluate(engine):
    evaluator.run(valid)


stop = EarlyStopping(3, lambda engine: engine.state.metrics["accuracy"], trainer)
evaluator.add_event_handler(Events.COMPLETED, stop)
trainer.run(train, max_epochs=4)
