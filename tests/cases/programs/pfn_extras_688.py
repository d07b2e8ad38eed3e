"""An evaluator that runs between two training iterations does not give the mode back.

rule:   train-in-eval-mode
line:   loss = F.cross_entropy(model(x), y)
style:  Ignite, with a training step of one's own
source: pfnet/pytorch-pfn-extras#688
"""

import torch
import torch.nn.functional as F
from ignite.engine import Engine, Events, create_supervised_evaluator
from ignite.metrics import Accuracy
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(10)
x_all = torch.randn(150, 8)
y_all = x_all[:, :3].argmax(1)
train_loader = DataLoader(TensorDataset(x_all[:110], y_all[:110]), batch_size=10, shuffle=True)
valid_loader = DataLoader(TensorDataset(x_all[110:], y_all[110:]), batch_size=10)
model = nn.Sequential(nn.Linear(8, 24), nn.ReLU(), nn.Dropout(0.3), nn.Linear(24, 3))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)


def training_step(engine, batch):
    # fixed: model.train()
    x, y = batch
    optimizer.zero_grad()
    loss = F.cross_entropy(model(x), y)
    loss.backward()
    optimizer.step()
    return loss.item()


trainer = Engine(training_step)
evaluator = create_supervised_evaluator(model, metrics={"accuracy": Accuracy()})


@trainer.on(Events.EPOCH_STARTED)
def switch(engine):
    model.train()


@trainer.on(Events.ITERATION_COMPLETED(every=4))
def evaluate(engine):
    evaluator.run(valid_loader)
    print(engine.state.iteration, evaluator.state.metrics)


trainer.run(train_loader, max_epochs=3)
