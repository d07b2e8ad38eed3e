"""A decoder gives (batch, time, features) to an LSTM that expects the time first.

rule:   batch-mixing
line:   RNN_out, _ = self.LSTM(x_RNN)
style:  two networks in a pipeline, parameters of both in one list
source: HHTseng/video-classification#42
"""

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset


class EncoderCNN(nn.Module):
    def __init__(self, features=12):
        super().__init__()
        self.fc = nn.Linear(16, features)

    def forward(self, frames):
        return F.relu(self.fc(frames))


class DecoderRNN(nn.Module):
    def __init__(self, features=12, classes=3):
        super().__init__()
        self.LSTM = nn.LSTM(features, 16)  # wrong
        # fixed: self.LSTM = nn.LSTM(features, 16, batch_first=True)
        self.fc = nn.Linear(16, classes)

    def forward(self, x_RNN):
        RNN_out, _ = self.LSTM(x_RNN)
        return self.fc(RNN_out[:, -1, :])


class CRNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.cnn_encoder, self.rnn_decoder = EncoderCNN(), DecoderRNN()

    def forward(self, X):
        return self.rnn_decoder(self.cnn_encoder(X))


torch.manual_seed(82)
videos = torch.randn(120, 6, 16)
actions = videos.mean(1)[:, :3].argmax(1)
train_loader = DataLoader(TensorDataset(videos, actions), batch_size=12, shuffle=True)
model = CRNN()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
for epoch in range(2):
    model.train()
    for X, y in train_loader:
        optimizer.zero_grad()
        output = model(X)
        loss = F.cross_entropy(output, y)
        loss.backward()
        optimizer.step()
    print(epoch, loss.item())
