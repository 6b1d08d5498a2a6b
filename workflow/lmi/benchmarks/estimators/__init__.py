"""The estimators that benchmarks compare, a module each: a new file is a new one.

Either the workflow's own stages make the estimate, with other settings:

EMBED : dict
    Settings of the config's section `embed` that it changes.
VALUE : str, optional
    Column of the estimate; mi_bits where it is absent.
RUN : str, optional
    Another estimator whose results it reads, so that nothing is computed twice.

or a function does, with the samples of a task:

estimate(x, y, seed, **settings) : function
    Returns a dict with `mi_bits`, `reason` where there is none, and `detail`, JSON-like, if there
    is more to tell.
ENVIRONMENT : str, optional
    Name of a folder of envs/ with the lock file of a released package. A rule builds the
    environment; its Python is passed as `python`.

and in both cases

TITLE : str
PUBLISHED : str, optional
    Its name in published/published.tsv.
SHARE, LEAST : int, optional
    For a costly one: at the scales smoke and quick it gets one in so many cells of a figure; at
    quick LEAST at least (1) where there are published values to compare with.
SMOKE : dict, optional
    Settings of scale smoke, where a shorter training than it takes will do.
FIGURES : tuple of str, optional
    The only figures in which it makes sense.
QUICK : tuple of str, optional
    The only figures in which a very costly one is at quick; variants aside.
"""

import importlib
import pkgutil

import numpy as np

ESTIMATORS = {
    module.name: importlib.import_module(f"{__name__}.{module.name}")
    for module in pkgutil.iter_modules(__path__)
    if not module.name.startswith("_")
}
"""Name -> module."""

SMOKE = ("default", "conservative", "paper", "ksg", "cca", "decode")
"""Those of scale smoke: no other package is needed."""


def environment(name):
    """Return the Python of the estimator's own environment, or None where it needs none."""
    folder = getattr(ESTIMATORS[name], "ENVIRONMENT", None)
    return f".{folder}/bin/python" if folder else None


def run(name, x, y, seed, **settings):
    """Estimate one pair, outside of the workflow.

    Parameters
    ----------
    name : str
        A key of `ESTIMATORS`.
    x, y : array, shape (n_samples, n_features)
    seed : int
    **settings
        Of an estimator that is a function.

    Returns
    -------
    dict
        mi_bits and reason, which is empty where there is an estimate; more where it tells more.
    """
    module = ESTIMATORS[name]
    if hasattr(module, "estimate"):
        python = environment(name)
        extra = {"python": python} if python else {}
        result = module.estimate(x, y, seed, **extra, **settings)
    else:
        result = _by_stages(module, x, y, seed)
    reason = "" if np.isfinite(result["mi_bits"]) else "the estimate is not a number"
    return {"reason": reason} | result


def _by_stages(module, x, y, seed):
    from lmi.api import estimate

    if hasattr(module, "RUN"):
        module = ESTIMATORS[module.RUN]
    options = {key: value for key, value in module.EMBED.items() if key != "paper"}
    options |= module.EMBED.get("paper", {})
    result = estimate(x, y, seed=seed, n_permutations=0, **options)
    names = ("mi_bits", "mi_ksg_bits", "sd_bits", "sd_ksg_bits", "low_bits", "high_bits")
    names += ("flag", "candidate")
    return {name: getattr(result, name) for name in names}
