"""The model returns .data, so the loss was wrapped again until backward() stopped complaining.

rule:   loss-rewrapped
line:   loss = Variable(loss, requires_grad=True)
style:  fit_model() of a library, Variable
source: huggingface/torchMoji#21
"""

import torch
import torch.nn as nn
import torch.optim as optim
from torch.autograd import Variable
from torch.utils.data import DataLoader, TensorDataset


class TorchMoji(nn.Module):
    def __init__(self, return_tensor=True):
        super().__init__()
        self.embed = nn.Embedding(50, 16)
        self.lstm = nn.LSTM(16, 16, batch_first=True)
        self.output_layer = nn.Linear(16, 1)
        self.return_tensor = return_tensor

    def forward(self, tokens):
        x, _ = self.lstm(torch.tanh(self.embed(tokens)))
        outputs = self.output_layer(x[:, -1]).squeeze(1)
        if self.return_tensor:
            outputs = outputs.data  # wrong
            # fixed: outputs = 1 * outputs
        return outputs


def fit_model(model, loss_op, optim_op, train_gen, epochs):
    for epoch in range(epochs):
        for X, y in train_gen:
            model.train()
            optim_op.zero_grad()
            output = model(X)
            loss = loss_op(output, y.float())
            loss = Variable(loss, requires_grad=True)  # wrong
            loss.backward()
            optim_op.step()
        print(epoch, loss.item())


torch.manual_seed(36)
texts = torch.randint(0, 50, (128, 6))
label = (texts[:, -1] > 25).long()
model = TorchMoji()
fit_model(
    model,
    nn.BCEWithLogitsLoss(),
    optim.Adam(model.parameters(), lr=1e-3),
    DataLoader(TensorDataset(texts, label), batch_size=16, shuffle=True),
    epochs=2,
)
