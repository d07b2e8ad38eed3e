"""The trainer counts epochs, and never tells its sampler.

rule:   same-order-every-epoch
line:   for batch in self.data_loader["train"]:
style:  trainer class over dictionaries of loaders, models and optimizers
source: kan-bayashi/ParallelWaveGAN#177
"""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from torch.utils.data.distributed import DistributedSampler


class Trainer:
    def __init__(self, steps, data_loader, sampler, model, optimizer, criterion, train_max_steps):
        self.steps, self.epochs = steps, 0
        self.data_loader, self.sampler = data_loader, sampler
        self.model, self.optimizer, self.criterion = model, optimizer, criterion
        self.train_max_steps = train_max_steps

    def run(self):
        while self.steps < self.train_max_steps:
            self._train_epoch()

    def _train_step(self, batch):
        x, y = batch
        loss = self.criterion["mse"](self.model["generator"](x), y)
        self.optimizer["generator"].zero_grad()
        loss.backward()
        self.optimizer["generator"].step()
        self.steps += 1

    def _train_epoch(self):
        # fixed: self.sampler["train"].set_epoch(self.epochs)
        for batch in self.data_loader["train"]:
            self._train_step(batch)
        self.epochs += 1


def main():
    torch.manual_seed(49)
    noise = torch.randn(120, 8)
    dataset = TensorDataset(noise, noise.cumsum(1))
    sampler = {"train": DistributedSampler(dataset, num_replicas=1, rank=0, shuffle=True)}
    data_loader = {
        "train": DataLoader(dataset, batch_size=10, sampler=sampler["train"]),
    }
    model = {"generator": nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 8))}
    optimizer = {"generator": torch.optim.RAdam(model["generator"].parameters(), lr=1e-3)}
    Trainer(0, data_loader, sampler, model, optimizer, {"mse": nn.MSELoss()}, 48).run()


if __name__ == "__main__":
    main()
