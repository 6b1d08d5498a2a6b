"""Latent mutual information of high-dimensional variables: `lmi.estimate(Xs, Ys)`.

`lmi.load("results/<run>")` reads a finished run of the workflow back.

Importing the package imports nothing heavy: the workflow's Snakefile does so in every job.
"""

import importlib

__version__ = "0.13.0"

__all__ = [
    "Comparison",
    "InputError",
    "LatentMI",
    "Model",
    "Result",
    "Run",
    "Selection",
    "Transfer",
    "__version__",
    "compare",
    "estimate",
    "ksg",
    "load",
    "load_model",
    "select",
    "tasks",
    "transfer",
]

_HOME = {
    "estimate": "lmi.api",
    "Result": "lmi.api",
    "compare": "lmi.api_compare",
    "Comparison": "lmi.api_compare",
    "transfer": "lmi.api_transfer",
    "Transfer": "lmi.api_transfer",
    "select": "lmi.api_select",
    "Selection": "lmi.api_select",
    "InputError": "lmi.base.errors",
    "load": "lmi.results.load",
    "load_model": "lmi.model.fitted",
    "Model": "lmi.model.fitted",
    "LatentMI": "lmi.api_sklearn",
    "Run": "lmi.results.load",
}
_SUBPACKAGES = ("ksg", "tasks")


def __getattr__(name):
    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name]), name)
    if name in _SUBPACKAGES:
        return importlib.import_module(f"lmi.{name}")
    raise AttributeError(f"module 'lmi' has no attribute '{name}'")


def __dir__():
    return __all__
