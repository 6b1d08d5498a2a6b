"""Triangles of a network are opened at their weakest side, within the error bars."""

import numpy as np
import pandas as pd
from lmi.results.direct import pruned


def _edges(*rows):
    return pd.DataFrame(rows, columns=["x", "y", "mi_bits", "sd_bits"])


def test_the_weakest_side_of_a_triangle_runs_through_the_third_variable():
    edges = _edges(("a", "b", 1.0, 0.02), ("c", "b", 0.8, 0.02), ("a", "c", 0.4, 0.02))
    found = pruned(edges)
    assert found["direct"].tolist() == [True, True, False]
    assert found["via"].tolist() == ["", "", "b"]


def test_a_side_that_is_weakest_within_its_error_stays():
    edges = _edges(("a", "b", 1.0, 0.1), ("b", "c", 0.5, 0.1), ("a", "c", 0.4, 0.1))
    assert pruned(edges)["direct"].all()
    assert not pruned(edges, tolerance_sd=0.5)["direct"].all()


def test_without_error_bars_the_weakest_side_goes():
    edges = _edges(("a", "b", 1.0, np.nan), ("b", "c", 0.5, np.nan), ("a", "c", 0.4, np.nan))
    assert pruned(edges)["direct"].tolist() == [True, True, False]


def test_edges_without_a_triangle_are_direct():
    edges = _edges(("a", "b", 1.0, 0.02), ("b", "c", 0.8, 0.02), ("c", "d", 0.1, 0.02))
    assert pruned(edges)["direct"].all()
    assert len(pruned(edges.iloc[:0])) == 0


def test_gaussian_chains_and_their_gaps_are_told_apart():
    rng = np.random.default_rng(0)
    n_variables, correlation = 8, 0.8
    rows = [
        (f"v{i}", f"v{j}", -0.5 * np.log2(1 - correlation ** (2 * (j - i))), 0.01)
        for i in range(n_variables)
        for j in range(i + 1, n_variables)
    ]
    edges = _edges(*[rows[i] for i in rng.permutation(len(rows))])
    found = pruned(edges)
    near = [abs(int(x[1:]) - int(y[1:])) == 1 for x, y in zip(edges.x, edges.y, strict=True)]
    # beyond three steps both sides are weak: the tolerance may keep an edge
    assert found["direct"][near].all()
    assert found["direct"][~np.array(near)].mean() < 0.2
