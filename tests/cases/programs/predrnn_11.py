"""A second loss is put together from numbers: the layer that only it could train gets nothing.

rule:   graph-cut
line:   decouple_loss = torch.tensor(decouple).mean()
style:  recurrent cell unrolled by hand, two losses
source: thuml/predrnn-pytorch#11
"""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class Predictor(nn.Module):
    def __init__(self, hidden=12):
        super().__init__()
        self.cell = nn.LSTMCell(3, hidden)
        self.adapter = nn.Linear(hidden, hidden, bias=False)
        self.conv_last = nn.Linear(hidden, 3)
        self.hidden = hidden

    def forward(self, frames):
        h = c = frames.new_zeros(len(frames), self.hidden)
        predictions, decouple = [], []
        for t in range(frames.shape[1] - 1):
            h, c = self.cell(frames[:, t], (h, c))
            delta_h, delta_c = self.adapter(h), self.adapter(c)
            similarity = torch.cosine_similarity(delta_h, delta_c, dim=1)
            decouple.append(similarity.abs().mean())
            predictions.append(self.conv_last(h))
        decouple_loss = torch.tensor(decouple).mean()  # wrong
        # fixed: decouple_loss = torch.stack(decouple).mean()
        loss = nn.functional.mse_loss(torch.stack(predictions, 1), frames[:, 1:])
        return loss + 0.1 * decouple_loss


torch.manual_seed(34)
phase = torch.rand(120, 1, 1) * 6
videos = torch.sin(phase + torch.arange(8).view(1, 8, 1) * torch.tensor([0.2, 0.5, 0.9]))
network = Predictor()
optimizer = torch.optim.Adam(network.parameters(), lr=1e-2)
for epoch in range(2):
    for (frames,) in DataLoader(TensorDataset(videos), batch_size=12, shuffle=True):
        optimizer.zero_grad()
        loss = network(frames)
        loss.backward()
        optimizer.step()
    print(epoch, loss.item())
