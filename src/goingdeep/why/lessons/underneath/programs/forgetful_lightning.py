"""Lightning with its clear overridden."""

import lightning
import torch
import training
from torch import nn


class Forgetful(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        self.network = training.network()

    def training_step(self, batch, batch_idx):
        images, labels = batch
        return nn.functional.cross_entropy(self.network(images), labels)

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=training.RATE)

    def optimizer_zero_grad(self, epoch, batch_idx, optimizer):
        """Overridden, and nothing is cleared."""


model = Forgetful()
trainer = lightning.Trainer(
    max_epochs=1,
    accelerator="cpu",
    devices=1,
    logger=False,
    enable_checkpointing=False,
    enable_progress_bar=False,
    enable_model_summary=False,
)
trainer.fit(model, training.loader())
training.report(model)
