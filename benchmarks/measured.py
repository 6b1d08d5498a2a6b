"""A function run in a process of its own: the time and the memory that it took."""

import importlib
import multiprocessing
import os
import resource
import subprocess
import time


def call(function, *arguments, **options):
    """Call a function in a fresh Python, and measure it from the start of that Python.

    Parameters
    ----------
    function : str
        ``module.name``, such as ``lmi.pipeline.embed.embed``.
    *arguments, **options
        Passed on.

    Returns
    -------
    dict of str to float
        wall_s, seconds (of CPU), memory_mb (peak).

    Raises
    ------
    RuntimeError
        The function raised; its traceback is on stderr.
    """
    receiver, sender = multiprocessing.Pipe(duplex=False)
    start = time.perf_counter()
    process = multiprocessing.get_context("spawn").Process(
        target=_call, args=(sender, function, arguments, options)
    )
    process.start()
    process.join()
    if process.exitcode:
        raise RuntimeError(f"{function} ended with status {process.exitcode}")
    seconds, memory_mb = receiver.recv()
    return {
        "wall_s": time.perf_counter() - start,
        "seconds": seconds,
        "memory_mb": memory_mb,
    }


def _call(pipe, function, arguments, options):
    module, _, name = function.rpartition(".")
    getattr(importlib.import_module(module), name)(*arguments, **options)
    used = resource.getrusage(resource.RUSAGE_SELF)
    pipe.send((used.ru_utime + used.ru_stime, used.ru_maxrss / 1e3))


def command(words, folder):
    """Run a command; return what `call` does, and what it wrote as `output`.

    Parameters
    ----------
    words : list of str
    folder : str or Path
        Where it runs.

    Raises
    ------
    RuntimeError
        It failed; the message ends with its last words.
    """
    start = time.perf_counter()
    process = subprocess.Popen(
        words, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    output = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{words} ended with status {process.returncode}: {output[-2000:]}")
    return {
        "wall_s": time.perf_counter() - start,
        "seconds": used.ru_utime + used.ru_stime,
        "memory_mb": used.ru_maxrss / 1e3,
        "output": output,
    }
