"""The layers of an MLP stand in a Python list.

rule:   unregistered-submodule
line:   self.layers = modules
style:  model built from a configuration, a head that is registered
source: twitter/the-algorithm-ml#136
"""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class Mlp(nn.Module):
    def __init__(self, in_features, layer_sizes):
        super().__init__()
        modules = []
        for size in layer_sizes:
            modules.append(nn.Linear(in_features, size))
            modules.append(nn.ReLU())
            in_features = size
        self.layers = modules  # wrong
        # fixed: self.layers = nn.ModuleList(modules)

    def forward(self, x):
        net = x
        for layer in self.layers:
            net = layer(net)
        return net


class Ranker(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.backbone = Mlp(config["features"], config["layer_sizes"])
        self.towers = nn.Linear(config["layer_sizes"][-1], config["tasks"])

    def forward(self, x):
        return self.towers(self.backbone(x))


torch.manual_seed(74)
config = {"features": 20, "layer_sizes": [32, 16], "tasks": 2}
features = torch.randn(192, 20)
clicked = (features[:, :2] > 0.5).float()
loader = DataLoader(TensorDataset(features, clicked), batch_size=16, shuffle=True)
model = Ranker(config)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
criterion = nn.BCEWithLogitsLoss()
for epoch in range(2):
    for x, y in loader:
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
    print(epoch, loss.item())
