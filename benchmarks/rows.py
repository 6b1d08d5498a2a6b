"""Rows of a benchmark as they come: printed, and written to its table."""

import argparse
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pandas as pd


def show(rows, out):
    """Print the last of the rows, with a head before the first, and write all of them.

    Parameters
    ----------
    rows : list of dict
    out : str or Path
        Table to write.
    """
    table = pd.DataFrame(rows)
    print(table.tail(1).to_string(index=False, header=len(rows) == 1), flush=True)
    Path(out).parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(out, sep="\t", index=False, float_format="%.4g")


def options_of_draws(doc, out, first_seed, permutations):
    """Return the parser of a benchmark that draws its cases again and again."""
    parser = argparse.ArgumentParser(description=doc.split("\n")[0])
    parser.add_argument("--permutations", type=int, default=permutations)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--first-seed", type=int, default=first_seed)
    parser.add_argument("--only", default="", help="cases that contain this text")
    parser.add_argument("--sizes", type=int, nargs="+", help="numbers of samples, all without")
    parser.add_argument("--out", default=out)
    return parser


def show_draws(cases, table_of, out, processes):
    """Draw one case after another; print the table of each, and write the rows of all draws.

    Parameters
    ----------
    cases : iterable of list
        Of each case its draws: a function that returns a row or several, and its arguments.
    table_of : callable
        From rows of a case to what is printed.
    out : str or Path
    processes : int
    """
    rows, shown = [], 0
    pd.set_option("display.width", 200)
    with ProcessPoolExecutor(processes) as pool:
        for draws in cases:
            for job in [pool.submit(*draw) for draw in draws]:
                found = job.result()
                rows += found if isinstance(found, list) else [found]
            table = table_of(rows[shown:])
            print(table.to_string(index=False, header=not shown, float_format="%.3f"), flush=True)
            shown = len(rows)
            Path(out).parent.mkdir(parents=True, exist_ok=True)
            pd.DataFrame(rows).to_csv(out, sep="\t", index=False, float_format="%.5g")
