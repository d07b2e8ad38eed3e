"""Small batches are to be gathered, but each iteration begins with zero_grad().

rule:   ga-cleared-early
line:   self.optimizer.zero_grad()
style:  model class that selects hard examples, accumulation by sample count
source: dscripka/openWakeWord#316
"""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, 1), nn.Sigmoid())
        self.loss = nn.functional.binary_cross_entropy
        self.optimizer = torch.optim.Adam(self.net.parameters(), lr=1e-3)

    def train_model(self, X, max_steps):
        accumulated_samples = 0
        step = 0
        while step < max_steps:
            for features, labels in X:
                self.optimizer.zero_grad()  # wrong
                predictions = self.net(features).squeeze(1)
                loss = self.loss(predictions, labels)
                loss.backward()
                accumulated_samples += len(features)
                if accumulated_samples >= 64:
                    self.optimizer.step()
                    # fixed: self.optimizer.zero_grad()
                    accumulated_samples = 0
                step += 1


torch.manual_seed(61)
clips = torch.randn(256, 16)
wake = (clips[:, :4].sum(1) > 2).float()
loader = DataLoader(TensorDataset(clips, wake), batch_size=16, shuffle=True)
Model().train_model(loader, 48)
