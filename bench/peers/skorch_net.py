"""What the two skorch peers share: the net, fitted with a test pass after each epoch."""

import time
from typing import Any

import torch
from skorch import NeuralNetClassifier
from skorch.helper import predefined_split
from work import BATCH, RATE, network, report


class Timed(NeuralNetClassifier):
    """skorch's own net; it only notes how long each training epoch took."""

    seconds: tuple[float, ...] = ()

    def run_single_epoch(self, iterator: Any, training: bool, *args: Any, **kwargs: Any) -> None:
        start = time.perf_counter()
        super().run_single_epoch(iterator, training, *args, **kwargs)
        if training:
            self.seconds = (*self.seconds, time.perf_counter() - start)


def fit(epochs: int, training: Any, labels: Any, test: Any) -> None:
    net = Timed(
        network(),
        criterion=torch.nn.CrossEntropyLoss,
        optimizer=torch.optim.SGD,
        lr=RATE,
        batch_size=BATCH,
        max_epochs=epochs,
        iterator_train__shuffle=True,
        train_split=predefined_split(test),
        classes=list(range(10)),  # a data set does not tell them
        verbose=0,
    )
    net.fit(training, labels)
    torch.save(net.module_.state_dict(), "model.pth")
    report(net.seconds, net.history[:, "valid_acc"])
