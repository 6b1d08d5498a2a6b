"""Progress of calls from Python that take a while, in terminals and notebooks."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def steps(quiet: bool, total: int, name: str) -> Iterator[Callable[[str], None]]:
    """Show a bar of steps, and yield what is called with a few words at the start of each.

    A step beyond the total makes the bar longer.

    Parameters
    ----------
    quiet : bool
        Show nothing.
    total : int
        Steps, as far as they are known.
    name : str
        Of the function.

    Examples
    --------
    >>> with steps(True, 2, "lmi.compare") as tell:
    ...     tell("first")
    ...     tell("second")
    """
    from tqdm.auto import tqdm

    with tqdm(total=total, disable=bool(quiet), desc=name) as bar:
        begun = 0

        def tell(line: str) -> None:
            nonlocal begun
            bar.update(min(begun, 1))
            begun += 1
            if bar.total is not None and begun > bar.total:
                bar.total = begun
            bar.set_description(f"{name}: {line}")

        yield tell
        bar.update(min(begun, 1))
        bar.set_description(name)
