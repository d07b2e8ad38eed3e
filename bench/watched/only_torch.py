"""What a start is measured with."""

import torch  # noqa: F401
