"""skorch: the module ends in softmax and the criterion is CrossEntropyLoss.

rule:   double-softmax
line:   return self.softmax(self.output(x))
style:  skorch
source: Yard1/ray-skorch#18
"""

import numpy as np
import torch
from sklearn.datasets import make_classification
from skorch import NeuralNetClassifier
from torch import nn

torch.manual_seed(14)
X, y = make_classification(200, 20, n_informative=10, random_state=0)
X, y = X.astype(np.float32), y.astype(np.int64)


class MyModule(nn.Module):
    def __init__(self, num_units=10, nonlin=nn.ReLU()):
        super().__init__()
        self.dense0 = nn.Linear(20, num_units)
        self.nonlin = nonlin
        self.dropout = nn.Dropout(0.3)
        self.output = nn.Linear(num_units, 2)
        self.softmax = nn.Softmax(dim=-1)

    def forward(self, X):
        x = self.nonlin(self.dense0(X))
        x = self.dropout(x)
        return self.softmax(self.output(x))  # wrong
        # fixed: return self.output(x)


net = NeuralNetClassifier(
    MyModule,
    max_epochs=3,
    criterion=nn.CrossEntropyLoss,
    lr=0.1,
    batch_size=20,
    iterator_train__shuffle=True,
    verbose=0,
)
net.fit(X, y)
print(net.predict_proba(X[:2]))
