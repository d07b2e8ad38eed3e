"""Transformers: its Trainer, with a model that returns its own loss."""

import torch
import training
from torch import nn
from transformers import Trainer, TrainingArguments


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.network = training.network()
        self.loss_fn = nn.CrossEntropyLoss()

    def forward(self, images, labels):
        logits = self.network(images)
        return {"loss": self.loss_fn(logits, labels), "logits": logits}


def named(samples):
    images, labels = zip(*samples, strict=True)
    return {"images": torch.stack(images), "labels": torch.stack(labels)}


model = Classifier()
arguments = TrainingArguments(
    output_dir="out",
    num_train_epochs=1,
    per_device_train_batch_size=training.BATCH,
    train_sampling_strategy="sequential",
    lr_scheduler_type="constant",
    max_grad_norm=0.0,  # the plain loop does not clip
    remove_unused_columns=False,
    use_cpu=True,
    save_strategy="no",
    logging_strategy="no",
    report_to="none",
    disable_tqdm=True,
)
optimizer = torch.optim.SGD(model.parameters(), lr=training.RATE)
trainer = Trainer(
    model=model,
    args=arguments,
    train_dataset=training.data(),
    data_collator=named,
    optimizers=(optimizer, None),
)
trainer.train()
training.report(model)
