"""Gradients are clipped after the step that they were for.

rule:   clip-misplaced
line:   nn.utils.clip_grad_norm_(model.parameters(), clip)
style:  variational graph model, full batch, no DataLoader
source: VGraphRNN/VGRNN#4
"""

import torch
from torch import nn

torch.manual_seed(64)
nodes, clip = 20, 1.0
snapshots = [(torch.rand(nodes, nodes) < 0.2).float() for _ in range(6)]


class Vgae(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc = nn.Linear(nodes, 16)
        self.enc_mean, self.enc_std = nn.Linear(16, 8), nn.Linear(16, 8)

    def forward(self, adj):
        hidden = torch.relu(self.enc(adj))
        mean, log_std = self.enc_mean(hidden), self.enc_std(hidden)
        z = mean + torch.randn_like(mean) * log_std.exp()
        kld = -0.5 * (1 + 2 * log_std - mean**2 - (2 * log_std).exp()).sum(1).mean() / nodes
        nll = nn.functional.binary_cross_entropy_with_logits(z @ z.t(), adj)
        return kld + nll


model = Vgae()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for k in range(4):
    for adj in snapshots:
        optimizer.zero_grad()
        loss = model(adj)
        loss.backward()
        # fixed: nn.utils.clip_grad_norm_(model.parameters(), clip)
        optimizer.step()
        nn.utils.clip_grad_norm_(model.parameters(), clip)  # wrong
    print("epoch", k, "loss", loss.item())
