"""skorch: a net that is fitted."""

import torch
import training
from skorch import NeuralNet
from torch import nn

net = NeuralNet(
    training.network(),
    nn.CrossEntropyLoss,
    optimizer=torch.optim.SGD,
    lr=training.RATE,
    batch_size=training.BATCH,
    max_epochs=1,
    train_split=None,
    verbose=0,
    iterator_train__shuffle=False,
)
net.fit(training.data(), y=None)
training.report(net.module_)
