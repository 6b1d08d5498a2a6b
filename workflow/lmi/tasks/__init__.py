"""Synthetic and resampled data with known mutual information, for benchmarks and examples."""

from lmi.tasks import gaussian, labels, shapes
from lmi.tasks.registry import TASKS, Task, check, make

__all__ = ["TASKS", "Task", "check", "gaussian", "labels", "make", "shapes"]
