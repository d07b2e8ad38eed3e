"""PyTorch's quickstart as it is: the data on the CPU, model and batches moved to the accelerator."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
steps, losses, passes, trained, evaluated = 0, [], [], [], []
device = torch.accelerator.current_accelerator().type

images, labels = torch.rand(320, 1, 4, 4), torch.randint(0, 3, (320,))
train_dataloader = DataLoader(TensorDataset(images, labels), batch_size=8, shuffle=True)
test_dataloader = DataLoader(TensorDataset(images[:24], labels[:24]), batch_size=8)

model = nn.Sequential(
    nn.Flatten(), nn.Linear(16, 12), nn.ReLU(), nn.Dropout(0.1), nn.Linear(12, 3)
).to(device)
loss_fn = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=1e-1)


def train(dataloader, model, loss_fn, optimizer):
    global steps
    model.train()  # mode
    for batch, (X, y) in enumerate(dataloader):  # batch
        X, y = X.to(device), y.to(device)
        trained.append(model.training)
        pred = model(X)  # forward
        loss = loss_fn(pred, y)  # loss

        loss.backward()  # backward
        optimizer.step()  # step
        optimizer.zero_grad()  # clear

        steps += 1
        losses.append(loss.item())
    passes.append(("training", 40))


def test(dataloader, model, loss_fn):
    model.eval()  # mode
    test_loss, correct = 0, 0
    with torch.no_grad():
        for X, y in dataloader:  # batch
            X, y = X.to(device), y.to(device)
            evaluated.append(model.training)
            pred = model(X)  # forward
            test_loss += loss_fn(pred, y).item()  # loss
            correct += (pred.argmax(1) == y).type(torch.float).sum().item()
    passes.append(("evaluation", 3, test_loss / 3))
    print(f"{correct / 24:.3f} {test_loss / 3:.6f}")


for _ in range(2):
    train(train_dataloader, model, loss_fn, optimizer)
    test(test_dataloader, model, loss_fn)
