"""skorch does not shuffle by itself, and the arrays are sorted by class.

rule:   unshuffled-train
line:   net.fit(X, y)
style:  skorch, arrays
source: skorch-dev/skorch#419
"""

import numpy as np
import torch
from skorch import NeuralNetClassifier
from torch import nn

torch.manual_seed(47)
draw = np.random.RandomState(0)
y = np.repeat(np.arange(6), 40).astype(np.int64)
X = draw.randn(240, 8).astype(np.float32) + np.eye(6, 8, dtype=np.float32)[y] * 2

net = NeuralNetClassifier(
    nn.Sequential(nn.Linear(8, 24), nn.ReLU(), nn.Linear(24, 6)),
    criterion=nn.CrossEntropyLoss,
    max_epochs=3,
    lr=0.1,
    batch_size=16,
    # fixed: iterator_train__shuffle=True,
    verbose=0,
)
net.fit(X, y)
print((net.predict(X) == y).mean())
