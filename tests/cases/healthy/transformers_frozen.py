"""The Trainer: the encoder is frozen, padding is masked, the best checkpoint is loaded at the end.

traps: frozen, masks
"""

import tempfile

import torch
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    EarlyStoppingCallback,
    PrinterCallback,
    Trainer,
    TrainingArguments,
    set_seed,
)

set_seed(32)
config = BertConfig(
    vocab_size=30, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=24,
    num_labels=2, max_position_embeddings=16,
)  # fmt: skip
model = BertForSequenceClassification(config)
for parameter in model.bert.parameters():
    parameter.requires_grad = False


def row(length):
    words = torch.randint(4, 30, (length,))
    ids, mask = torch.zeros(10, dtype=torch.long), torch.zeros(10, dtype=torch.long)
    ids[:length], mask[:length] = words, 1
    return {"input_ids": ids, "attention_mask": mask, "labels": int(words.float().mean() > 16)}


rows = [row(3 + i % 8) for i in range(160)]
with tempfile.TemporaryDirectory() as folder:
    arguments = TrainingArguments(
        output_dir=folder, num_train_epochs=4, per_device_train_batch_size=16,
        per_device_eval_batch_size=16, learning_rate=1e-2, use_cpu=True, eval_strategy="epoch",
        save_strategy="epoch", load_best_model_at_end=True, metric_for_best_model="loss",
        report_to="none", disable_tqdm=True, logging_strategy="no", dataloader_pin_memory=False,
        label_smoothing_factor=0.1,
    )  # fmt: skip
    trainer = Trainer(
        model=model,
        args=arguments,
        train_dataset=rows[:112],
        eval_dataset=rows[112:],
        compute_metrics=lambda p: {
            "accuracy": float((p.predictions.argmax(1) == p.label_ids).mean())
        },
        callbacks=[EarlyStoppingCallback(2)],
    )
    trainer.remove_callback(PrinterCallback)
    trainer.train()
    trainer.evaluate()
