"""A text CNN with its convolutions in a list, one for each width.

rule:   unregistered-submodule
line:   self.conv1d = [
style:  embedding first, list of convolutions, index targets
source: pytorch/pytorch#1053
"""

import torch as th
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

WORD_VEC_SIZE = 12


class Net(th.nn.Module):
    def __init__(self):
        super(Net, self).__init__()
        self.embedding = th.nn.Embedding(40, WORD_VEC_SIZE)
        # fixed: self.conv1d = th.nn.ModuleList(th.nn.Conv1d(WORD_VEC_SIZE, 4, k) for k in (3, 4, 5))
        self.conv1d = [  # wrong
            th.nn.Conv1d(WORD_VEC_SIZE, 4, 3),  # wrong
            th.nn.Conv1d(WORD_VEC_SIZE, 4, 4),  # wrong
            th.nn.Conv1d(WORD_VEC_SIZE, 4, 5),  # wrong
        ]  # wrong
        self.linear = th.nn.Linear(12, 2)

    def forward(self, words):
        x = self.embedding(words).transpose(1, 2)
        pooled = [F.relu(conv(x)).max(dim=2)[0] for conv in self.conv1d]
        return self.linear(th.cat(pooled, dim=1))


th.manual_seed(75)
words = th.randint(0, 40, (160, 12))
label = ((words == 3).any(1) | (words > 36).any(1)).long()
net = Net()
optimizer = th.optim.Adam(net.parameters(), lr=5e-3)
for epoch in range(2):
    for batch, target in DataLoader(TensorDataset(words, label), batch_size=16, shuffle=True):
        optimizer.zero_grad()
        loss = F.cross_entropy(net(batch), target)
        loss.backward()
        optimizer.step()
    print(epoch, loss.item())
