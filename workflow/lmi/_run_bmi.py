"""Run benchmark-mi on one pair: a script for its own environment, started by `lmi.peers`.

Arguments: an npz file with x and y, and a JSON object with estimator, seed, threads and settings.
Prints one JSON object: mi_bits, seconds and cpu_seconds of the call (not of the imports), reason.
"""

import json
import math
import os
import sys
import time


def main(path, options):
    """Estimate the mutual information of the arrays in `path`; return a row."""
    if options["threads"] == 1:
        flags = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
        os.environ["XLA_FLAGS"] = flags
    os.environ["JAX_PLATFORMS"] = "cpu"
    import bmi.estimators
    import numpy as np

    with np.load(path) as data:
        x, y = data["x"], data["y"]
    reason, mi_bits = "", float("nan")
    wall, cpu = time.perf_counter(), time.process_time()
    try:
        make = getattr(bmi.estimators, options["estimator"])
        estimator = make(verbose=False, seed=options["seed"], **options["settings"])
        mi_bits = float(estimator.estimate(x, y)) / math.log(2)
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
    row = {"seconds": time.perf_counter() - wall, "cpu_seconds": time.process_time() - cpu}
    return {"mi_bits": mi_bits, **row, "reason": reason}


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], json.loads(sys.argv[2]))))
