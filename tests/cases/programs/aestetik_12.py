"""A data module splits its data set, and trains on all of it.

rule:   train-eval-overlap
line:   return DataLoader(self.dataset, batch_size=15, shuffle=True) | return DataLoader(self.val_dataset, batch_size=15)
style:  Lightning data module, autoencoder
source: ratschlab/aestetik#12
"""

import lightning
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split


class AestetikData(lightning.LightningDataModule):
    def __init__(self, grids, validation_split=0.3):
        super().__init__()
        self.dataset = TensorDataset(grids)
        self.validation_split = validation_split

    def setup(self, stage):
        n = int(len(self.dataset) * self.validation_split)
        self.train_dataset, self.val_dataset = random_split(
            self.dataset, [len(self.dataset) - n, n], torch.Generator().manual_seed(0)
        )

    def train_dataloader(self):
        return DataLoader(self.dataset, batch_size=15, shuffle=True)  # wrong
        # fixed: return DataLoader(self.train_dataset, batch_size=15, shuffle=True)

    def val_dataloader(self):
        return DataLoader(self.val_dataset, batch_size=15)


class AutoEncoder(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Flatten(), nn.Linear(36, 8), nn.ReLU())
        self.decoder = nn.Sequential(nn.Linear(8, 36), nn.Unflatten(1, (6, 6)))

    def _loss(self, batch):
        (grid,) = batch
        return nn.functional.mse_loss(self.decoder(self.encoder(grid)), grid)

    def training_step(self, batch, batch_idx):
        return self._loss(batch)

    def validation_step(self, batch, batch_idx):
        self.log("val_loss", self._loss(batch))

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=1e-3)


lightning.seed_everything(40, verbose=False)
data = AestetikData(torch.randn(150, 6, 6))
trainer = lightning.Trainer(
    max_epochs=2, accelerator="cpu", devices=1, logger=False, enable_checkpointing=False,
    enable_progress_bar=False, enable_model_summary=False, num_sanity_val_steps=0,
)  # fmt: skip
trainer.fit(AutoEncoder(), datamodule=data)
