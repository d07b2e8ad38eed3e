"""A trainer with mixed precision clips the gradients while they carry the scale.

rule:   clip-before-unscale
line:   torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.config.grad_norm_clip)
style:  GPT trainer class, configuration dataclass, GradScaler
source: pytorch/examples#1196
"""

from dataclasses import dataclass

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


@dataclass
class TrainerConfig:
    max_epochs: int = 2
    batch_size: int = 16
    grad_norm_clip: float = 1.0
    use_amp: bool = True


class Trainer:
    def __init__(self, config, model, optimizer, train_dataset):
        self.config, self.model, self.optimizer = config, model, optimizer
        self.train_loader = DataLoader(train_dataset, config.batch_size, shuffle=True)
        self.scaler = torch.amp.GradScaler("cpu", enabled=config.use_amp)

    def _run_batch(self, source, targets, train=True):
        with torch.set_grad_enabled(train), torch.amp.autocast("cpu", dtype=torch.bfloat16):
            loss = nn.functional.cross_entropy(self.model(source).flatten(0, 1), targets.flatten())
        if train:
            self.optimizer.zero_grad(set_to_none=True)
            self.scaler.scale(loss).backward()
            # fixed: self.scaler.unscale_(self.optimizer)
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.config.grad_norm_clip)
            self.scaler.step(self.optimizer)
            self.scaler.update()
        return loss.item()

    def train(self):
        for epoch in range(self.config.max_epochs):
            self.model.train()
            for it, (source, targets) in enumerate(self.train_loader):
                loss = self._run_batch(source, targets)
            print(epoch, it, loss)


torch.manual_seed(66)
text = torch.randint(0, 24, (192, 9))
model = nn.Sequential(nn.Embedding(24, 16), nn.Linear(16, 24))
optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, betas=(0.9, 0.95))
Trainer(TrainerConfig(), model, optimizer, TensorDataset(text[:, :-1], text[:, 1:])).train()
