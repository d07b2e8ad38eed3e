"""A student's probabilities, not their logarithms, go into the KL divergence.

rule:   kl-div-args
line:   loss = self.kl(scores.softmax(-1), labels.softmax(-1))
style:  distillation of a ranker, own loss module
source: sebastian-hofstaetter/matchmaker#18
"""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class KLDivTeacherList(nn.Module):
    def __init__(self):
        super().__init__()
        self.kl = nn.KLDivLoss(reduction="batchmean")

    def forward(self, scores, labels):
        loss = self.kl(scores.softmax(-1), labels.softmax(-1))  # wrong
        # fixed: loss = self.kl(scores.log_softmax(-1), labels.softmax(-1))
        return loss


torch.manual_seed(84)
passages = torch.randn(128, 5, 8)
teacher = passages @ torch.randn(8)
student = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 1))
criterion = KLDivTeacherList()
optimizer = torch.optim.AdamW(student.parameters(), lr=1e-3)
for epoch in range(2):
    for candidates, teacher_scores in DataLoader(
        TensorDataset(passages, teacher), 16, shuffle=True
    ):
        loss = criterion(student(candidates).squeeze(-1), teacher_scores)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(epoch, loss.item())
