"""What the functions of the package answer, as plain values, and as a table in a notebook."""

import dataclasses
from typing import Any

import numpy as np

PLAIN = (str, int, float, bool, type(None))


def plain(answer: Any) -> dict[str, Any]:
    """Return the numbers and texts of a dataclass by name, as plain Python: no arrays, no model."""

    def bare(value: Any) -> Any:
        if isinstance(value, np.generic):
            return value.item()
        if isinstance(value, tuple | list):
            return [bare(one) for one in value]
        if isinstance(value, dict):
            return {bare(name): bare(one) for name, one in value.items()}
        return value

    values = {one.name: bare(getattr(answer, one.name)) for one in dataclasses.fields(answer)}
    return {name: value for name, value in values.items() if _is_plain(value)}


def _is_plain(value: Any) -> bool:
    if isinstance(value, list):
        return all(map(_is_plain, value))
    if isinstance(value, dict):
        return all(map(_is_plain, value.values()))
    return isinstance(value, PLAIN)


def html(values: dict[str, Any]) -> str:
    """Return values by name as a table; those that were not asked for, NaN or empty, are left out.

    Parameters
    ----------
    values : dict
        From `plain`.
    """
    import pandas as pd

    def told(value: Any) -> str:
        if isinstance(value, dict):
            return "; ".join(f"{name}: {told(one)}" for name, one in value.items())
        if isinstance(value, list):
            return ", ".join(map(told, value))
        if isinstance(value, float):
            return f"{value:.4g}" if np.isfinite(value) else "–"
        return str(value)

    shown = {
        name: told(value)
        for name, value in values.items()
        if not (value in ("", {}, []) or (isinstance(value, float) and np.isnan(value)))
    }
    return pd.Series(shown, dtype=object).to_frame().to_html(header=False, escape=True)
