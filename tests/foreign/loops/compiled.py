"""torch.compile of a model, run by the eager backend."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(16)
torch._dynamo.reset()
steps, losses, passes, trained, evaluated = 0, [], [], [], []

loader = DataLoader(
    TensorDataset(torch.randn(30, 5), torch.randint(0, 3, (30,))), batch_size=6, shuffle=True
)
model = torch.compile(
    nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.Dropout(0.1), nn.Linear(8, 3)), backend="eager"
)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
loss_fn = nn.CrossEntropyLoss()

for epoch in range(2):
    model.train()  # mode
    for x, y in loader:  # batch
        optimizer.zero_grad()  # clear
        trained.append(model.training)
        loss = loss_fn(model(x), y)  # forward, loss
        loss.backward()  # backward
        optimizer.step()  # step
        losses.append(loss.item())
        steps += 1
    passes.append(("training", 5))
    model.eval()  # mode
    with torch.no_grad():
        for x, y in loader:  # batch
            evaluated.append(model.training)
            loss_fn(model(x), y)  # forward, loss
    passes.append(("evaluation", 5))
