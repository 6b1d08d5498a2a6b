"""Whole files in another's place: what a block or tile holds, against what is planned for it."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from lmi.base.errors import InputError
from lmi.base.files import set_aside
from lmi.base.messages import some


def check_block(path: str | Path, found: Iterable[str], planned: Sequence[str]) -> None:
    """Set a block aside that holds other variables than planned, and raise InputError.

    Parameters
    ----------
    path : str or Path
    found, planned : sequence of str
        Names of variables, in order.
    """
    found = list(found)
    if found != list(planned):
        _refuse(path, "project", found, planned)


def check_tile(
    path: str | Path, stage: str, x: Iterable[str], y: Iterable[str], planned: Sequence
) -> None:
    """Set a tile aside whose pairs are not of its two blocks, and raise InputError.

    Parameters
    ----------
    path : str or Path
    stage : str
        What wrote it.
    x, y : sequence of str
        Names of the variables of its pairs.
    planned : (list of str, list of str)
        Names of the variables of its blocks.
    """
    for found, names in zip((x, y), planned, strict=True):
        if others := set(found) - set(names):
            _refuse(path, stage, sorted(others), names)


def _refuse(path, stage, found, planned):
    fault = (
        f"it holds the variables {some(found, 3)}, expected {some(planned, 3)}: it is a file of "
        "another place or run"
    )
    raise InputError(set_aside(path, fault, stage))
