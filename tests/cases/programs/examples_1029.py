"""A checkpoint of Lightning is loaded with strict=False: every key begins with "model.".

rule:   load-nothing-matched
line:   network.load_state_dict(checkpoint["state_dict"], strict=False)
style:  fine-tuning from a checkpoint file
source: pytorch/examples#1029
"""

import tempfile
from pathlib import Path

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def make_network():
    return nn.Sequential(nn.Linear(12, 24), nn.ReLU(), nn.Linear(24, 3))


def pretrained(path):
    """What another program saved after its training."""
    trained = make_network()
    state = {f"model.{name}": tensor for name, tensor in trained.state_dict().items()}
    torch.save({"state_dict": state, "epoch": 3}, path)


def fine_tune(network, loader):
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-4)
    for epoch in range(2):
        for x, y in loader:
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(network(x), y)
            loss.backward()
            optimizer.step()
        print(epoch, loss.item())


torch.manual_seed(73)
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "last.ckpt"
    pretrained(path)
    network = make_network()
    checkpoint = torch.load(path, weights_only=True)
    # fixed: state = checkpoint["state_dict"]
    # fixed: state = {name.removeprefix("model."): value for name, value in state.items()}
    # fixed: network.load_state_dict(state)
    network.load_state_dict(checkpoint["state_dict"], strict=False)  # wrong
    x = torch.randn(120, 12)
    fine_tune(network, DataLoader(TensorDataset(x, x[:, :3].argmax(1)), 12, shuffle=True))
