"""Ignite. Source: https://docs.pytorch.org/ignite (quick start)."""

import time

import torch
from ignite.engine import Engine, Events, create_supervised_evaluator, create_supervised_trainer
from ignite.metrics import Accuracy, Loss
from torch.utils.data import DataLoader
from work import BATCH, RATE, arguments, datasets, network, report

if __name__ == "__main__":
    args = arguments()
    training, test = datasets(args.data)
    train_loader = DataLoader(training, batch_size=BATCH, shuffle=True)
    test_loader = DataLoader(test, batch_size=BATCH)
    model, criterion = network(), torch.nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE)
    trainer = create_supervised_trainer(model, optimizer, criterion)
    evaluator = create_supervised_evaluator(
        model, metrics={"accuracy": Accuracy(), "loss": Loss(criterion)}
    )
    marks: list[float] = []
    accuracy: list[float] = []

    @trainer.on(Events.EPOCH_STARTED)
    def started() -> None:
        marks.append(time.perf_counter())

    @trainer.on(Events.ITERATION_COMPLETED(every=100))
    def log_training_loss(engine: Engine) -> None:
        print(f"Epoch[{engine.state.epoch}] loss {engine.state.output:.2f}")

    @trainer.on(Events.EPOCH_COMPLETED)
    def log_test_results() -> None:
        marks[-1] = time.perf_counter() - marks[-1]
        evaluator.run(test_loader)
        accuracy.append(evaluator.state.metrics["accuracy"])

    trainer.run(train_loader, max_epochs=args.epochs)
    torch.save(model.state_dict(), "model.pth")
    report(marks, accuracy)
