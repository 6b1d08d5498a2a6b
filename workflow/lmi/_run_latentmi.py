"""Run latentmi on one pair: a script for latentmi's own environment, started by `lmi.peers`.

Arguments: an npz file with x and y, and a JSON object with seed, threads and settings.
Prints one JSON object: mi_bits, seconds and cpu_seconds of the call (not of the imports), reason.
"""

import contextlib
import json
import os
import sys
import time


def main(path, options):
    """Estimate the mutual information of the arrays in `path`; return a row."""
    import numpy as np
    import torch
    from latentmi import lmi

    torch.set_num_threads(options["threads"])
    torch.manual_seed(options["seed"])
    np.random.seed(options["seed"])
    with np.load(path) as data:
        x, y = data["x"], data["y"]
    reason, mi_bits = "", float("nan")
    wall, cpu = time.perf_counter(), time.process_time()
    try:
        # latentmi prints its progress whatever `quiet` is
        with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
            pointwise, _, _ = lmi.estimate(x, y, **options["settings"])
        mi_bits = float(np.nanmean(pointwise))
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
    row = {"seconds": time.perf_counter() - wall, "cpu_seconds": time.process_time() - cpu}
    return {"mi_bits": mi_bits, **row, "reason": reason}


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], json.loads(sys.argv[2]))))
