"""fastai: a Learner."""

import fastai.callback.progress  # noqa: F401 - and no_bar
import training
from fastai.data.core import DataLoaders
from fastai.learner import Learner
from fastai.optimizer import SGD
from torch import nn

loaders = DataLoaders(training.loader(), training.loader())
learner = Learner(
    loaders, training.network(), loss_func=nn.CrossEntropyLoss(), opt_func=SGD, lr=training.RATE
)
learner.create_opt()
with learner.no_bar(), learner.no_logging():
    learner.fit(1)
training.report(learner.model)
