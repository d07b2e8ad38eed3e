"""Ignite's supervised trainer and evaluator."""

import torch
from ignite.engine import Events, create_supervised_evaluator, create_supervised_trainer
from ignite.metrics import Accuracy
from ignite.utils import manual_seed
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

manual_seed(46)
steps, losses, passes, trained, evaluated = 0, [], [], [], []

train = DataLoader(
    TensorDataset(torch.randn(40, 6), torch.randint(0, 3, (40,))), batch_size=8, shuffle=True
)
valid = DataLoader(TensorDataset(torch.randn(12, 6), torch.randint(0, 3, (12,))), batch_size=4)
model = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Dropout(0.1), nn.Linear(8, 3))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
trainer = create_supervised_trainer(model, optimizer, nn.CrossEntropyLoss())
evaluator = create_supervised_evaluator(model, metrics={"accuracy": Accuracy()})


@trainer.on(Events.ITERATION_COMPLETED)
def count(engine):
    global steps
    steps += 1
    losses.append(engine.state.output)
    trained.append(model.training)


@evaluator.on(Events.ITERATION_COMPLETED)
def count_evaluated(engine):
    evaluated.append(model.training)


@trainer.on(Events.EPOCH_COMPLETED)
def evaluate(engine):
    passes.append(("training", 5))
    evaluator.run(valid)  # batch, forward, mode
    passes.append(("evaluation", 3))


trainer.run(train, max_epochs=2)  # batch, forward, loss, backward, step, clear, mode
