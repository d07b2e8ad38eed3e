"""Published data sets, fetched from a server on this machine."""

from __future__ import annotations

import dataclasses
import gzip
import hashlib
import http.server
import io
import os
import socket
import struct
import tarfile
import threading

import numpy as np
import pytest

from goingdeep.data import NAMES, load
from goingdeep.data.idx import read_idx
from goingdeep.data.images import DataSettings
from goingdeep.data.sources.named import cifar10, fashion_mnist, mnist
from goingdeep.data.sources.published import load_published
from goingdeep.errors import ChecksumError, DownloadError, ShapeError

SETTINGS = DataSettings()


def idx(array):
    return (
        bytes([0, 0, 8, array.ndim])
        + struct.pack(f">{array.ndim}I", *array.shape)
        + array.tobytes()
    )


@pytest.fixture
def contents(pixels):
    """Four small files in the form of MNIST, by name."""
    labels = np.arange(20, dtype=np.uint8) % 10
    arrays = (pixels(20, 28, 28), labels, pixels(10, 28, 28), labels[:10])
    return {name: idx(array) for name, array in zip(mnist.IDX_NAMES, arrays, strict=True)}


@pytest.fixture
def server():
    """A server whose files are in `server.files`; `server.asked` lists what was fetched."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            name = self.path.lstrip("/")
            self.server.asked.append(name)
            if name not in self.server.files:
                self.send_error(404)
                return
            body, announced = self.server.files[name]
            self.send_response(200)
            self.send_header("Content-Length", str(announced))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        running.files, running.asked = {}, []
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        running.url = f"http://127.0.0.1:{running.server_port}/"
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def published(server, contents):
    files = []
    for name, content in contents.items():
        packed = gzip.compress(content)
        server.files[name] = (packed, len(packed))
        digest = hashlib.sha256(content).hexdigest()
        files.append(
            dataclasses.replace(
                mnist.MNIST.files[0],
                name=name,
                size=len(packed),
                sha256=digest,
                inside=len(content),
            )
        )
    return dataclasses.replace(
        fashion_mnist.FASHION_MNIST, files=tuple(files), mirrors=(server.url,)
    )


def test_a_download_is_decoded_and_kept(published, server, contents, cache):
    told = []
    data = load_published(published, SETTINGS, lambda *said: told.append(said))
    expected = read_idx(contents["train-images-idx3-ubyte.gz"])
    assert np.array_equal(data.train.images[:, 0], expected)
    assert data.train.labels.tolist() == [*range(10)] * 2
    size = published.files[0].size
    assert ("fetching train-images-idx3-ubyte.gz", size, size) in told
    assert [path.name for path in cache.iterdir()] == ["fashion-mnist"]
    server.files.clear()
    again = load_published(published, SETTINGS)
    assert again.fingerprint() == data.fingerprint()
    assert isinstance(again.train.images, np.memmap)
    assert len(server.asked) == 4


def test_files_packed_again_by_a_distribution_are_taken(published, contents, tmp_path, monkeypatch):
    folder = tmp_path / "fashion-mnist"
    folder.mkdir()
    for name, content in contents.items():
        (folder / name).write_bytes(gzip.compress(content, compresslevel=1, mtime=7))
    monkeypatch.setenv("GOINGDEEP_SYSTEM_DATA", str(tmp_path))
    offline = dataclasses.replace(published, mirrors=())
    assert len(load_published(offline, SETTINGS).train) == 20


def test_a_wrong_file_is_refused_and_not_kept(published, server, contents, cache):
    name = "t10k-images-idx3-ubyte.gz"
    other = bytearray(contents[name])
    other[-1] ^= 1
    packed = gzip.compress(bytes(other))
    server.files[name] = (packed, len(packed))
    with pytest.raises(ChecksumError) as caught:
        load_published(published, SETTINGS)
    assert "t10k-images-idx3-ubyte.gz is not the file that was published" in str(caught.value)
    assert "SHA-256" in caught.value.why
    kept = sorted(path.name for path in (cache / "downloads" / "fashion-mnist").iterdir())
    assert kept == ["train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"]
    assert not (cache / "fashion-mnist").exists()


def test_after_a_failure_only_what_is_missing_is_fetched(published, server):
    name = "t10k-labels-idx1-ubyte.gz"
    right = server.files.pop(name)
    with pytest.raises(DownloadError):
        load_published(published, SETTINGS)
    server.files[name] = right
    server.asked.clear()
    load_published(published, SETTINGS)
    assert server.asked == [name]


@pytest.mark.parametrize("name", ["train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"])
def test_a_cut_download_is_refused_and_not_kept(published, server, cache, name):
    body, size = server.files[name]
    server.files[name] = (body[:-5], size)
    with pytest.raises(
        ChecksumError, match=f"the download was cut: {size - 5:,} of {size:,} bytes"
    ):
        load_published(published, SETTINGS)
    assert not [path for path in cache.rglob("*") if "part" in path.name or path.name == name]


def test_a_file_without_end_is_refused(published, server):
    name = "train-images-idx3-ubyte.gz"
    body = server.files[name][0] + b"x" * 600_000
    server.files[name] = (body, published.files[0].size)
    load_published(published, SETTINGS)  # the rest is never read
    bomb = gzip.compress(bytes(3_000_000))
    server.files[name] = (bomb, len(bomb))
    with pytest.raises(ChecksumError, match="is not the file that was published"):
        load_published(dataclasses.replace(published, name="other"), SETTINGS)


def test_the_next_mirror_is_tried(published, server):
    mirrors = ("http://127.0.0.1:1/", f"{server.url}missing/", "ftp://127.0.0.1/", server.url)
    assert (
        len(load_published(dataclasses.replace(published, mirrors=mirrors), SETTINGS).train) == 20
    )


def test_without_a_network_the_error_names_what_works(published, cache):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening: nobody answers
        nowhere = f"http://127.0.0.1:{taken.getsockname()[1]}/"
        with pytest.raises(DownloadError) as caught:
            load_published(dataclasses.replace(published, mirrors=(nowhere,)), SETTINGS)
    text = str(caught.value)
    assert text.startswith("train-images-idx3-ubyte.gz could not be downloaded\n")
    assert "apt-get install dataset-fashion-mnist" in caught.value.fix
    assert "fashion-mnist-sample" in caught.value.fix
    assert isinstance(caught.value, ConnectionError)


def test_a_cache_that_cannot_be_written_is_not_needed(published, monkeypatch, tmp_path):
    (tmp_path / "a-file").write_text("x")
    monkeypatch.setenv("GOINGDEEP_CACHE", str(tmp_path / "a-file"))
    data = load_published(published, SETTINGS)
    assert len(data.test) == 10
    assert "the images are kept in memory" in data.notes[0]


def test_duplicates_are_counted_once_and_kept(published):
    assert load_published(published, SETTINGS).facts["duplicates"]["train_in_test"] == 0


def test_the_binary_form_of_cifar_is_read(pixels):
    records = pixels(60, 3073)
    records[:, 0] %= 10
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        names = [f"data_batch_{n}.bin" for n in range(1, 6)] + ["test_batch.bin"]
        for name, rows in zip(names, np.split(records, 6), strict=True):
            info = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            info.size = rows.nbytes
            archive.addfile(info, io.BytesIO(rows.tobytes()))
    train, test = cifar10.decode_cifar({cifar10.ARCHIVE: content.getvalue()})
    assert train.images.shape == (50, 3, 32, 32)
    assert train.labels.tolist() == records[:50, 0].tolist()
    assert np.array_equal(test.images.reshape(10, -1), records[50:, 1:])


@pytest.mark.parametrize(
    "content", [b"", b"\0\0\x08", b"\0\0\x09\1\0\0\0\1\0", b"\0\0\x08\1\0\0\0\5abc"]
)
def test_what_is_not_idx_is_refused(content):
    with pytest.raises(ShapeError, match="IDX"):
        read_idx(content)


def test_every_named_set_has_a_module():
    assert NAMES == ("cifar10", "fashion-mnist", "fashion-mnist-sample", "mnist")


@pytest.mark.skipif(
    not os.path.exists("/usr/share/datasets/fashion-mnist"),  # noqa: PTH110
    reason="Debian's package dataset-fashion-mnist is not installed",
)
def test_debians_fashion_mnist_is_the_published_one(monkeypatch):
    monkeypatch.delenv("GOINGDEEP_SYSTEM_DATA")
    data = load("fashion-mnist")
    assert data.train.images.shape == (60_000, 1, 28, 28)
    assert data.facts["duplicates"] == {"within_train": 0, "two_labels": 0, "train_in_test": 0}
    first = np.flatnonzero(data.train.labels == 9)[0]
    sample = load("fashion-mnist-sample")
    in_sample = np.flatnonzero(sample.train.labels == 9)[0]
    assert np.array_equal(data.train.images[first], sample.train.images[in_sample])
