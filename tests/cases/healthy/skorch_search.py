"""skorch in a grid search: a fresh network for each fold, a softmax whose log skorch takes.

traps: log-inside
"""

import numpy as np
import torch
from sklearn.model_selection import GridSearchCV
from skorch import NeuralNetClassifier
from torch import nn


class Network(nn.Module):
    def __init__(self, size=8):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(8, size), nn.ReLU(), nn.Dropout(0.1), nn.Linear(size, 3))

    def forward(self, x):
        return torch.softmax(self.net(x), dim=-1)


torch.manual_seed(65)
draw = np.random.RandomState(0)
X = draw.randn(180, 8).astype(np.float32)
y = X[:, :3].argmax(1).astype(np.int64)
net = NeuralNetClassifier(
    Network, max_epochs=3, lr=0.1, batch_size=16, train_split=False, verbose=0, iterator_train__shuffle=True,
    optimizer__momentum=0.9,
)  # fmt: skip
search = GridSearchCV(net, {"module__size": [8, 24]}, cv=2, scoring="accuracy")
search.fit(X[:140], y[:140])
print(search.score(X[140:], y[140:]))
