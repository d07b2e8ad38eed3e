"""Lightning: tied embeddings, and a cosine schedule made for a longer training.

traps: tied, cut-short
"""

import lightning
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class LM(lightning.LightningModule):
    def __init__(self, tokens=12, size=16):
        super().__init__()
        self.embed = nn.Embedding(tokens, size)
        self.rnn = nn.GRU(size, size, batch_first=True)
        self.drop = nn.Dropout(0.1)
        self.out = nn.Linear(size, tokens)
        self.out.weight = self.embed.weight

    def loss(self, batch):
        (ids,) = batch
        hidden, _ = self.rnn(self.embed(ids[:, :-1]))
        return nn.functional.cross_entropy(
            self.out(self.drop(hidden)).flatten(0, 1), ids[:, 1:].flatten()
        )

    def training_step(self, batch, batch_idx):
        return self.loss(batch)

    def validation_step(self, batch, batch_idx):
        self.log("val_loss", self.loss(batch))

    def test_step(self, batch, batch_idx):
        self.log("test_loss", self.loss(batch))

    def configure_optimizers(self):
        optimizer = torch.optim.AdamW(self.parameters(), lr=3e-3)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=5000)
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": schedule, "interval": "step"},
        }


lightning.seed_everything(3, verbose=False)
ids = (torch.arange(10) + torch.randint(0, 12, (160, 1)) * torch.randint(1, 4, (160, 1))) % 12
train, valid, test = (
    DataLoader(TensorDataset(part), batch_size=16, shuffle=shuffle)
    for part, shuffle in ((ids[:112], True), (ids[112:136], False), (ids[136:], False))
)
model = LM()
trainer = lightning.Trainer(
    max_steps=25, gradient_clip_val=0.5, accelerator="cpu", devices=1, logger=False,
    enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False,
)  # fmt: skip
trainer.fit(model, train, valid)
trainer.test(model, test, verbose=False)
