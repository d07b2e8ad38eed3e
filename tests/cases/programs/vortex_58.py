"""The default trainer steps every scheduler after each batch, StepLR too.

rule:   scheduler-per-batch
line:   self.scheduler.step()
style:  base trainer with __call__, registry of schedulers
source: nodefluxio/vortex#58
"""

import torch
from torch import nn
from torch.optim import lr_scheduler
from torch.utils.data import DataLoader, TensorDataset

SCHEDULERS = {"StepLRScheduler": lr_scheduler.StepLR}


class DefaultTrainer:
    def __init__(self, config, model, criterion):
        self.config, self.model, self.criterion = config, model, criterion
        method, args = config["optimizer"]
        self.optimizer = getattr(torch.optim, method)(model.parameters(), **args)
        method, args = config["scheduler"]
        self.scheduler = SCHEDULERS[method](self.optimizer, **args)

    def __call__(self, dataloader, epoch):
        epoch_loss = 0.0
        for inputs, targets in dataloader:
            preds = self.model(inputs)
            batch_loss = self.criterion(preds, targets)
            batch_loss.backward()
            self.optimizer.step()
            self.scheduler.step()  # wrong
            self.optimizer.zero_grad()
            epoch_loss += batch_loss.item()
        # fixed: self.scheduler.step()
        return epoch_loss / len(dataloader)


torch.manual_seed(57)
x = torch.randn(200, 12)
loader = DataLoader(TensorDataset(x, x[:, :5].argmax(1)), batch_size=10, shuffle=True)
config = {
    "optimizer": ("SGD", {"lr": 0.1, "momentum": 0.9}),
    "scheduler": ("StepLRScheduler", {"step_size": 3, "gamma": 0.1}),
}
model = nn.Sequential(nn.Linear(12, 24), nn.ReLU(), nn.Linear(24, 5))
trainer = DefaultTrainer(config, model, nn.CrossEntropyLoss())
for epoch in range(8):
    print(epoch, trainer(loader, epoch))
