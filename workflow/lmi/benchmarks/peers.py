"""Other estimators, run side by side with ours in environments of their own."""

import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from lmi.base.errors import InputError

_SCRIPT = Path(__file__).with_name("_run_peer.py")
_NAN = float("nan")
TIMEOUT_S = 900
"""After which the benchmark gives a pair up."""
PYTHON = "3.11"
"""The Python of the environments: the lock files hold for it."""


def install(folder, requirements):
    """Make an environment of its own for a released package, from its lock file.

    Parameters
    ----------
    folder : str or Path
        Where; it is made anew.
    requirements : str or Path
        Lock file, with every package that is needed.

    Raises
    ------
    InputError
        There is no Python 3.11, or pip cannot install.
    """
    python = _python()
    if python is None:
        raise InputError(
            f"environment {folder}: expected a Python {PYTHON}, which its packages were released "
            f"for, found none on the PATH. Install one, or leave its estimators out of "
            "benchmark.estimators"
        )
    pip = [Path(folder) / "bin/python", "-m", "pip", "--disable-pip-version-check", "install"]
    pip += ["--quiet", "--no-deps", "--requirement", requirements]
    for command in ([python, "-m", "venv", "--clear", folder], pip):
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
        if done.returncode != 0:
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            raise InputError(
                f"environment {folder}: expected the packages of {requirements}, found that they "
                f"cannot be installed: {last}. It takes access to a package index; without, leave "
                "its estimators out of benchmark.estimators"
            )


def _python():
    """Return a Python of the version PYTHON, or None."""
    for candidate in (sys.executable, shutil.which(f"python{PYTHON}"), shutil.which("python3")):
        if candidate:
            ask = "import sys; print('.'.join(map(str, sys.version_info[:2])))"
            done = subprocess.run([candidate, "-c", ask], capture_output=True, text=True)
            if done.stdout.strip() == PYTHON:
                return candidate
    return None


def latentmi(python, x, y, *, seed=0, threads=1, timeout_s=None, **settings):
    """Estimate the mutual information of one pair with the released latentmi 0.1.3.

    What its numbers depend on: the best weights are kept by reference, so that training ends
    with the last ones; the validation loss has dropout on; early stopping and the estimate use
    the same half of the samples; it draws from numpy's and torch's global generators, which are
    seeded here.

    Parameters
    ----------
    python : path
        Python of an environment with latentmi, see envs/latentmi/requirements.txt.
    x, y : ndarray, shape (n_samples, n_features)
        Aligned samples of the two variables.
    seed : int
        Seed of the split, the initial weights and the batches.
    threads : int
        Threads for torch and the linear algebra.
    timeout_s : float, optional
        Seconds after which the run is stopped.
    **settings
        Passed on to `latentmi.lmi.estimate`.

    Returns
    -------
    dict
        mi_bits; seconds and cpu_seconds of the call, imports and file reading left out; reason,
        which is empty unless the run failed or was stopped: then the values are NaN (the
        seconds of a stopped run are those waited).

    Raises
    ------
    InputError
        The environment is missing, or x and y are not aligned matrices.
    """
    options = {"seed": seed, "threads": threads, "settings": settings}
    return _run(python, "latentmi", x, y, options, timeout_s)


def bmi(python, estimator, x, y, *, seed=0, threads=1, timeout_s=None, **settings):
    """Estimate the mutual information of one pair with the released benchmark-mi 0.1.3.

    Its neural estimators train a critic on half of the samples and report the largest value on
    the other half, in nats, which become bits here.

    Parameters
    ----------
    python : path
        Python of an environment with benchmark-mi, see envs/benchmark-mi/requirements.txt.
    estimator : str
        Class of `bmi.estimators`: MINEEstimator, InfoNCEEstimator, NWJEstimator.
    x, y, seed, threads, timeout_s
        As in `latentmi`.
    **settings
        Passed on to the class, for example hidden_layers.

    Returns
    -------
    dict
        As `latentmi` does.
    """
    options = {"seed": seed, "threads": threads, "settings": settings, "estimator": estimator}
    return _run(python, "bmi", x, y, options, timeout_s)


def _run(python, package, x, y, options, timeout_s):
    """Run a package on one pair in another environment; return its row."""
    x, y = np.asarray(x), np.asarray(y)
    if x.ndim != 2 or y.ndim != 2 or len(x) != len(y):
        raise InputError(
            f"{package}: expected x and y of shape (n_samples, n_features) with equal n_samples, "
            f"found {x.shape} and {y.shape}; pass aligned matrices"
        )
    if not os.access(python, os.X_OK):
        raise InputError(
            f"{package}: expected the Python of an environment at {python}, found none; build it "
            "with the lock file of the package in envs/"
        )
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    environment = {**os.environ, **dict.fromkeys(names, str(options["threads"]))}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pair.npz"
        np.savez(path, x=x, y=y)
        # -I keeps this package's folder and the caller's PYTHONPATH out of the other environment
        command = [os.fspath(python), "-I", os.fspath(_SCRIPT)]
        command += [os.fspath(path), json.dumps(options | {"package": package})]
        start = time.perf_counter()
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=timeout_s, env=environment
            )
        except subprocess.TimeoutExpired:
            waited = time.perf_counter() - start
            return _failed(f"stopped after {timeout_s:g} s", waited)
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        return _failed(f"exit status {done.returncode}: {last}", _NAN)
    row = json.loads(done.stdout.splitlines()[-1])
    if not row["reason"] and not math.isfinite(row["mi_bits"]):
        row["reason"] = "the estimate is not a number"
    return row


def _failed(reason, seconds):
    return {"mi_bits": _NAN, "seconds": seconds, "cpu_seconds": _NAN, "reason": reason}
