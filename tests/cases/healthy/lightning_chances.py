"""Lightning: the network ends in a softmax, the loss takes the logarithm; early stopping, the best kept.

traps: log-inside
"""

import tempfile

import lightning
import torch
from lightning.pytorch.callbacks import EarlyStopping, ModelCheckpoint
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class Classifier(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 3), nn.Softmax(dim=1))
        self.criterion = nn.NLLLoss()

    def forward(self, x):
        return self.net(x)

    def training_step(self, batch, batch_idx):
        x, y = batch
        return self.criterion(torch.log(self(x) + 1e-9), y)

    def validation_step(self, batch, batch_idx):
        x, y = batch
        self.log("val_loss", self.criterion(torch.log(self(x) + 1e-9), y))

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1, momentum=0.9)


lightning.seed_everything(7, verbose=False)
x = torch.randn(224, 8)
y = x[:, :3].argmax(1)
train = DataLoader(TensorDataset(x[:160], y[:160]), batch_size=16, shuffle=True)
valid = DataLoader(TensorDataset(x[160:], y[160:]), batch_size=32)
with tempfile.TemporaryDirectory() as folder:
    best = ModelCheckpoint(folder, monitor="val_loss")
    trainer = lightning.Trainer(
        max_epochs=4, accelerator="cpu", devices=1, logger=False, enable_progress_bar=False,
        enable_model_summary=False, callbacks=[best, EarlyStopping("val_loss", patience=2)],
    )  # fmt: skip
    trainer.fit(Classifier(), train, valid)
    trainer.validate(ckpt_path=best.best_model_path, dataloaders=valid, verbose=False)
