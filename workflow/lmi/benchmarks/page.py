"""What the benchmark leaves: tables, figures, the verdict and one self-contained page."""

import base64
import html
import json
import os
import platform
import re
from pathlib import Path

import numpy as np

from lmi.base.errors import InputError
from lmi.base.files import replacing, versions
from lmi.benchmarks import figures as benchmark_figures
from lmi.benchmarks import plan as benchmark
from lmi.benchmarks import published, verdict
from lmi.report.figures import save
from lmi.report.page import templates
from lmi.results import table as tables

TIMES = ("seconds", "median_seconds")
"""Columns that differ from run to run; nothing else does on one machine."""


def write(settings, results, out):
    """Write the tables, the figures and the page of the benchmark.

    That is benchmark.tsv and .parquet, benchmark_verdict.tsv, benchmark_environment.json, a table
    and a figure (PNG, SVG) a published figure, and benchmark.html.

    Parameters
    ----------
    settings : dict
        The config's section `benchmark`.
    results : Path
        Folder of the run, with its estimates.
    out : Path
        Where the files go.

    Raises
    ------
    InputError
        Where no estimator has an estimate in any figure.
    """
    rows = benchmark.table(settings, results)
    if rows["mi_bits"].isna().all():
        reason = next(iter(rows["reason"]), "")
        raise InputError(f"benchmark: no estimator has an estimate; the first reason: {reason}")
    kept = rows[list(benchmark.COLUMNS)]
    tables.write_tsv(kept, out / "benchmark.tsv")
    with replacing(out / "benchmark.parquet") as name:
        kept.to_parquet(name, index=False, compression="zstd")
    judged = verdict.table(rows, settings)
    tables.write_tsv(judged, out / "benchmark_verdict.tsv")
    facts = environment(settings)
    with replacing(out / "benchmark_environment.json") as name:
        Path(name).write_text(json.dumps(facts, indent=2, sort_keys=True) + "\n")
    sections = []
    for figure in dict.fromkeys(rows["figure"]):
        module = published.FIGURES[figure]
        part = benchmark.of_figure(rows, figure, settings["scale"])
        tables.write_tsv(part, out / "benchmark" / f"{figure}.tsv")
        good = part[np.isfinite(part["mi_bits"])]
        draw = getattr(module, "draw", benchmark_figures.scatter)
        png, _ = save(draw(good if len(good) else part), out / "benchmark" / figure)
        sections.append(
            {
                "id": figure,
                "title": module.TITLE,
                "source": module.SOURCE,
                "text": _paragraphs(module.__doc__),
                "image": "data:image/png;base64," + base64.b64encode(png.read_bytes()).decode(),
                "lines": _lines(judged[judged["figure"] == figure]),
                "failures": _failures(part),
            }
        )
    page = (
        templates()
        .get_template("benchmark.html")
        .render(
            scale=settings["scale"],
            seeds=settings["seeds"],
            n_estimates=f"{len(rows):,}",
            counts=judged["verdict"].value_counts().to_dict(),
            sections=sections,
            method=_paragraphs(verdict.__doc__),
            constants={
                "TOLERANCE": f"{verdict.TOLERANCE:g} bits",
                "MIN_CELLS": verdict.MIN_CELLS,
                "WIDEST": f"{verdict.WIDEST:g} bits",
            },
            facts=facts,
        )
    )
    with replacing(out / "benchmark.html") as name:
        Path(name).write_text(page, encoding="utf-8")


def environment(settings):
    """Return what made the numbers: versions, machine, settings."""
    packages = {}
    root = Path(__file__).resolve().parents[3]
    for name in ("latentmi", "benchmark-mi"):
        lock = root / "envs" / name / "requirements.txt"
        if Path(f".{name}/.installed").exists() and lock.exists():
            lines = lock.read_text().splitlines()
            packages[name] = [line.split(" ")[0] for line in lines if "==" in line]
    return {
        "versions": versions(),
        "machine": {
            "system": platform.system(),
            "architecture": platform.machine(),
            "processor": _processor(),
            "cores": os.cpu_count(),
        },
        "settings": settings,
        "packages": packages,
    }


def _processor():
    try:
        model = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
        return model.group(1) if model else platform.processor()
    except OSError:
        return platform.processor()


def _paragraphs(text):
    """Return a docstring's paragraphs, and list items, in HTML: names in backticks are code."""
    parts = re.split(r"\n\s*\n|\n(?=- )", text.strip())
    flat = (html.escape(" ".join(part.split()), quote=False) for part in parts)
    return [re.sub(r"`([^`]+)`", r"<code>\1</code>", part) for part in flat]


def _number(value, digits=3, sign=False):
    if not np.isfinite(value):
        return "–"
    return f"{value:{'+' if sign else ''}.{digits}f}".replace("-", "−")


def _lines(judged):
    lines = []
    for _, line in judged.iterrows():
        interval = "–"
        if np.isfinite(line["low_bits"]):
            ends = (_number(line[end], sign=True) for end in ("low_bits", "high_bits"))
            interval = " to ".join(ends)
        lines.append(
            {
                "estimator": line["estimator"],
                "verdict": line["verdict"],
                "cells": f"{line['n_cells']:,}",
                "mae": _number(line["mae_bits"]),
                "bias": _number(line["bias_bits"], sign=True),
                "rmse": _number(line["rmse_bits"]),
                "within": _number(100 * line["within_tenth"], 0),
                "tau": _number(line["kendall_tau"], 2),
                "seconds": _number(line["median_seconds"], 2),
                "published": line["published"],
                "published_mae": _number(line["published_mae_bits"]),
                "published_bias": _number(line["published_bias_bits"], sign=True),
                "published_tau": _number(line["published_kendall_tau"], 2),
                "ratio": _number(line["ratio"], 2),
                "interval": interval,
            }
        )
    return lines


def _failures(part):
    """Return the reasons of the rows without an estimate, by estimator."""
    failed = part[part["mi_bits"].isna()]
    counts = failed.groupby(["estimator", "reason"], sort=False).size()
    return [(name, reason, int(n)) for (name, reason), n in counts.items()]
