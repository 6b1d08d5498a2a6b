"""Triangles of a network are opened at their weakest side, within the error bars."""

import numpy as np
import pandas as pd
from lmi.base.files import write
from lmi.results.columns import ASKED, NETWORK
from lmi.results.direct import network, pruned, questions, read
from lmi.results.origin import arrays, frame, rows_key


def _edges(*rows):
    return pd.DataFrame(rows, columns=["x", "y", "mi_bits", "sd_bits"])


def test_the_weakest_side_of_a_triangle_runs_through_the_third_variable():
    edges = _edges(("a", "b", 1.0, 0.02), ("c", "b", 0.8, 0.02), ("a", "c", 0.4, 0.02))
    found = pruned(edges)
    assert found["direct_dpi"].tolist() == [True, True, False]
    assert found["via_dpi"].tolist() == ["", "", "b"]


def test_a_side_that_is_weakest_within_its_error_stays():
    edges = _edges(("a", "b", 1.0, 0.1), ("b", "c", 0.5, 0.1), ("a", "c", 0.4, 0.1))
    assert pruned(edges)["direct_dpi"].all()
    assert not pruned(edges, tolerance_sd=0.5)["direct_dpi"].all()


def test_without_error_bars_the_weakest_side_goes():
    edges = _edges(("a", "b", 1.0, np.nan), ("b", "c", 0.5, np.nan), ("a", "c", 0.4, np.nan))
    assert pruned(edges)["direct_dpi"].tolist() == [True, True, False]


def test_edges_without_a_triangle_are_direct():
    edges = _edges(("a", "b", 1.0, 0.02), ("b", "c", 0.8, 0.02), ("c", "d", 0.1, 0.02))
    assert pruned(edges)["direct_dpi"].all()
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
    assert found["direct_dpi"][near].all()
    assert found["direct_dpi"][~np.array(near)].mean() < 0.2


def _triangle():
    edges = _edges(("a", "b", 1.0, 0.02), ("b", "c", 0.8, 0.02), ("a", "c", 0.4, 0.02))
    return edges.assign(q_value=1e-9, lag=0, flag="ok")


def _asked(*rows):
    return frame([(*row, "ok", "") for row in rows], ASKED)


def test_every_edge_is_asked_about_its_likeliest_explanation_first():
    four = [("a", "b", 1.0), ("b", "c", 0.9), ("a", "c", 0.3), ("a", "d", 0.8), ("c", "d", 0.7)]
    edges = _edges(*((*one, 0.01) for one in (*four, ("b", "d", 0.2))))
    every = {(one.x, one.y): one.thirds for one in questions(edges, 100)}
    assert every["a", "c"] == ("b", "d")
    assert all(len(thirds) == 2 for thirds in every.values())
    few = questions(edges, 8)
    assert [len(one.thirds) for one in few] == [2, 2, 1, 1, 1, 1]
    assert all(one.thirds == every[one.x, one.y][: len(one.thirds)] for one in few)
    assert [len(one.thirds) for one in questions(edges, 3)] == [1, 1, 1, 0, 0, 0]
    assert questions(edges.iloc[:0], 5) == []


def test_an_edge_that_a_third_variable_explains_is_not_direct():
    answers = _asked(
        ("a", "b", "c", 0.5, 0.02, 1e-6, False),
        ("b", "c", "a", 0.4, 0.02, 1e-6, False),
        ("a", "c", "b", 0.01, 0.02, 0.4, True),
    )
    found = network(_triangle(), answers)
    assert list(found) == [column.name for column in NETWORK]
    assert found["direct_conditional"].tolist() == ["yes", "yes", "no"]
    assert found["via_conditional"].tolist() == ["c", "a", "b"]
    assert found["p_direct"].tolist() == [1e-6, 1e-6, 0.4]
    assert found["direct_dpi"].tolist() == [True, True, False]


def test_edges_that_were_not_asked_about_all_their_triangles_are_open():
    nothing = _asked()
    assert network(_triangle(), nothing)["direct_conditional"].tolist() == ["open"] * 3
    failed = _asked(("a", "c", "b", np.nan, np.nan, np.nan, False))
    assert network(_triangle(), failed)["direct_conditional"].tolist() == ["open"] * 3
    alone = network(_triangle().iloc[:1], nothing)
    assert alone["direct_conditional"].tolist() == ["yes"] and alone["n_thirds"].tolist() == [0]


def test_without_the_question_there_is_no_verdict_by_conditional_information():
    found = network(_triangle())
    assert found["direct_conditional"].tolist() == [""] * 3
    assert found["cmi_bits"].isna().all()


def test_a_stricter_network_is_complete_where_its_own_triangles_were_asked():
    edges = _edges(
        ("a", "b", 1.0, 0.02), ("b", "c", 0.8, 0.02), ("a", "c", 0.4, 0.02), ("a", "d", 0.6, 0.02)
    ).assign(q_value=1e-9, lag=0, flag="ok")
    of_another_triangle = ("a", "c", "d", 0.1, 0.02, 1e-6, False)
    verdict = network(edges, _asked(of_another_triangle))["direct_conditional"]
    assert verdict.tolist() == ["open", "open", "open", "yes"]
    both = _asked(of_another_triangle, ("a", "c", "b", 0.2, 0.02, 1e-6, False))
    assert network(edges, both)["direct_conditional"][2] == "yes"
    explained = _asked(("a", "d", "c", 0.0, 0.02, 0.4, True))
    assert network(edges, explained)["direct_conditional"][3] == "no"


def test_answers_that_an_earlier_config_with_more_jobs_has_left_do_not_count(tmp_path):
    rows, paths = _triangle(), [tmp_path / f"part-{part:03d}.h5" for part in (0, 1)]
    every = _asked(("a", "c", "b", 0.1, 0.02, 1e-6, False), ("a", "b", "c", 0.5, 0.02, 1e-6, False))
    for path, n_parts, part in zip(paths, (1, 2), (every, every.iloc[1:]), strict=True):
        write(path, arrays(part), {"rows_key": rows_key(rows), "n_parts": n_parts})
    pd.testing.assert_frame_equal(read(paths, rows), every)
