"""What every script does around its one call: threads, import path, log, readable errors."""

import contextlib
import logging
import os
import sys
import traceback
from pathlib import Path

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))


@contextlib.contextmanager
def job(snakemake):
    """Run the body of a script with its thread count, its log and errors told in one message.

    Libraries read their thread count when they are first imported: the body, not the head, of a
    script imports numpy, torch and what needs them.

    Parameters
    ----------
    snakemake : snakemake.iocontainers.Snakemake
        The job; its first log file is written, and errors go to stderr as well.
    """
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, str(snakemake.threads)))
    log = logging.FileHandler(snakemake.log[0], mode="w")
    log.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    console = logging.StreamHandler(sys.stderr)
    console.setLevel(logging.ERROR)
    console.setFormatter(logging.Formatter(f"{snakemake.rule}: %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[log, console], force=True)
    logging.captureWarnings(True)
    logger = logging.getLogger("lmi")
    try:
        from lmi.base import memory

        memory.check(snakemake.resources.get("mem_mb", 0))
        yield
    except Exception as error:
        from lmi.base import disk
        from lmi.base.errors import InputError

        if isinstance(error, InputError):
            logger.error("%s", error)
        elif isinstance(error, OSError) and (message := disk.told(error)):
            logger.error("%s", message)
            log.stream.write(traceback.format_exc())
        else:
            logger.error("%s: %s (traceback in %s)", type(error).__name__, error, snakemake.log[0])
            log.stream.write(traceback.format_exc())
        sys.exit(1)
    logger.info("done")
