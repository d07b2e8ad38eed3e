"""Lightning: a frozen backbone that a callback unfreezes, batches accumulated, validation before.

traps: frozen, accumulation, evaluated-first
"""

import lightning
import torch
from lightning.pytorch.callbacks import BackboneFinetuning
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class Classifier(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        self.backbone = nn.Sequential(
            nn.Linear(8, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Dropout(0.2), nn.Linear(32, 16)
        )
        self.head = nn.Linear(16, 3)

    def forward(self, x):
        return self.head(torch.relu(self.backbone(x)))

    def training_step(self, batch, batch_idx):
        x, y = batch
        return nn.functional.cross_entropy(self(x), y)

    def validation_step(self, batch, batch_idx):
        x, y = batch
        self.log("val_acc", (self(x).argmax(1) == y).float().mean())

    def configure_optimizers(self):
        # BackboneFinetuning adds the backbone's parameters when it unfreezes them.
        return torch.optim.Adam((p for p in self.parameters() if p.requires_grad), lr=1e-2)


lightning.seed_everything(2, verbose=False)
x = torch.randn(224, 8)
y = x[:, :3].argmax(1)
train = DataLoader(TensorDataset(x[:160], y[:160]), batch_size=16, shuffle=True)
valid = DataLoader(TensorDataset(x[160:], y[160:]), batch_size=32)
model = Classifier()
trainer = lightning.Trainer(
    max_epochs=4, accumulate_grad_batches=2, accelerator="cpu", devices=1, logger=False,
    enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False,
    callbacks=[BackboneFinetuning(unfreeze_backbone_at_epoch=2, lambda_func=lambda epoch: 1.0)],
)  # fmt: skip
trainer.validate(model, valid, verbose=False)
trainer.fit(model, train, valid)
