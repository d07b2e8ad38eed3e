"""Records are read by an iterable data set, and each worker reads all of them.

rule:   iterable-duplicated
line:   loader = DataLoader(dataset, batch_size=8, num_workers=2)
style:  files of records on disk, IterableDataset
source: vahidk/tfrecord#78
"""

import struct
import tempfile
from pathlib import Path

import torch
from torch import nn
from torch.utils.data import DataLoader, IterableDataset, get_worker_info


class RecordDataset(IterableDataset):
    def __init__(self, paths):
        self.paths = paths

    def __iter__(self):
        paths = self.paths
        # fixed: worker = get_worker_info()
        # fixed: paths = paths[worker.id :: worker.num_workers]
        for path in paths:
            data = path.read_bytes()
            for start in range(0, len(data), 28):
                *x, y = struct.unpack("6fi", data[start : start + 28])
                yield torch.tensor(x), y


torch.manual_seed(51)
with tempfile.TemporaryDirectory() as folder:
    paths = []
    for shard in range(4):
        paths.append(Path(folder) / f"{shard}.records")
        rows = torch.randn(24, 6).tolist()
        paths[-1].write_bytes(b"".join(struct.pack("6fi", *x, int(x[0] > x[1])) for x in rows))
    dataset = RecordDataset(paths)
    loader = DataLoader(dataset, batch_size=8, num_workers=2)
    model = nn.Linear(6, 2)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for epoch in range(2):
        for x, y in loader:
            loss = nn.functional.cross_entropy(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        print(epoch, loss.item())
