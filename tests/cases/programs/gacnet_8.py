"""A point cloud classifier is tested with BatchNorm and Dropout as in training.

rule:   eval-in-train-mode
line:   for points, target in testDataLoader:
style:  script with tqdm-like loops and argparse defaults
source: yanx27/GACNet#8
"""

import argparse

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset


class Shapes(Dataset):
    def __init__(self, n, seed):
        g = torch.Generator().manual_seed(seed)
        self.points = torch.randn(n, 3, 24, generator=g)
        self.label = self.points.std(dim=2).argmax(1)

    def __len__(self):
        return len(self.label)

    def __getitem__(self, i):
        return self.points[i], self.label[i]


class Classifier(nn.Module):
    def __init__(self, num_class=3):
        super().__init__()
        self.conv1 = nn.Conv1d(3, 16, 1)
        self.bn1 = nn.BatchNorm1d(16)
        self.drop = nn.Dropout(0.4)
        self.fc = nn.Linear(16, num_class)

    def forward(self, xyz):
        x = F.relu(self.bn1(self.conv1(xyz))).max(dim=2)[0]
        return self.fc(self.drop(x))


parser = argparse.ArgumentParser("training")
parser.add_argument("--batch_size", type=int, default=16)
parser.add_argument("--epoch", type=int, default=3)
args = parser.parse_args([])

torch.manual_seed(2)
trainDataLoader = DataLoader(Shapes(160, 0), batch_size=args.batch_size, shuffle=True)
testDataLoader = DataLoader(Shapes(64, 1), batch_size=args.batch_size, shuffle=False)
classifier = Classifier()
optimizer = torch.optim.Adam(classifier.parameters(), lr=1e-3, weight_decay=1e-4)

for epoch in range(args.epoch):
    classifier.train()
    for points, target in trainDataLoader:
        optimizer.zero_grad()
        loss = F.cross_entropy(classifier(points), target)
        loss.backward()
        optimizer.step()

    correct = 0
    # fixed: classifier.eval()
    with torch.no_grad():
        for points, target in testDataLoader:
            correct += classifier(points).argmax(1).eq(target).sum().item()
    print("test accuracy", correct / len(testDataLoader.dataset))
