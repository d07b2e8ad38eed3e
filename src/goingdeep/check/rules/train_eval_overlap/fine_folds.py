"""Cross-validation: what one fold is tested on, another is trained on, each with a new model."""

import torch
from torch import nn
from torch.utils.data import DataLoader, Subset, TensorDataset

torch.manual_seed(0)
x = torch.randn(120, 8)
dataset = TensorDataset(x, (x[:, 0] > 0).long())
folds = torch.randperm(120).chunk(3)

for k, held_out in enumerate(folds):
    train = torch.cat([fold for i, fold in enumerate(folds) if i != k])
    train_loader = DataLoader(Subset(dataset, train.tolist()), batch_size=20, shuffle=True)
    test_loader = DataLoader(Subset(dataset, held_out.tolist()), batch_size=20)
    model = nn.Linear(8, 2)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for epoch in range(2):
        for inputs, labels in train_loader:
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(inputs), labels).backward()
            optimizer.step()
    with torch.no_grad():
        hits = sum((model(i).argmax(1) == t).sum().item() for i, t in test_loader)
    print(f"fold {k}: {hits / 40:.2f}")
