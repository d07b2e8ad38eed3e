"""The Trainer: GPT-2 with tied embeddings, accumulated batches, a cosine schedule stopped early.

traps: tied, accumulation, cut-short, evaluated-first
"""

import tempfile

import torch
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainingArguments,
    set_seed,
)

set_seed(31)
config = GPT2Config(
    vocab_size=16, n_positions=16, n_embd=16, n_layer=1, n_head=2, bos_token_id=0, eos_token_id=0
)
model = GPT2LMHeadModel(config)
ids = (torch.arange(10) + torch.randint(0, 12, (160, 1)) * torch.randint(1, 4, (160, 1))) % 12
rows = [{"input_ids": row, "labels": row} for row in ids]


class Stop(TrainerCallback):
    def on_step_end(self, args, state, control, **kwargs):
        control.should_training_stop = state.global_step >= 20


with tempfile.TemporaryDirectory() as folder:
    arguments = TrainingArguments(
        output_dir=folder, num_train_epochs=40, per_device_train_batch_size=8,
        gradient_accumulation_steps=2, learning_rate=5e-3, lr_scheduler_type="cosine", warmup_steps=4,
        use_cpu=True, eval_strategy="epoch", eval_on_start=True, save_strategy="no", report_to="none",
        disable_tqdm=True, logging_strategy="no", dataloader_pin_memory=False,
    )  # fmt: skip
    trainer = Trainer(
        model=model,
        args=arguments,
        train_dataset=rows[:128],
        eval_dataset=rows[128:],
        callbacks=[Stop()],
    )
    trainer.remove_callback(PrinterCallback)
    trainer.train()
