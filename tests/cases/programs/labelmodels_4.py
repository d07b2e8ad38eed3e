"""The running loss is a sum of tensors, and each keeps its graph.

rule:   graph-retained
line:   running_loss += loss
style:  a library's _do_estimate(), marginal likelihood in closed form
source: BatsResearch/labelmodels#4
"""

import torch
from torch import nn


class LabelModel(nn.Module):
    def __init__(self, num_classes=3, num_lfs=5):
        super().__init__()
        self.accuracy = nn.Parameter(torch.full((num_lfs,), 1.0))
        self.propensity = nn.Parameter(torch.zeros(num_lfs))
        self.prior = nn.Parameter(torch.zeros(num_classes))

    def forward(self, votes):
        p = torch.sigmoid(self.propensity)
        a = torch.sigmoid(self.accuracy)
        classes = torch.arange(1, len(self.prior) + 1)
        agree = votes.unsqueeze(2) == classes
        per_vote = torch.where(agree, a.view(1, -1, 1), (1 - a.view(1, -1, 1)) / 2)
        voted = (votes > 0).unsqueeze(2)
        likelihood = torch.where(voted, per_vote * p.view(1, -1, 1), 1 - p.view(1, -1, 1))
        joint = likelihood.log().sum(1) + torch.log_softmax(self.prior, 0)
        return -torch.logsumexp(joint, 1).mean()

    def _do_estimate(self, batches, epochs):
        optimizer = torch.optim.SGD(self.parameters(), lr=0.01, momentum=0.9)
        for epoch in range(epochs):
            running_loss = 0.0
            for batch in batches:
                optimizer.zero_grad()
                loss = self(batch)
                loss.backward()
                optimizer.step()
                running_loss += loss  # wrong
                # fixed: running_loss += loss.item()
            print(epoch, float(running_loss) / len(batches))


torch.manual_seed(69)
truth = torch.randint(1, 4, (1200, 1))
votes = torch.where(torch.rand(1200, 5) < 0.7, truth, 0)
LabelModel()._do_estimate(list(votes.split(8)), epochs=1)
