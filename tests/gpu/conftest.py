"""What only a GPU can show. Without a CUDA device all of it is skipped."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

collect_ignore_glob = ["programs/*"]  # importing one would train

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items):
    if torch.cuda.is_available():  # which makes no context
        return
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.skip(reason="needs a CUDA device"))


@pytest.fixture(autouse=True)
def _as_it_was():
    """Programs choose threads and cuDNN's algorithms; both decide the numbers of the tests after."""
    threads = torch.get_num_threads()
    cudnn = torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark
    yield
    torch.set_num_threads(threads)
    torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = cudnn
