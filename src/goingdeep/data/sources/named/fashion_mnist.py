"""Fashion-MNIST: 60,000 + 10,000 pictures of clothes, 28x28, grey (Zalando, MIT licence)."""

from __future__ import annotations

from goingdeep.data.images import DataSettings, ImageData, Progress
from goingdeep.data.sources.named.mnist import IDX_INSIDE, IDX_NAMES, decode_idx
from goingdeep.data.sources.published import Published, PublishedFile, load_published

CLASS_NAMES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)

FASHION_MNIST = Published(
    name="fashion-mnist",
    class_names=CLASS_NAMES,
    files=tuple(
        PublishedFile(name, size, sha256, inside)
        for name, inside, size, sha256 in zip(
            IDX_NAMES,
            IDX_INSIDE,
            (26_421_880, 29_515, 4_422_102, 5_148),
            (
                "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
                "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
                "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
                "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
            ),
            strict=True,
        )
    ),
    mirrors=(
        "https://fashion-mnist.s3.eu-central-1.amazonaws.com/",
        "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    ),
    decode=decode_idx,
    offline="apt-get install dataset-fashion-mnist (Debian, Ubuntu), or without any network use "
    "fashion-mnist-sample, which comes with goingdeep",
)


def load(settings: DataSettings, progress: Progress | None = None) -> ImageData:
    """Open Fashion-MNIST; see `load_published`."""
    return load_published(FASHION_MNIST, settings, progress)
