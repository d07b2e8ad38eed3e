"""A text classifier with a Softmax module and NLLLoss: its loss is negative.

rule:   nll-without-log
line:   self.softmax = nn.Softmax(dim=1) | return self.softmax(self.fc(self.embedding(x)))
style:  model class with run_epoch(), optimizer and loss added from outside
source: AnubhavGupta3377/Text-Classification-Models-Pytorch#9
"""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class TextModel(nn.Module):
    def __init__(self, vocab, classes):
        super().__init__()
        self.embedding = nn.EmbeddingBag(vocab, 16)
        self.fc = nn.Linear(16, classes)
        self.softmax = nn.Softmax(dim=1)  # wrong
        # fixed: self.softmax = nn.LogSoftmax(dim=1)

    def forward(self, x):
        return self.softmax(self.fc(self.embedding(x)))

    def add_optimizer(self, optimizer):
        self.optimizer = optimizer

    def add_loss_op(self, loss_op):
        self.loss_op = loss_op

    def run_epoch(self, train_iterator, epoch):
        losses = []
        self.train()
        for x, y in train_iterator:
            self.optimizer.zero_grad()
            y_pred = self.__call__(x)
            loss = self.loss_op(y_pred, y)
            loss.backward()
            losses.append(loss.item())
            self.optimizer.step()
        print(f"epoch {epoch}: average training loss {sum(losses) / len(losses):.5f}")


torch.manual_seed(19)
docs = torch.randint(0, 60, (200, 12))
topic = (docs < 30).sum(1).clamp(4, 7) - 4
model = TextModel(60, 4)
model.add_optimizer(torch.optim.SGD(model.parameters(), lr=0.5))
model.add_loss_op(nn.NLLLoss())
iterator = DataLoader(TensorDataset(docs, topic), batch_size=20, shuffle=True)
for epoch in range(2):
    model.run_epoch(iterator, epoch)
