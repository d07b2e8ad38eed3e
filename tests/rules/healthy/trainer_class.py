"""A trainer class with hooks of its own, several param groups, warm restarts, a custom dataset."""

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset


class Numbers(Dataset):
    def __init__(self, count, seed):
        draw = torch.Generator().manual_seed(seed)
        self.x = torch.randn(count, 8, generator=draw)

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        return {"x": self.x[i], "y": self.x[i, :3].argmax()}


class Trainer:
    def __init__(self, model):
        self.model = model
        decay = [p for p in model.parameters() if p.ndim > 1]
        plain = [p for p in model.parameters() if p.ndim <= 1]
        self.optimizer = torch.optim.AdamW(
            [{"params": decay, "weight_decay": 0.1}, {"params": plain, "weight_decay": 0.0}],
            lr=1e-2,
        )
        self.scheduler = torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(self.optimizer, T_0=6)
        self.log = []

    def step(self, batch, *, train):
        with torch.set_grad_enabled(train):
            loss = nn.functional.cross_entropy(
                self.model(batch["x"]), batch["y"], label_smoothing=0.1
            )
        if train:
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            self.optimizer.step()
            self.scheduler.step()
        self.log.append(loss.item())

    def fit(self, train, val, epochs):
        for _ in range(epochs):
            self.model.train()
            for batch in train:
                self.step(batch, train=True)
            self.model.eval()
            for batch in val:
                self.step(batch, train=False)


torch.manual_seed(0)
model = nn.Sequential(
    nn.Linear(8, 16), nn.LayerNorm(16), nn.ReLU(), nn.Dropout(0.1), nn.Linear(16, 3)
)
Trainer(model).fit(DataLoader(Numbers(96, 1), 16, shuffle=True), DataLoader(Numbers(48, 2), 16), 3)
