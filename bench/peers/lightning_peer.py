"""Lightning, without bar, logger and checkpoints. Source: https://lightning.ai/docs.

The training loss is not logged: `self.log` in each step would only slow Lightning down.
"""

import time

import lightning
import torch
from torch.nn import functional as F
from torch.utils.data import DataLoader
from torchmetrics.classification import MulticlassAccuracy
from work import BATCH, RATE, arguments, datasets, network, report


class Classifier(lightning.LightningModule):
    def __init__(self) -> None:
        super().__init__()
        self.model = network()
        self.accuracy = MulticlassAccuracy(10, average="micro")
        self.seconds: list[float] = []
        self.accuracies: list[float] = []

    def training_step(self, batch: list[torch.Tensor]) -> torch.Tensor:
        images, labels = batch
        return F.cross_entropy(self.model(images), labels)

    def validation_step(self, batch: list[torch.Tensor]) -> None:
        images, labels = batch
        logits = self.model(images)
        self.accuracy(logits, labels)
        self.log("test_loss", F.cross_entropy(logits, labels))
        self.log("test_accuracy", self.accuracy)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=RATE)

    def on_train_epoch_start(self) -> None:
        self.start = time.perf_counter()

    def on_validation_start(self) -> None:
        if not self.trainer.sanity_checking:
            self.seconds.append(time.perf_counter() - self.start)

    def on_train_epoch_end(self) -> None:
        self.accuracies.append(float(self.trainer.callback_metrics["test_accuracy"]))


if __name__ == "__main__":
    args = arguments()
    training, test = datasets(args.data)
    classifier = Classifier()
    trainer = lightning.Trainer(
        accelerator="cpu",
        max_epochs=args.epochs,
        logger=False,
        enable_progress_bar=False,
        enable_checkpointing=False,
        enable_model_summary=False,
    )
    trainer.fit(
        classifier,
        DataLoader(training, batch_size=BATCH, shuffle=True),
        DataLoader(test, batch_size=BATCH),
    )
    torch.save(classifier.model.state_dict(), "model.pth")
    report(classifier.seconds, classifier.accuracies)
