"""Progress of calls from Python that take a while, in terminals and notebooks."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


def bar(**options: Any) -> Any:
    """Return a bar of tqdm; in a notebook without widgets a line of text, and no warning of it.

    Parameters
    ----------
    **options
        Of `tqdm.auto.tqdm`.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="IProgress not found")
        from tqdm.auto import tqdm

        return tqdm(**options)


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
    with bar(total=total, disable=bool(quiet), desc=name) as shown:
        begun = 0

        def tell(line: str) -> None:
            nonlocal begun
            shown.update(min(begun, 1))
            begun += 1
            if shown.total is not None and begun > shown.total:
                shown.total = begun
            shown.set_description(f"{name}: {line}")

        yield tell
        shown.update(min(begun, 1))
        shown.set_description(name)
