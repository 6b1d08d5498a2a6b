"""The GPUs of this machine, as far as they can be seen without loading torch."""

import os
from pathlib import Path


def devices() -> list[str]:
    """Return the numbers of the GPUs, or those that CUDA_VISIBLE_DEVICES leaves, as strings."""
    if "CUDA_VISIBLE_DEVICES" in os.environ:
        return [name for name in os.environ["CUDA_VISIBLE_DEVICES"].split(",") if name]
    return [str(i) for i, _ in enumerate(Path("/dev").glob("nvidia[0-9]*"))]
