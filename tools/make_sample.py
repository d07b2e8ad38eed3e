"""Make the embedded sample: 10,000 + 2,000 balanced images of Fashion-MNIST.

    python tools/make_sample.py            # reads Debian's package dataset-fashion-mnist
    python tools/make_sample.py FOLDER     # or the four .gz files in any folder

The first 1,000 (train) and 200 (test) images of each class are taken, in their published order. The
same input gives the same bytes on one machine (another zlib may pack them differently).
"""

from __future__ import annotations

import io
import sys
import zipfile
from pathlib import Path

import numpy as np

from goingdeep.data.images import I64, Part
from goingdeep.data.sources.named.fashion_mnist import FASHION_MNIST
from goingdeep.data.sources.published import read_folder

TARGET = Path(__file__).parent.parent / "src/goingdeep/data/sample/fashion-mnist-sample.npz"
MOST_BYTES = 6_000_000


def first_of_each_class(labels: I64, count: int) -> I64:
    """Indices of the first `count` samples of every class, in their original order."""
    chosen = [np.flatnonzero(labels == k)[:count] for k in np.unique(labels)]
    return np.sort(np.concatenate(chosen))


def write(target: Path, arrays: dict[str, np.ndarray]) -> None:
    """Write an .npz file packed as tightly as deflate can, with no clock in it."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, array in arrays.items():
            buffer = io.BytesIO()
            np.lib.format.write_array(buffer, array, allow_pickle=False)
            entry = zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, buffer.getvalue(), compresslevel=9)


def main() -> None:
    """Read, choose, write and say what was written."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path("/usr/share/datasets/fashion-mnist")
    train, test = read_folder(FASHION_MNIST, folder)
    arrays: dict[str, np.ndarray] = {}
    for name, part, count in (("train", train, 1000), ("test", test, 200)):
        chosen: Part = part.subset(first_of_each_class(part.labels, count))
        arrays[f"{name}_images"] = chosen.images
        arrays[f"{name}_labels"] = chosen.labels.astype(np.uint8)
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    write(TARGET, arrays)
    size = TARGET.stat().st_size
    if size > MOST_BYTES:
        sys.exit(f"{TARGET} has {size:,} bytes, more than {MOST_BYTES:,}")
    counts = {name: array.shape for name, array in arrays.items()}
    print(f"{TARGET}: {size:,} bytes, {counts}")


if __name__ == "__main__":
    main()
