"""The scheduler's step was moved into the loop over the batches.

rule:   scheduler-per-batch
line:   scheduler.step()
style:  settings in a dictionary, scheduler chosen by name
source: ivadomed/ivadomed#55
"""

import torch
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset

context = {
    "num_epochs": 6,
    "initial_lr": 0.05,
    "lr_scheduler": {"name": "ExponentialLR", "gamma": 0.8},
}


def cmd_train(context):
    torch.manual_seed(56)
    slices = torch.randn(120, 1, 8, 8)
    gt = (slices.abs() > 1).float()
    train_loader = DataLoader(TensorDataset(slices, gt), batch_size=6, shuffle=True)
    model = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.LeakyReLU(), nn.Conv2d(8, 1, 1))
    optimizer = optim.SGD(model.parameters(), lr=context["initial_lr"])
    settings = dict(context["lr_scheduler"])
    scheduler = getattr(optim.lr_scheduler, settings.pop("name"))(optimizer, **settings)

    for epoch in range(1, context["num_epochs"] + 1):
        model.train()
        train_loss_total = 0.0
        for batch, target in train_loader:
            loss = nn.functional.binary_cross_entropy_with_logits(model(batch), target)
            train_loss_total += loss.item()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            scheduler.step()  # wrong
        # fixed: scheduler.step()
        print(f"epoch {epoch}: {train_loss_total / len(train_loader):.4f}")


cmd_train(context)
