"""Synthetic and resampled data with known mutual information, for benchmarks and examples.

A module of this folder registers its tasks with `registry.task`; a new file is enough.
May import: base.
"""

import importlib
import pkgutil

from lmi.tasks.registry import TASKS, Task, check, make, parameters

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

__all__ = ["TASKS", "Task", "check", "make", "parameters"]
