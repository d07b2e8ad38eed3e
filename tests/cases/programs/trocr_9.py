"""validate() during training never switches the model to evaluation.

rule:   eval-in-train-mode
line:   for inputs, labels in dataloader:
style:  Accelerate, a train() function that calls validate()
source: rsommerfeld/trocr#9
"""

import torch
from accelerate import Accelerator
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def validate(context, dataloader):
    correct = total = 0
    # fixed: context["model"].eval()
    with torch.no_grad():
        for inputs, labels in dataloader:
            predictions = context["model"](inputs).argmax(dim=-1)
            correct += (predictions == labels).sum().item()
            total += labels.numel()
    return correct / total


def train(context, train_epochs):
    model, optimizer, accelerator = context["model"], context["optimizer"], context["accelerator"]
    for epoch in range(train_epochs):
        model.train()
        for inputs, labels in context["train_dataloader"]:
            outputs = model(inputs)
            loss = nn.functional.cross_entropy(outputs, labels)
            accelerator.backward(loss)
            optimizer.step()
            optimizer.zero_grad()
        print(epoch, validate(context, context["val_dataloader"]))


def main():
    torch.manual_seed(6)
    accelerator = Accelerator(cpu=True)
    strokes = torch.randn(180, 18)
    letters = strokes[:, :6].argmax(1)
    model = nn.Sequential(
        nn.Linear(18, 32), nn.LayerNorm(32), nn.GELU(), nn.Dropout(0.1), nn.Linear(32, 6)
    )
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
    train_dataloader = DataLoader(TensorDataset(strokes[:128], letters[:128]), 16, shuffle=True)
    val_dataloader = DataLoader(TensorDataset(strokes[128:], letters[128:]), 16)
    names = ("model", "optimizer", "train_dataloader", "val_dataloader")
    prepared = accelerator.prepare(model, optimizer, train_dataloader, val_dataloader)
    context = dict(zip(names, prepared, strict=True), accelerator=accelerator)
    train(context, 3)


main()
