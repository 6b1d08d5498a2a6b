"""Many pairs at a time, a thread each."""

from concurrent.futures import ThreadPoolExecutor


def map_pairs(function, items, threads):
    """Return [function(item) for item in items], several at a time.

    BLAS and torch keep to one thread meanwhile: their matrices here are small, and threads that
    wait for each other took six times the CPU time of one.

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
    import torch
    from threadpoolctl import threadpool_limits

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1), ThreadPoolExecutor(threads) as pool:
            return list(pool.map(function, items))
    finally:
        torch.set_num_threads(before)
