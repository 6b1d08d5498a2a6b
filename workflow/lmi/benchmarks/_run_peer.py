"""Run a released package on one pair, in its own environment; `lmi.benchmarks.peers` starts it.

Arguments: an npz file with x and y, and a JSON object with package, seed, threads, settings and,
for benchmark-mi, estimator. Prints one JSON object: mi_bits, seconds and cpu_seconds of the call
(not of the imports), reason.
"""

import contextlib
import json
import math
import os
import sys
import time


def latentmi(options):
    """Return a function from x and y to bits by latentmi."""
    import numpy as np
    import torch
    from latentmi import lmi

    torch.set_num_threads(options["threads"])
    torch.manual_seed(options["seed"])
    np.random.seed(options["seed"])

    def estimate(x, y):
        # latentmi prints its progress whatever `quiet` is
        with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
            pointwise, _, _ = lmi.estimate(x, y, **options["settings"])
        return float(np.nanmean(pointwise))

    return estimate


def bmi(options):
    """Return a function from x and y to bits by an estimator of benchmark-mi."""
    if options["threads"] == 1:
        flags = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
        os.environ["XLA_FLAGS"] = flags
    os.environ["JAX_PLATFORMS"] = "cpu"
    import bmi.estimators

    def estimate(x, y):
        make = getattr(bmi.estimators, options["estimator"])
        estimator = make(verbose=False, seed=options["seed"], **options["settings"])
        return float(estimator.estimate(x, y)) / math.log(2)

    return estimate


def main(path, options):
    """Estimate the mutual information of the arrays in `path`; return a row."""
    estimate = {"latentmi": latentmi, "bmi": bmi}[options["package"]](options)
    import numpy as np

    with np.load(path) as data:
        x, y = data["x"], data["y"]
    reason, mi_bits = "", float("nan")
    wall, cpu = time.perf_counter(), time.process_time()
    try:
        mi_bits = estimate(x, y)
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
    row = {"seconds": time.perf_counter() - wall, "cpu_seconds": time.process_time() - cpu}
    return {"mi_bits": mi_bits, **row, "reason": reason}


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], json.loads(sys.argv[2]))))
