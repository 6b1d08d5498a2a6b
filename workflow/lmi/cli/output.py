"""What commands print: JSON for programs, aligned columns for people."""

import json
import math
from pathlib import Path


def plain(value):
    """Return a value as JSON has it: NaN as null, numpy's numbers as Python's."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Path):
        return str(value)
    return value


def dumps(value):
    """Return a value as JSON text."""
    return json.dumps(plain(value), indent=2, ensure_ascii=False)


def aligned(rows):
    """Return rows of text as lines with aligned columns: the first to the left."""
    rows = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if i else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )
