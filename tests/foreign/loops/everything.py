"""A bit of everything that can be watched, in one short training."""

import io
import tempfile

import safetensors.torch
import torch
import torch.nn.functional as F
from torch import nn
from torch.optim import lr_scheduler
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(36)
steps, losses, passes, trained, evaluated = 0, [], [], [], []


class Layers(nn.Module):
    """Every kind of Dropout, as a function and in place, and BatchNorm."""

    def __init__(self):
        super().__init__()
        self.first, self.norm, self.second = nn.Linear(6, 8), nn.BatchNorm1d(8), nn.Linear(8, 3)

    def forward(self, x):
        x = self.norm(self.first(x))
        x = x + torch.softmax(x, 1) + torch.log_softmax(x, 1) + torch.sigmoid(x)
        one = x[:, None]  # a sequence of one, so that no sample sees another
        x = x + F.scaled_dot_product_attention(one, one, one, None, 0.1 * self.training)[:, 0]
        for inplace in (False, True):
            x = F.dropout(x.clone(), 0.1, self.training, inplace)
            x = F.alpha_dropout(x.clone(), 0.1, self.training, inplace)
            x = F.feature_alpha_dropout(x.clone(), 0.1, self.training, inplace)
            x = F.dropout2d(x.clone()[:, :, None, None], 0.1, self.training, inplace)[:, :, 0, 0]
        return self.second(x)


def all_losses(x, y):
    one, p = y.float() * 2 - 1, x.sigmoid()
    pair, chance = x[:, 0], x.softmax(1)
    words = torch.tensor([[1, 2]]), torch.tensor([8]), torch.tensor([2])
    return sum(
        value if value.dim() == 0 else value.mean()
        for value in (
            F.cross_entropy(x, y),  # loss
            F.nll_loss(x.log_softmax(1), y),  # loss
            F.mse_loss(x, chance.detach()),  # loss
            F.l1_loss(x, chance.detach()),  # loss
            F.smooth_l1_loss(x, chance.detach()),  # loss
            F.huber_loss(x, chance.detach()),  # loss
            F.binary_cross_entropy(p, chance.detach()),  # loss
            F.soft_margin_loss(pair, one),  # loss
            F.multilabel_margin_loss(x, torch.zeros_like(x, dtype=torch.int64)),  # loss
            F.multi_margin_loss(x, y),  # loss
            F.binary_cross_entropy_with_logits(x, chance.detach()),  # loss
            F.kl_div(x.log_softmax(1), chance.detach(), reduction="batchmean"),  # loss
            F.ctc_loss(x.log_softmax(1)[:, None], *words),  # loss
            F.poisson_nll_loss(x, chance.detach()),  # loss
            F.cosine_embedding_loss(x, chance.detach(), one),  # loss
            F.margin_ranking_loss(pair, x[:, 1], one),  # loss
            F.triplet_margin_loss(x, chance.detach(), -x),  # loss
            F.hinge_embedding_loss(pair, one),  # loss
        )
    )


loader = DataLoader(
    TensorDataset(torch.randn(16, 6), torch.randint(0, 2, (16,))), batch_size=8, shuffle=True
)
model = Layers()
optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.5)
scaler = torch.amp.GradScaler("cpu", init_scale=4.0)
schedulers = [
    lr_scheduler.ReduceLROnPlateau(optimizer),
    lr_scheduler.ChainedScheduler(
        [lr_scheduler.StepLR(optimizer, 3), lr_scheduler.ExponentialLR(optimizer, 0.99)]
    ),
    lr_scheduler.SequentialLR(
        optimizer,
        [lr_scheduler.ConstantLR(optimizer), lr_scheduler.LambdaLR(optimizer, lambda _: 1.0)],
        [3],
    ),
    lr_scheduler.CosineAnnealingWarmRestarts(optimizer, 4),
    lr_scheduler.CyclicLR(optimizer, 0.001, 0.01),
    lr_scheduler.MultiplicativeLR(optimizer, lambda _: 1.0),
    lr_scheduler.StepLR(optimizer, 5),
]

model.train()  # mode
for x, y in loader:  # batch
    model.zero_grad()  # clear
    optimizer.zero_grad()  # clear
    trained.append(model.training)
    loss = all_losses(model(x), y)  # forward
    scaler.scale(loss).backward()  # scale, backward
    scaler.unscale_(optimizer)  # unscale
    nn.utils.clip_grad_value_(model.parameters(), 10.0)  # clip
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)  # clip
    scaler.step(optimizer)  # step, step-scaled
    scaler.update()  # update
    for scheduler in schedulers:
        scheduler.step(*[1.0] * isinstance(scheduler, lr_scheduler.ReduceLROnPlateau))  # schedule
    for part in (model, optimizer, scaler, *schedulers):
        part.load_state_dict(part.state_dict())  # load
    one, other = io.BytesIO(), io.BytesIO()
    torch.save(model.state_dict(), one)  # save
    torch.serialization.save(optimizer.state_dict(), other)  # save
    one.seek(0)
    other.seek(0)
    kept = [torch.load(one), torch.serialization.load(other)]
    with tempfile.TemporaryDirectory() as _folder:
        _file = f"{_folder}/model.safetensors"
        safetensors.torch.save_file(dict(model.state_dict()), _file)  # save
        kept.append(safetensors.torch.load_file(_file))
    losses.append(loss.item())
    steps += 1
passes.append(("training", 2))
model.eval()
with torch.no_grad():
    for x, y in loader:  # batch
        evaluated.append(model.training)
        F.cross_entropy(model(x), y)  # forward, loss
passes.append(("evaluation", 2))
del schedulers, scheduler, part
