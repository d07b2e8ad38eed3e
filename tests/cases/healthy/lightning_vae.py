"""Lightning: sigmoid with a summed binary cross-entropy, and averaged weights at the end.

traps: bce-summed
"""

import lightning
import torch
import torch.nn.functional as F
from lightning.pytorch.callbacks import StochasticWeightAveraging
from torch import nn
from torch.utils.data import DataLoader


class VAE(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        self.encode, self.decode = nn.Linear(36, 8), nn.Linear(4, 36)

    def training_step(self, batch, batch_idx):
        mean, log_var = self.encode(batch).chunk(2, dim=1)
        code = mean + torch.randn_like(mean) * (0.5 * log_var).exp()
        made = torch.sigmoid(self.decode(code))
        rebuilt = F.binary_cross_entropy(made, batch, reduction="sum")
        return rebuilt - 0.5 * (1 + log_var - mean.pow(2) - log_var.exp()).sum()

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=1e-3)


lightning.seed_everything(6, verbose=False)
trainer = lightning.Trainer(
    max_epochs=5, accelerator="cpu", devices=1, logger=False, enable_checkpointing=False,
    enable_progress_bar=False, enable_model_summary=False,
    callbacks=[StochasticWeightAveraging(swa_lrs=1e-3)],
)  # fmt: skip
images = (torch.rand(128, 36) < torch.rand(36)).float()
trainer.fit(VAE(), DataLoader(images, batch_size=16, shuffle=True))
