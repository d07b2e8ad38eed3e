"""A trained teacher in evaluation mode, a student with KL divergence of log-softmax and softmax."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
x = torch.randn(240, 8)
y = x[:, :3].argmax(1)
train_loader = DataLoader(TensorDataset(x[:160], y[:160]), batch_size=16, shuffle=True)
test_loader = DataLoader(TensorDataset(x[160:], y[160:]), batch_size=16)
teacher = nn.Sequential(nn.Linear(8, 64), nn.ReLU(), nn.Dropout(0.1), nn.Linear(64, 3))
student = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 3))


def train(model, loss_of, epochs=2):
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    model.train()
    for _ in range(epochs):
        for inputs, labels in train_loader:
            optimizer.zero_grad()
            loss_of(model(inputs), inputs, labels).backward()
            optimizer.step()


def test(model):
    model.eval()
    with torch.no_grad():
        return sum((model(i).argmax(1) == t).sum().item() for i, t in test_loader) / 80


def distilled(logits, inputs, labels, T=2.0):
    with torch.no_grad():
        wanted = teacher(inputs)
    soft = (
        F.kl_div(F.log_softmax(logits / T, 1), F.softmax(wanted / T, 1), reduction="batchmean")
        * T
        * T
    )
    return 0.25 * soft + 0.75 * F.cross_entropy(logits, labels)


train(teacher, lambda logits, inputs, labels: F.cross_entropy(logits, labels))
print(test(teacher))
teacher.eval()
train(student, distilled)
print(test(student))
