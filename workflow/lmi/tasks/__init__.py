"""Synthetic and resampled data with known mutual information, for benchmarks and examples."""

from lmi.tasks import bmi, gaussian, images, labels, mixed, real, shapes
from lmi.tasks.registry import TASKS, Task, check, make

__all__ = [
    "TASKS",
    "Task",
    "bmi",
    "check",
    "gaussian",
    "images",
    "labels",
    "make",
    "mixed",
    "real",
    "shapes",
]
