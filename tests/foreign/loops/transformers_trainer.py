"""The Trainer of transformers, with a very small BERT made from nothing."""

import tempfile

import torch
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainingArguments,
    set_seed,
)

set_seed(44)
steps, losses, passes, trained, evaluated = 0, [], [], [], []


class Sentences(torch.utils.data.Dataset):
    def __init__(self, count, seed):
        generator = torch.Generator().manual_seed(seed)
        self.ids = torch.randint(5, 40, (count, 8), generator=generator)
        self.labels = torch.randint(0, 2, (count,), generator=generator)

    def __len__(self):
        return len(self.ids)

    def __getitem__(self, index):
        return {"input_ids": self.ids[index], "labels": self.labels[index]}


class Counting(Trainer):
    def compute_loss(self, model, inputs, return_outputs=False, **settings):
        (trained if self.is_in_train and model.training else evaluated).append(model.training)
        settings["return_outputs"] = True
        loss, outputs = super().compute_loss(model, inputs, **settings)  # forward, loss
        if model.training:
            group.append(loss.item())
        return (loss, outputs) if return_outputs else loss


class Count(TrainerCallback):
    def on_optimizer_step(self, args, state, control, **settings):
        global steps
        steps += 1
        losses.append(sum(group) / len(group))
        group.clear()

    def on_epoch_end(self, args, state, control, **settings):
        passes.append(("training", 6))

    def on_evaluate(self, args, state, control, **settings):
        passes.append(("evaluation", 2))


group = []
config = BertConfig(
    vocab_size=40, hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=12, num_labels=2,
    max_position_embeddings=16,
)  # fmt: skip
model = BertForSequenceClassification(config)
with tempfile.TemporaryDirectory() as _folder:
    arguments = TrainingArguments(
        output_dir=_folder, num_train_epochs=2, per_device_train_batch_size=4, per_device_eval_batch_size=4,
        gradient_accumulation_steps=2, learning_rate=1e-2, use_cpu=True, eval_strategy="epoch", save_strategy="no",
        logging_strategy="no", report_to="none", disable_tqdm=True, seed=44, max_grad_norm=1.0,
        dataloader_pin_memory=False,
    )  # fmt: skip
    trainer = Counting(
        model=model,
        args=arguments,
        train_dataset=Sentences(24, 1),
        eval_dataset=Sentences(8, 2),
        callbacks=[Count()],
    )
    trainer.remove_callback(PrinterCallback)  # it prints how long it took
    trainer.train()  # load, batch, backward, step, clear, mode, clip, schedule
del arguments
