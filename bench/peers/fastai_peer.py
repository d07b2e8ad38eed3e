"""fastai, without its bar. Source: https://docs.fast.ai/examples/migrating_pytorch.html.

PyTorch's loaders inside fastai's `DataLoaders`, as on that page.
"""

import time

import torch
from fastai.vision.all import SGD, Callback, DataLoaders, Learner, accuracy
from torch.utils.data import DataLoader
from work import BATCH, RATE, arguments, datasets, network, report


class Timer(Callback):
    def __init__(self) -> None:
        self.seconds: list[float] = []

    def before_train(self) -> None:
        self.start = time.perf_counter()

    def after_train(self) -> None:
        self.seconds.append(time.perf_counter() - self.start)


if __name__ == "__main__":
    args = arguments()
    training, test = datasets(args.data)
    loaders = DataLoaders(
        DataLoader(training, batch_size=BATCH, shuffle=True), DataLoader(test, batch_size=BATCH)
    )
    timer = Timer()
    learner = Learner(
        loaders,
        network(),
        loss_func=torch.nn.CrossEntropyLoss(),
        opt_func=SGD,
        metrics=accuracy,
        cbs=timer,
    )
    with learner.no_bar(), learner.no_logging():
        learner.fit(args.epochs, lr=RATE)
    torch.save(learner.model.state_dict(), "model.pth")
    report(timer.seconds, [row[2] for row in learner.recorder.values])
