"""A keyword spotter's executor steps, and nowhere clears.

rule:   grads-not-cleared
line:   loss.backward()
style:  an executor class, argparse
source: wenet-e2e/wekws#72
"""

import argparse

import torch
from torch import nn
from torch.nn.utils import clip_grad_norm_
from torch.utils.data import DataLoader, TensorDataset


class Executor:
    def __init__(self):
        self.step = 0

    def train(self, model, optimizer, data_loader, args):
        model.train()
        for feats, target in data_loader:
            logits = model(feats)
            loss = nn.functional.cross_entropy(logits, target)
            # fixed: optimizer.zero_grad()
            loss.backward()
            clip_grad_norm_(model.parameters(), args.grad_clip)
            optimizer.step()
            self.step += 1

    def cv(self, model, data_loader):
        model.eval()
        correct = 0
        with torch.no_grad():
            for feats, target in data_loader:
                correct += (model(feats).argmax(1) == target).sum().item()
        return correct / len(data_loader.dataset)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--grad-clip", type=float, default=5.0)
    parser.add_argument("--max-epoch", type=int, default=3)
    args = parser.parse_args([])
    torch.manual_seed(777)
    feats = torch.randn(192, 20)
    keyword = (feats[:, :5].sum(1) > 0).long()
    train = DataLoader(TensorDataset(feats[:128], keyword[:128]), batch_size=16, shuffle=True)
    cv = DataLoader(TensorDataset(feats[128:], keyword[128:]), batch_size=16)
    model = nn.Sequential(nn.Linear(20, 32), nn.ReLU(), nn.Dropout(0.1), nn.Linear(32, 2))
    optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)
    executor = Executor()
    for epoch in range(args.max_epoch):
        executor.train(model, optimizer, train, args)
        print(epoch, executor.cv(model, cv))


if __name__ == "__main__":
    main()
