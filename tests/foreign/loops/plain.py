"""The loop of PyTorch's quickstart, on small made-up pictures."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
steps, losses, passes, trained, evaluated = 0, [], [], [], []

images, labels = torch.rand(40, 1, 4, 4), torch.randint(0, 3, (40,))
train_dataloader = DataLoader(TensorDataset(images, labels), batch_size=8, shuffle=True)
test_dataloader = DataLoader(
    TensorDataset(torch.rand(12, 1, 4, 4), torch.randint(0, 3, (12,))), batch_size=8
)


class NeuralNetwork(nn.Module):
    def __init__(self):
        super().__init__()
        self.flatten = nn.Flatten()
        self.linear_relu_stack = nn.Sequential(nn.Linear(16, 12), nn.ReLU(), nn.Linear(12, 3))

    def forward(self, x):
        x = self.flatten(x)
        return self.linear_relu_stack(x)


model = NeuralNetwork()
loss_fn = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=1e-1)


def train(dataloader, model, loss_fn, optimizer):
    global steps
    size = len(dataloader.dataset)
    model.train()  # mode
    for batch, (X, y) in enumerate(dataloader):  # batch
        trained.append(model.training)
        pred = model(X)  # forward
        loss = loss_fn(pred, y)  # loss

        loss.backward()  # backward
        optimizer.step()  # step
        optimizer.zero_grad()  # clear

        steps += 1
        losses.append(loss.item())
        if batch % 2 == 0:
            loss, current = loss.item(), (batch + 1) * len(X)
            print(f"loss: {loss:>7f}  [{current:>5d}/{size:>5d}]")
    passes.append(("training", 5))


def test(dataloader, model, loss_fn):
    size = len(dataloader.dataset)
    num_batches = len(dataloader)
    model.eval()  # mode
    test_loss, correct = 0, 0
    with torch.no_grad():
        for X, y in dataloader:  # batch
            evaluated.append(model.training)
            pred = model(X)  # forward
            test_loss += loss_fn(pred, y).item()  # loss
            correct += (pred.argmax(1) == y).type(torch.float).sum().item()
    test_loss /= num_batches
    correct /= size
    print(f"Test Error: \n Accuracy: {(100 * correct):>0.1f}%, Avg loss: {test_loss:>8f} \n")
    passes.append(("evaluation", 2, test_loss))


epochs = 3
for t in range(epochs):
    print(f"Epoch {t + 1}\n-------------------------------")
    train(train_dataloader, model, loss_fn, optimizer)
    test(test_dataloader, model, loss_fn)
print("Done!")
