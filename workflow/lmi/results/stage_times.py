"""What the stages of a run took, from the benchmark files that Snakemake writes."""

import csv
from pathlib import Path

import numpy as np


def stage_times(benchmarks_dir: str | Path) -> list[dict]:
    """Sum Snakemake's benchmark files by rule.

    Parameters
    ----------
    benchmarks_dir : str or Path
        Holds a file or a folder of files a rule, tables with the columns s, max_rss, cpu_time.

    Returns
    -------
    list of dict
        stage, jobs, seconds (sum over jobs), cpu_seconds, max_rss_mb; NaN where not measured.
    """
    order = (
        "describe",
        "project",
        "embed",
        "estimate",
        "collect",
        "aggregate",
        "report",
        "benchmark",
    )
    folder = Path(benchmarks_dir)
    stages: dict[str, list] = {}
    for path in sorted(folder.rglob("*.tsv")) if folder.is_dir() else []:
        stage = path.relative_to(folder).parts[0].removesuffix(".tsv")
        with path.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines, delimiter="\t"):
                stages.setdefault(stage, []).append(
                    [_number(row.get(name)) for name in ("s", "cpu_time", "max_rss")]
                )
    total = []
    for stage in sorted(
        stages, key=lambda name: (order.index(name) if name in order else len(order), name)
    ):
        numbers = np.array(stages[stage])
        measured = np.isfinite(numbers)
        summed = np.where(measured, numbers, 0).sum(axis=0)
        highest = np.where(measured, numbers, -np.inf).max(axis=0)
        total.append(
            {
                "stage": stage,
                "jobs": len(numbers),
                "seconds": float(summed[0]) if measured[:, 0].any() else np.nan,
                "cpu_seconds": float(summed[1]) if measured[:, 1].any() else np.nan,
                "max_rss_mb": float(highest[2]) if measured[:, 2].any() else np.nan,
            }
        )
    return total


def _number(cell):
    """Return a number of a benchmark file; Snakemake writes ``-`` or ``NA`` for unmeasured."""
    try:
        return float(cell)
    except (TypeError, ValueError):
        return np.nan
