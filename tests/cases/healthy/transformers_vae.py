"""The Trainer with a model of one's own: sigmoid, a summed binary cross-entropy, a loss of its own.

traps: bce-summed
"""

import tempfile

import torch
import torch.nn.functional as F
from torch import nn
from transformers import PrinterCallback, Trainer, TrainingArguments, set_seed


class VAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.encode, self.decode = nn.Linear(36, 8), nn.Linear(4, 36)

    def forward(self, pixels):
        mean, log_var = self.encode(pixels).chunk(2, dim=1)
        code = mean + torch.randn_like(mean) * (0.5 * log_var).exp()
        made = torch.sigmoid(self.decode(code))
        far = -0.5 * torch.sum(1 + log_var - mean.pow(2) - log_var.exp())
        return {"loss": F.binary_cross_entropy(made, pixels, reduction="sum") + far, "made": made}


set_seed(33)
images = (torch.rand(128, 36) < torch.rand(36)).float()
with tempfile.TemporaryDirectory() as folder:
    arguments = TrainingArguments(
        output_dir=folder, num_train_epochs=3, per_device_train_batch_size=16, learning_rate=1e-3,
        use_cpu=True, save_strategy="no", report_to="none", disable_tqdm=True, logging_strategy="no",
        dataloader_pin_memory=False, remove_unused_columns=False, max_grad_norm=0.0,
    )  # fmt: skip
    trainer = Trainer(
        model=VAE(), args=arguments, train_dataset=[{"pixels": row} for row in images]
    )
    trainer.remove_callback(PrinterCallback)
    trainer.train()
