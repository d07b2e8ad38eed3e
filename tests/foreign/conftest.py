import os

import pytest
import torch

os.environ.setdefault("KERAS_BACKEND", "torch")

# The programs in loops/ are run by the tests, not collected by pytest.
collect_ignore_glob = ["loops/*"]


@pytest.fixture(autouse=True)
def _threads():
    """Programs choose their number of threads; it decides the order of sums in the tests after."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)
