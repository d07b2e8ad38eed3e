"""skorch's NeuralNetClassifier on numpy arrays: it holds out a fifth and keeps its own history."""

import random

import numpy as np
import torch
from skorch import NeuralNetClassifier
from skorch.callbacks import Callback
from torch import nn

torch.manual_seed(45)
random.seed(45)
np.random.seed(45)
steps, losses, passes, trained, evaluated = 0, [], [], [], []


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden, self.dropout, self.out = nn.Linear(6, 8), nn.Dropout(0.1), nn.Linear(8, 3)

    def forward(self, x):
        return torch.softmax(self.out(self.dropout(torch.relu(self.hidden(x)))), dim=-1)


class Count(Callback):
    def on_batch_end(self, net, batch=None, training=False, **settings):
        global steps
        (trained if training else evaluated).append(net.module_.training)
        steps += training


draw = np.random.RandomState(0)
X, y = draw.randn(50, 6).astype(np.float32), draw.randint(0, 3, 50).astype(np.int64)
net = NeuralNetClassifier(Network, max_epochs=2, lr=0.1, batch_size=8, verbose=0, callbacks=[Count])
net.fit(X, y)  # batch, forward, loss, backward, step, clear, mode
model = net.module_
losses = [
    batch["train_loss"]
    for epoch in net.history
    for batch in epoch["batches"]
    if "train_loss" in batch
]
for epoch in net.history:
    tested = [batch["valid_loss"] for batch in epoch["batches"] if "valid_loss" in batch]
    passes += [("training", 5), ("evaluation", len(tested), sum(tested) / len(tested))]
chances = net.predict_proba(X[:10])  # batch, forward
passes.append(("evaluation", 2))
del epoch  # says how long it took
evaluated += [False] * 2
