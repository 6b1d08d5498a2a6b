"""Benchmark of the report: its size, and when it can be used, by number of variables.

For each number of variables a synthetic run of all pairs: its report is written, opened in a
headless Chromium, and asked for a filtered table, a pair and a heat map.
"""

import argparse
import itertools
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from lmi.base import seeds
from lmi.base.files import write
from lmi.results.columns import COLUMNS
from lmi.results.table import add_q_values

SIZES = (24, 500, 2000)
"""Variables."""
N_SAMPLES, N_DETAILED, N_STEPS, N_NULL = 1000, 200, 20, 200
LIMIT_MS = 60_000


def table(n_variables):
    """Return the table of a synthetic run: all pairs of variables in overlapping groups."""
    rng = seeds.rng(0, "bench_report", n_variables)
    hidden = rng.standard_normal((n_variables, 6)) * (rng.random((n_variables, 6)) < 0.3)
    x, y = map(np.array, zip(*itertools.combinations(range(n_variables), 2), strict=True))
    shared = np.abs((hidden[x] * hidden[y]).sum(axis=1))
    mi = 0.15 * shared**1.5 + 0.02 * rng.standard_normal(len(x))
    order = np.argsort(-mi, kind="stable")
    mi, x, y = mi[order], x[order], y[order]
    sd = 0.02 + 0.02 * rng.random(len(x))
    rows = pd.DataFrame(index=range(len(x)))
    zeros = {"str": "", "int64": 0, "float64": np.nan, "bool": False}
    for name, kind in COLUMNS.items():
        rows[name] = pd.Series([zeros[kind]] * len(x), dtype=object if kind == "str" else kind)
    names = np.array([f"gene set {number:04d}" for number in range(n_variables)], object)
    rows["dataset"], rows["x"], rows["y"] = "synthetic", names[x], names[y]
    rows["n_samples"], rows["flag"], rows["candidate"] = N_SAMPLES, "ok", "linear"
    rows["n_features_x"] = rows["n_features_y"] = 20
    rows["mi_bits"], rows["mi_ksg_bits"] = mi, 0.95 * mi
    rows["sd_bits"], rows["sd_ksg_bits"] = sd, 0.9 * sd
    rows["p_value"] = np.clip(10.0 ** (-40 * np.clip(mi, 0, None)) * rng.random(len(x)), 1e-300, 1)
    rows["p_method"], rows["n_permutations"] = "moments", 9999
    rows["null_mean_bits"], rows["null_sd_bits"] = 0.0, 0.02
    rows["drift_bits"] = 0.01 * rng.standard_normal(len(x))
    rows["converged"], rows["seconds"] = True, 1.0
    add_q_values(rows)
    return rows


def part(rows, path):
    """Write a part with the details of the strongest pairs of a table."""
    rng = seeds.rng(1, "bench_report")
    top = rows.head(N_DETAILED)
    coefficient = np.sqrt(1 - 2.0 ** (-2 * np.clip(top["mi_bits"].to_numpy(), 0, None)))[:, None]
    x = rng.standard_normal((len(top), N_SAMPLES))
    y = coefficient * x + np.sqrt(1 - coefficient**2) * rng.standard_normal(x.shape)
    loss = np.exp(-np.arange(N_STEPS) / 5) + 0.02 * rng.random((len(top), 2, N_STEPS))
    write(
        path,
        {name: top[name].to_numpy() for name in ("x", "y", "lag")}
        | {
            "detail_row": np.arange(len(top)),
            "pointwise": (x * y).astype(np.float32),
            "scatter": np.stack([x, y], axis=2).astype(np.float32),
            "scatter_samples": np.arange(N_SAMPLES),
            "null_bits": 0.02 * rng.standard_normal((len(top), N_NULL)).astype(np.float32),
            "loss_step": np.arange(N_STEPS),
            "loss_train": loss.astype(np.float32),
            "loss_validation": (loss + 0.05).astype(np.float32),
        },
        {"dataset": "synthetic", "seed": 0, "preset": "default", "k": 3, "key": "0"},
    )


def page(n_variables, folder):
    """Write the report of a synthetic run.

    Returns
    -------
    dict
        variables, pairs, write_s, size_mb; and path, of the report.
    """
    from lmi.report import page as report

    folder = Path(folder)
    rows = table(n_variables)
    rows.to_parquet(folder / "mi.parquet")
    part(rows, folder / "part-000.h5")
    config = {"run": f"{n_variables} variables", "datasets": {"synthetic": {}}}
    files = (folder / "figures", folder / "mi.parquet", [folder / "part-000.h5"])
    start = time.perf_counter()
    report.write(folder / "report.html", *files, config, folder)
    return {
        "variables": n_variables,
        "pairs": len(rows),
        "write_s": time.perf_counter() - start,
        "size_mb": (folder / "report.html").stat().st_size / 1e6,
        "path": folder / "report.html",
    }


def used(path, chromium="/usr/bin/chromium"):
    """Open a report in Chromium and use it.

    Returns
    -------
    dict
        Milliseconds: ready (from opening until all can be used), ready_cpu (of these, processor
        time of the page's main thread), heatmap (until it is drawn), filter, sort and pair.
    """
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        tab = browser.new_page(viewport={"width": 1400, "height": 900})
        tab.set_default_timeout(LIMIT_MS)
        session = tab.context.new_cdp_session(tab)
        session.send("Performance.enable", {"timeDomain": "threadTicks"})
        tab.goto(Path(path).resolve().as_uri())
        tab.wait_for_selector("html[data-ready]")
        measured = {"ready_ms": float(tab.evaluate("document.documentElement.dataset.ready"))}
        metrics = session.send("Performance.getMetrics")["metrics"]
        (taken,) = (one["value"] for one in metrics if one["name"] == "TaskDuration")
        measured["ready_cpu_ms"] = 1000 * taken

        def timed(name, act, until):
            start = time.perf_counter()
            act()
            tab.wait_for_selector(until)
            measured[f"{name}_ms"] = 1000 * (time.perf_counter() - start)

        show = "document.getElementById('{}').scrollIntoView()"
        timed("heatmap", lambda: tab.evaluate(show.format("heatmap")), "#heatmap .main-svg")
        tab.evaluate(show.format("table"))
        rows = "#pairs .tabulator-row"
        timed(
            "filter",
            lambda: tab.fill("#query", 'q < .01 "gene set 0007"'),
            "#count:has-text(' of ')",
        )
        timed("sort", lambda: tab.click("#pairs .tabulator-col[tabulator-field=mi_bits]"), rows)
        timed("pair", lambda: tab.click(f"{rows} .open >> nth=0"), "#pair-null .main-svg")
        browser.close()
    return measured


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--variables", type=int, nargs="+", default=SIZES)
    arguments = parser.parse_args()
    rows = []
    for n_variables in arguments.variables:
        with tempfile.TemporaryDirectory() as folder:
            row = page(n_variables, folder)
            rows.append(row | used(row.pop("path")))
        print(pd.DataFrame(rows[-1:]).round(2).to_string(index=False), flush=True)


if __name__ == "__main__":
    main()
