"""skorch: frozen layers, a cosine schedule cut short, predictions before training, the best kept.

traps: frozen, evaluated-first, cut-short
"""

import numpy as np
import torch
from skorch import NeuralNetClassifier
from skorch.callbacks import Checkpoint, EarlyStopping, Freezer, LRScheduler
from torch import nn

torch.manual_seed(62)
draw = np.random.RandomState(0)
X = draw.randn(240, 8).astype(np.float32)
y = X[:, :3].argmax(1).astype(np.int64)


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.body, self.head = nn.Linear(8, 32), nn.Linear(32, 3)
        self.drop = nn.Dropout(0.1)

    def forward(self, x):
        return self.head(self.drop(torch.relu(self.body(x))))


net = NeuralNetClassifier(
    Network, criterion=nn.CrossEntropyLoss, max_epochs=4, lr=0.1, batch_size=16, verbose=0,
    optimizer__momentum=0.9, iterator_train__shuffle=True,
    callbacks=[
        Freezer("body.*"),
        LRScheduler("CosineAnnealingLR", T_max=200),
        Checkpoint(dirname="skorch", load_best=True),
        EarlyStopping(patience=3),
    ],
)  # fmt: skip
net.initialize()
print(net.predict_proba(X[200:]).mean(0))
net.fit(X[:200], y[:200])
print((net.predict(X[200:]) == y[200:]).mean())
