"""The script under watch: a loop as a plain PyTorch user writes it, with a clock around each epoch.

Everything stands at the top level, for traincheck looks for the model there.
"""

import time

import subject
import torch
from torch import nn

args = subject.parse(subject.parser())
train_loader, test_loader = subject.loaders(args)
model = subject.network(args.model)
loss_fn = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=subject.RATE)

epoch_seconds, accuracy = [], []
for _ in range(args.epochs):
    model.train()
    start = time.perf_counter()
    for images, labels in train_loader:
        loss = loss_fn(model(images), labels)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    epoch_seconds.append(time.perf_counter() - start)
    model.eval()
    correct = 0
    with torch.no_grad():
        for images, labels in test_loader:
            correct += int((model(images).argmax(1) == labels).sum())
    accuracy.append(correct / len(test_loader.dataset))
steps = args.epochs * len(train_loader)
subject.report(epoch_seconds=epoch_seconds, accuracy=accuracy, steps=steps)
