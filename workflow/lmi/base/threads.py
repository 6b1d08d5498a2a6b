"""Many pairs at a time, a thread each."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor


def map_pairs(function: Callable, items: Iterable, threads: int) -> list:
    """Return [function(item) for item in items], several at a time.

    BLAS keeps to one thread meanwhile: the matrices here are small, and threads that wait for each
    other took six times the CPU time of one.

    Parameters
    ----------
    function : callable
    items : iterable
    threads : int
        Items at a time.

    Returns
    -------
    list
    """
    if threads == 1:
        return [function(item) for item in items]
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1), ThreadPoolExecutor(threads) as pool:
        return list(pool.map(function, items))
