"""Latent mutual information of high-dimensional variables: `lmi.estimate(Xs, Ys)`.

Importing the package imports nothing heavy: the workflow's Snakefile does so in every job.
"""

__version__ = "0.6.1"

__all__ = ["InputError", "Result", "__version__", "estimate"]


def __getattr__(name):
    if name in ("estimate", "Result"):
        from lmi import api

        return getattr(api, name)
    if name == "InputError":
        from lmi.errors import InputError

        return InputError
    raise AttributeError(f"module 'lmi' has no attribute '{name}'")
