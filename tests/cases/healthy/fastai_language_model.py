"""fastai: an AWD-LSTM, whose weights are tied and dropped, and which keeps its state between batches.

traps: tied
"""

import fastai.callback.schedule  # noqa: F401 - and fit_one_cycle
import torch
from fastai.callback.rnn import rnn_cbs
from fastai.data.core import DataLoaders
from fastai.learner import Learner
from fastai.losses import CrossEntropyLossFlat
from fastai.text.models.awdlstm import AWD_LSTM, awd_lstm_lm_config
from fastai.text.models.core import get_language_model
from fastai.torch_core import set_seed

set_seed(52)
config = awd_lstm_lm_config | {"emb_sz": 16, "n_hid": 20, "n_layers": 2, "pad_token": 1}
model = get_language_model(AWD_LSTM, 14, config, drop_mult=0.3)


def pieces(count):
    streams = (torch.arange(count * 6 + 1) + torch.arange(8)[:, None]) % 12 + 2
    return [
        (streams[row, i * 6 : i * 6 + 6], streams[row, i * 6 + 1 : i * 6 + 7])
        for i in range(count)
        for row in range(8)
    ]


dls = DataLoaders.from_dsets(
    pieces(12),
    [(b - 1, b) for _, b in pieces(4)][::-1],
    bs=8,
    shuffle=False,
    num_workers=0,
    device="cpu",
)
learner = Learner(dls, model, loss_func=CrossEntropyLossFlat(), cbs=rnn_cbs(alpha=2, beta=1))
with learner.no_bar(), learner.no_logging():
    learner.fit_one_cycle(3, 1e-2)
