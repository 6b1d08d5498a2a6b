"""Other estimators, run side by side with ours in environments of their own."""

import json
import math
import os
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np

from lmi.errors import InputError

_SCRIPT = Path(__file__).with_name("_run_latentmi.py")
_NAN = float("nan")


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
    x, y = np.asarray(x), np.asarray(y)
    if x.ndim != 2 or y.ndim != 2 or len(x) != len(y):
        raise InputError(
            "latentmi: expected x and y of shape (n_samples, n_features) with equal n_samples, "
            f"found {x.shape} and {y.shape}; pass aligned matrices"
        )
    if not os.access(python, os.X_OK):
        raise InputError(
            f"latentmi: expected the Python of an environment at {python}, found none; build it "
            "as envs/latentmi/requirements.txt says"
        )
    options = json.dumps({"seed": seed, "threads": threads, "settings": settings})
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    environment = {**os.environ, **dict.fromkeys(names, str(threads))}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pair.npz"
        np.savez(path, x=x, y=y)
        # -I keeps this package's folder and the caller's PYTHONPATH out of the other environment
        command = [os.fspath(python), "-I", os.fspath(_SCRIPT), os.fspath(path), options]
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
