"""BatchNorm is replaced by GroupNorm after the optimizer was made.

rule:   stale-optimizer
line:   optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
style:  a fix() that rewrites the model, script with main()
source: meta-pytorch/opacus#432
"""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def convnet(num_classes):
    return nn.Sequential(
        nn.Conv2d(1, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 16, 3), nn.BatchNorm2d(16),
        nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, num_classes),
    )  # fmt: skip


def fix(module):
    """Replace what looks at a whole batch."""
    for name, child in module.named_children():
        if isinstance(child, nn.BatchNorm2d):
            setattr(module, name, nn.GroupNorm(4, child.num_features))
        else:
            fix(child)
    return module


def main():
    torch.manual_seed(29)
    images = torch.rand(120, 1, 8, 8)
    labels = images.flatten(1)[:, :3].argmax(1)
    train_loader = DataLoader(TensorDataset(images, labels), batch_size=12, shuffle=True)
    model = convnet(3)
    # fixed: model = fix(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    model = fix(model)  # wrong
    criterion = nn.CrossEntropyLoss()
    for epoch in range(3):
        losses = []
        for image, label in train_loader:
            optimizer.zero_grad()
            loss = criterion(model(image), label)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        print(epoch, sum(losses) / len(losses))


if __name__ == "__main__":
    main()
