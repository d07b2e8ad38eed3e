"""The test loader of a forecaster drops its last batch, and with it a fifth of the test set.

rule:   eval-drop-last
line:   data_loader = DataLoader(
style:  data_provider(flag), experiment class
source: thuml/Autoformer#104
"""

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset


class Dataset_Custom(Dataset):
    def __init__(self, flag, seq_len=12, pred_len=4):
        time = torch.arange(400) * 0.2
        series = torch.sin(time) + 0.3 * torch.sin(3.1 * time)
        start, end = {"train": (0, 280), "test": (288, 400)}[flag]
        self.windows = series[start:end].unfold(0, seq_len + pred_len, 1)
        self.seq_len = seq_len

    def __len__(self):
        return len(self.windows)

    def __getitem__(self, index):
        window = self.windows[index]
        return window[: self.seq_len], window[self.seq_len :]


def data_provider(flag, batch_size=40):
    if flag == "test":
        shuffle_flag, drop_last = False, True  # wrong
        # fixed: shuffle_flag, drop_last = False, False
    else:
        shuffle_flag, drop_last = True, True
    data_set = Dataset_Custom(flag)
    data_loader = DataLoader(
        data_set, batch_size=batch_size, shuffle=shuffle_flag, drop_last=drop_last
    )
    return data_set, data_loader


class Exp_Main:
    def __init__(self):
        self.model = nn.Sequential(nn.Linear(12, 32), nn.GELU(), nn.Linear(32, 4))
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=1e-2)

    def train(self, epochs):
        _, train_loader = data_provider("train")
        for _ in range(epochs):
            self.model.train()
            for batch_x, batch_y in train_loader:
                self.optimizer.zero_grad()
                loss = nn.functional.mse_loss(self.model(batch_x), batch_y)
                loss.backward()
                self.optimizer.step()

    @torch.no_grad()
    def test(self):
        _, test_loader = data_provider("test")
        self.model.eval()
        errors = [(self.model(x) - y).abs().mean().item() for x, y in test_loader]
        print("mae", sum(errors) / len(errors))


torch.manual_seed(86)
exp = Exp_Main()
exp.train(5)
exp.test()
