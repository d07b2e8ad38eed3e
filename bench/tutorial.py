"""The PyTorch quickstart on Fashion-MNIST, done as the tutorial does it: the yardstick.

Source: https://docs.pytorch.org/tutorials/beginner/basics/quickstart_tutorial.html (our own words).
"""

import argparse
import json
import time

import torch
from torch import nn
from torch.utils.data import DataLoader
from torchvision import datasets
from torchvision.transforms import ToTensor


class NeuralNetwork(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.flatten = nn.Flatten()
        self.linear_relu_stack = nn.Sequential(
            nn.Linear(28 * 28, 512),
            nn.ReLU(),
            nn.Linear(512, 512),
            nn.ReLU(),
            nn.Linear(512, 10),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.linear_relu_stack(self.flatten(x))


def train(loader, model, loss_fn, optimizer, device) -> None:
    size = len(loader.dataset)
    model.train()
    for batch, (images, labels) in enumerate(loader):
        images, labels = images.to(device), labels.to(device)  # noqa: PLW2901
        loss = loss_fn(model(images), labels)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        if batch % 100 == 0:
            seen = (batch + 1) * len(images)
            print(f"loss: {loss.item():>7f}  [{seen:>5d}/{size:>5d}]")


def test(loader, model, loss_fn, device) -> float:
    model.eval()
    loss, correct = 0.0, 0.0
    with torch.no_grad():
        for images, labels in loader:
            images, labels = images.to(device), labels.to(device)  # noqa: PLW2901
            logits = model(images)
            loss += loss_fn(logits, labels).item()
            correct += (logits.argmax(1) == labels).type(torch.float).sum().item()
    accuracy = correct / len(loader.dataset)
    print(f"Test: accuracy {100 * accuracy:>0.1f} %, average loss {loss / len(loader):>8f}\n")
    return accuracy


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("data", help="torchvision's root, holding FashionMNIST/raw")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.manual_seed(args.seed)

    training_data = datasets.FashionMNIST(args.data, train=True, transform=ToTensor())
    test_data = datasets.FashionMNIST(args.data, train=False, transform=ToTensor())
    train_loader = DataLoader(training_data, batch_size=64)
    test_loader = DataLoader(test_data, batch_size=64)

    accelerator = torch.accelerator.current_accelerator()
    device = accelerator.type if accelerator and torch.accelerator.is_available() else "cpu"
    model = NeuralNetwork().to(device)
    loss_fn = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)

    epoch_seconds, accuracy = [], []
    for epoch in range(args.epochs):
        print(f"Epoch {epoch + 1}\n-------------------------------")
        start = time.perf_counter()
        train(train_loader, model, loss_fn, optimizer, device)
        epoch_seconds.append(time.perf_counter() - start)
        accuracy.append(test(test_loader, model, loss_fn, device))
    torch.save(model.state_dict(), "model.pth")
    threads = torch.get_num_threads()
    print(json.dumps({"epoch_seconds": epoch_seconds, "accuracy": accuracy, "threads": threads}))


if __name__ == "__main__":
    main()
