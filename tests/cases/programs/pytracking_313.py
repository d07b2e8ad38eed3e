"""An AverageMeter is fed with losses, not with numbers.

rule:   graph-retained
line:   self.stats[name].update(value, n)
style:  trainer with statistics by name
source: visionml/pytracking#313
"""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class AverageMeter:
    def __init__(self):
        self.val = self.avg = self.sum = 0
        self.count = 0

    def update(self, val, n=1):
        self.val = val
        self.sum = self.sum + val * n
        self.count += n
        self.avg = self.sum / self.count


class LTRTrainer:
    def __init__(self, actor, loaders, optimizer):
        self.actor, self.loaders, self.optimizer = actor, loaders, optimizer
        self.stats = {}

    def _update_stats(self, new_stats, n):
        for name, value in new_stats.items():
            self.stats.setdefault(name, AverageMeter())
            # fixed: value = value.item()
            self.stats[name].update(value, n)

    def cycle_dataset(self, loader):
        for search, box in loader:
            loss = nn.functional.smooth_l1_loss(self.actor(search), box)
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            self._update_stats({"Loss/total": loss}, len(search))

    def train_epoch(self):
        for loader in self.loaders:
            self.cycle_dataset(loader)
        print(float(self.stats["Loss/total"].avg))


torch.manual_seed(70)
search = torch.randn(800, 10)
loader = DataLoader(TensorDataset(search, search[:, :4]), batch_size=8, shuffle=True)
actor = nn.Sequential(nn.Linear(10, 16), nn.ReLU(), nn.Linear(16, 4))
LTRTrainer(actor, [loader], torch.optim.AdamW(actor.parameters(), lr=1e-3)).train_epoch()
