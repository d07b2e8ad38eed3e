"""The network of an activity recogniser ends in softmax, and its loss is cross-entropy.

rule:   double-softmax
line:   out = F.softmax(out, dim=1)
style:  argparse, model in a class, training in a function
source: jindongwang/Deep-learning-activity-recognition#10
"""

import argparse

import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from torch.utils.data import DataLoader, TensorDataset


class Network(nn.Module):
    def __init__(self):
        super(Network, self).__init__()
        self.conv1 = nn.Sequential(nn.Conv1d(9, 16, 5), nn.ReLU(), nn.MaxPool1d(2))
        self.fc1 = nn.Sequential(nn.Linear(16 * 14, 32), nn.ReLU())
        self.fc2 = nn.Linear(32, 6)

    def forward(self, x):
        out = self.conv1(x)
        out = self.fc1(out.reshape(out.shape[0], -1))
        out = self.fc2(out)
        out = F.softmax(out, dim=1)  # wrong
        return out


def train(model, optimizer, train_loader, args):
    criterion = nn.CrossEntropyLoss()
    for e in range(args.nepoch):
        model.train()
        correct = total_loss = 0
        for sample, target in train_loader:
            output = model(sample)
            loss = criterion(output, target)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total_loss += loss.item()
            correct += (output.argmax(1) == target).sum().item()
        print(f"Epoch: [{e + 1}/{args.nepoch}] loss {total_loss:.3f}, correct {correct}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--nepoch", type=int, default=2)
    parser.add_argument("--batchsize", type=int, default=16)
    args = parser.parse_args([])
    torch.manual_seed(10)
    signals = torch.randn(192, 9, 32)
    activity = signals.mean(2)[:, :6].argmax(1)
    loader = DataLoader(TensorDataset(signals, activity), args.batchsize, shuffle=True)
    model = Network()
    train(model, optim.SGD(model.parameters(), lr=0.01, momentum=0.9), loader, args)
