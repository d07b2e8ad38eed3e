"""Lightning, manual optimization: two optimizers, each network's loss dirties the other's gradients.

traps: two-optimizers
"""

import lightning
import torch
from torch import nn
from torch.utils.data import DataLoader


class GAN(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        self.automatic_optimization = False
        self.G = nn.Sequential(nn.Linear(4, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 6))
        self.D = nn.Sequential(nn.Linear(6, 16), nn.LeakyReLU(0.2), nn.Linear(16, 1))

    def configure_optimizers(self):
        return [
            torch.optim.Adam(net.parameters(), lr=2e-3, betas=(0.5, 0.999))
            for net in (self.G, self.D)
        ]

    def judged(self, samples, real):
        scores = self.D(samples)
        wanted = torch.full_like(scores, float(real))
        return nn.functional.binary_cross_entropy_with_logits(scores, wanted)

    def training_step(self, batch, batch_idx):
        g_opt, d_opt = self.optimizers()
        fake = self.G(torch.randn(len(batch), 4))
        d_opt.zero_grad()
        self.manual_backward(self.judged(batch, real=True))
        self.manual_backward(self.judged(fake.detach(), real=False))
        d_opt.step()
        g_opt.zero_grad()
        self.manual_backward(self.judged(fake, real=True))
        g_opt.step()


lightning.seed_everything(1, verbose=False)
trainer = lightning.Trainer(
    max_epochs=3, accelerator="cpu", devices=1, logger=False, enable_checkpointing=False,
    enable_progress_bar=False, enable_model_summary=False,
)  # fmt: skip
trainer.fit(GAN(), DataLoader(torch.randn(128, 6) + 2, batch_size=16, shuffle=True))
