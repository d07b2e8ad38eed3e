"""House prices in Lightning: the output has a column, the target has none.

rule:   loss-shape-broadcast
line:   loss = self.loss(self(x), y)
style:  Lightning, with a data module
source: pytorch/pytorch#19699
"""

import lightning
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split


class Houses(lightning.LightningDataModule):
    def setup(self, stage):
        x = torch.randn(160, 7)
        prices = TensorDataset(x, x @ torch.arange(7.0))
        self.train, self.valid = random_split(prices, [120, 40])

    def train_dataloader(self):
        return DataLoader(self.train, batch_size=20, shuffle=True)

    def val_dataloader(self):
        return DataLoader(self.valid, batch_size=20)


class Regression(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(7, 14), nn.ReLU(), nn.Linear(14, 1))
        self.loss = nn.MSELoss()

    def forward(self, x):
        return self.net(x)

    def training_step(self, batch, batch_idx):
        x, y = batch
        # fixed: y = y.reshape(-1, 1)
        loss = self.loss(self(x), y)
        return loss

    def validation_step(self, batch, batch_idx):
        x, y = batch
        self.log("val_mae", (self(x)[:, 0] - y).abs().mean())

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=1e-2)


lightning.seed_everything(23, verbose=False)
trainer = lightning.Trainer(
    max_epochs=2, accelerator="cpu", devices=1, logger=False, enable_checkpointing=False,
    enable_progress_bar=False, enable_model_summary=False,
)  # fmt: skip
trainer.fit(Regression(), datamodule=Houses())
