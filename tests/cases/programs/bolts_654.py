"""Logistic regression as a module of Lightning: softmax in forward, cross-entropy in the step.

rule:   double-softmax
line:   y_hat = softmax(x, dim=-1)
style:  Lightning
source: Lightning-Universe/lightning-bolts#654
"""

import lightning
import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.functional import softmax
from torch.utils.data import DataLoader, TensorDataset


class LogisticRegression(lightning.LightningModule):
    def __init__(self, input_dim, num_classes, learning_rate=0.05):
        super().__init__()
        self.learning_rate = learning_rate
        self.linear = nn.Linear(input_dim, num_classes)

    def forward(self, x):
        x = self.linear(x)
        y_hat = softmax(x, dim=-1)  # wrong
        # fixed: y_hat = x
        return y_hat

    def training_step(self, batch, batch_idx):
        x, y = batch
        x = x.view(x.size(0), -1)
        loss = F.cross_entropy(self(x), y, reduction="sum")
        return loss / x.size(0)

    def validation_step(self, batch, batch_idx):
        x, y = batch
        predictions = self(x.view(x.size(0), -1)).argmax(1)
        self.log("acc", (predictions == y).float().mean())

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=self.learning_rate)


lightning.seed_everything(1, verbose=False)
features = torch.randn(120, 4, 3)
species = features[:, :, 0].argmax(1)
train = DataLoader(TensorDataset(features[:90], species[:90]), batch_size=10, shuffle=True)
valid = DataLoader(TensorDataset(features[90:], species[90:]), batch_size=10)
trainer = lightning.Trainer(
    max_epochs=2, accelerator="cpu", devices=1, logger=False, enable_checkpointing=False,
    enable_progress_bar=False, enable_model_summary=False,
)  # fmt: skip
trainer.fit(LogisticRegression(12, 4), train, valid)
