"""The Trainer with compute_loss overridden: log-softmax with NLLLoss, and the log of a softmax.

traps: nll, log-inside
"""

import tempfile

import torch
from torch import nn
from transformers import PrinterCallback, Trainer, TrainingArguments, set_seed


class Two(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Dropout(0.1))
        self.one, self.two = nn.Linear(32, 3), nn.Sequential(nn.Linear(32, 2), nn.Softmax(dim=1))

    def forward(self, x):
        hidden = self.body(x)
        return {"one": self.one(hidden).log_softmax(1), "two": self.two(hidden)}


class OwnLoss(Trainer):
    def compute_loss(self, model, inputs, return_outputs=False, **kwargs):
        first, second = inputs.pop("first"), inputs.pop("second")
        out = model(**inputs)
        loss = nn.NLLLoss()(out["one"], first) + nn.NLLLoss()(torch.log(out["two"] + 1e-9), second)
        return (loss, out) if return_outputs else loss


set_seed(34)
x = torch.randn(192, 8)
rows = [{"x": a, "first": a[:3].argmax(), "second": (a[3] > 0).long()} for a in x]
with tempfile.TemporaryDirectory() as folder:
    arguments = TrainingArguments(
        output_dir=folder, num_train_epochs=3, per_device_train_batch_size=16, learning_rate=1e-2,
        use_cpu=True, save_strategy="no", report_to="none", disable_tqdm=True, logging_strategy="no",
        dataloader_pin_memory=False, remove_unused_columns=False, eval_strategy="epoch",
        label_names=["first", "second"],
    )  # fmt: skip
    trainer = OwnLoss(
        model=Two(), args=arguments, train_dataset=rows[:128], eval_dataset=rows[128:]
    )
    trainer.remove_callback(PrinterCallback)
    trainer.train()
    trainer.predict(rows[128:])
