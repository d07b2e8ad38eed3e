"""A loss with a classifier of its own, under the Trainer of transformers: it takes the model's only.

rule:   params-not-in-optimizer
line:   trainer = PairTrainer(model=model, args=arguments, train_dataset=Pairs())
style:  Trainer of transformers
source: huggingface/sentence-transformers#2881
"""

import tempfile

import torch
from torch import nn
from transformers import PrinterCallback, Trainer, TrainingArguments, set_seed


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.EmbeddingBag(40, 12)
        self.dense = nn.Linear(12, 8)

    def forward(self, input_ids):
        return torch.tanh(self.dense(self.embed(input_ids)))


class SoftmaxLoss(nn.Module):
    def __init__(self, dimension, labels):
        super().__init__()
        self.classifier = nn.Linear(3 * dimension, labels)

    def forward(self, u, v, labels):
        logits = self.classifier(torch.cat([u, v, (u - v).abs()], dim=1))
        return nn.functional.cross_entropy(logits, labels)


class PairTrainer(Trainer):
    def compute_loss(self, model, inputs, return_outputs=False, **settings):
        u, v = model(inputs["first"]), model(inputs["second"])
        loss = loss_function(u, v, inputs["labels"])
        return (loss, u) if return_outputs else loss


class Pairs(torch.utils.data.Dataset):
    def __init__(self):
        self.ids = torch.randint(0, 40, (96, 2, 6))
        self.labels = (self.ids.sum(2)[:, 0] > self.ids.sum(2)[:, 1]).long()

    def __len__(self):
        return 96

    def __getitem__(self, i):
        return {"first": self.ids[i, 0], "second": self.ids[i, 1], "labels": self.labels[i]}


set_seed(28)
model, loss_function = Encoder(), SoftmaxLoss(8, 2)
# fixed: both = [*model.parameters(), *loss_function.parameters()]
# fixed: optimizer = torch.optim.AdamW(both, lr=1e-2)
with tempfile.TemporaryDirectory() as folder:
    arguments = TrainingArguments(
        output_dir=folder, num_train_epochs=2, per_device_train_batch_size=8, learning_rate=1e-2,
        use_cpu=True, save_strategy="no", logging_strategy="no", report_to="none",
        disable_tqdm=True, remove_unused_columns=False, dataloader_pin_memory=False,
    )  # fmt: skip
    trainer = PairTrainer(model=model, args=arguments, train_dataset=Pairs())  # wrong
    # fixed: opts = (optimizer, torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.1, 24))
    # fixed: trainer = PairTrainer(model=model, args=arguments, train_dataset=Pairs(), optimizers=opts)
    trainer.remove_callback(PrinterCallback)
    trainer.train()
