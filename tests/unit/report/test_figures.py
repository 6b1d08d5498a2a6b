"""Figures: right content, robust to hostile names, missing values and extreme sizes."""

import itertools
import xml.etree.ElementTree as ElementTree

import numpy as np
import pandas as pd
import pytest
from helpers.runs import ASKED
from lmi.report import figures
from lmi.results.columns import COLUMNS, DECLARED
from matplotlib.collections import PatchCollection, QuadMesh

NOT_ASKED = {
    one.name: one.default for one in DECLARED if one.name in (*ASKED, "groups", "n_group")
} | {"q_delta": np.nan, "q_xy": np.nan, "q_yx": np.nan, "xy_lag": 0, "yx_lag": 0}


def frame(pairs, mi_bits, dataset="d", sd=0.02, flag="ok", truth=np.nan):
    mi_bits = np.asarray(mi_bits, float)
    failed = np.isnan(mi_bits)
    table = pd.DataFrame(
        {
            "dataset": dataset,
            "x": [x for x, _ in pairs],
            "y": [y for _, y in pairs],
            "lag": 0,
            "n_samples": 100,
            "n_features_x": 5,
            "n_features_y": 5,
            "mi_bits": mi_bits,
            "mi_ksg_bits": 0.9 * mi_bits,
            "sd_bits": np.where(failed, np.nan, sd),
            "sd_ksg_bits": np.where(failed, np.nan, sd),
            "low_bits": np.where(failed, np.nan, mi_bits - 2 * sd),
            "high_bits": np.where(failed, np.nan, mi_bits + 2 * sd),
            "p_value": np.where(failed, np.nan, np.exp(-20 * np.clip(mi_bits, 0, 0.4))),
            "q_value": np.where(failed, np.nan, np.exp(-18 * np.clip(mi_bits, 0, 0.4))),
            "significant": mi_bits > 0.17,
            "n_permutations": 9999,
            "p_method": "permutation",
            "null_mean_bits": 0.0,
            "null_sd_bits": 0.02,
            "mi_within_bits": np.nan,
            "sd_within_bits": np.nan,
            "within_strata": "",
            "cmi_bits": np.nan,
            "sd_cmi_bits": np.nan,
            "p_conditional": np.nan,
            "q_conditional": np.nan,
            "null_cmi_bits": np.nan,
            **NOT_ASKED,
            "drift_bits": 0.01,
            "split_sd_bits": np.nan,
            "half_samples_bits": np.nan,
            "half_latent_bits": np.nan,
            "double_latent_bits": np.nan,
            "swapped_bits": np.nan,
            "truth_bits": truth,
            "converged": ~failed,
            "seconds": 1.0,
            "flag": np.where(failed, "fail", flag),
            "reason": "",
            "candidate": "pca",
            "reason_codes": "",
            "reason_parameters": "",
        }
    )
    table = table[list(COLUMNS)]
    return table


def all_pairs(n, seed=0):
    rng = np.random.default_rng(seed)
    pairs = list(itertools.combinations([f"v{i}" for i in range(n)], 2))
    return frame(pairs, rng.normal(0.1, 0.1, len(pairs)))


def saved(figure, tmp_path):
    png, svg = figures.save(figure, tmp_path / "figure")
    ElementTree.parse(svg)
    assert png.read_bytes().startswith(b"\x89PNG")
    return png, svg


def texts(figure):
    return [one.get_text() for one in figure.findobj(lambda artist: hasattr(artist, "get_text"))]


def test_matrix_of_all_pairs_is_symmetric():
    table = frame([("a", "b"), ("a", "c"), ("b", "c")], [0.1, np.nan, 0.3])
    values, asked, rows, columns, symmetric = figures.matrix(table)
    assert symmetric and rows == columns == ["a", "b", "c"]
    np.testing.assert_array_equal(values, values.T)
    assert values[1, 2] == 0.3 and np.isnan(values[0, 2])
    np.testing.assert_array_equal(asked, ~np.eye(3, dtype=bool))


def test_matrix_between_groups_is_rectangular():
    table = frame([("a", "p"), ("a", "q"), ("a", "r"), ("b", "p"), ("b", "r")], range(5))
    values, asked, rows, columns, symmetric = figures.matrix(table)
    assert not symmetric and (rows, columns) == (["a", "b"], ["p", "q", "r"])
    np.testing.assert_array_equal(values, [[0, 1, 2], [3, np.nan, 4]])
    assert not asked[1, 1]


def test_coefficient_is_the_correlation_of_a_gaussian():
    rho = np.array([0.0, 0.3, 0.9])
    np.testing.assert_allclose(figures.coefficient(-0.5 * np.log2(1 - rho**2)), rho, atol=1e-12)
    np.testing.assert_array_equal(figures.coefficient(np.array([-0.3, np.nan])), [0, 0])


def test_clustering_puts_the_members_of_a_group_together():
    group = np.array([0, 1, 0, 1, 0, 1, 0, 1])
    values = np.where(group[:, None] == group, 1.0, 0.01)
    order, same, tree = figures.cluster(values, True)
    assert np.count_nonzero(np.diff(group[order])) == 1
    np.testing.assert_array_equal(order, same)
    assert len(tree) == 7
    rows, columns, none = figures.cluster(values[:, :5], False)
    assert none is None
    assert np.count_nonzero(np.diff(group[rows])) == np.count_nonzero(np.diff(group[columns])) == 1


def test_heatmap_shows_failed_pairs_and_names(tmp_path):
    table = all_pairs(6)
    table.loc[3, "mi_bits"] = np.nan
    figure = figures.heatmap(table)
    hatched = figure.axes[0].findobj(PatchCollection)[0]
    assert len(hatched.get_paths()) == 2 and hatched.get_hatch()
    assert {f"v{i}" for i in range(6)} <= set(texts(figure))
    assert "mutual information (bits)" in texts(figure)
    saved(figure, tmp_path)


def test_heatmap_weighs_a_step_below_zero_like_one_above():
    mesh = figures.heatmap(all_pairs(6)).axes[0].findobj(QuadMesh)[0]
    assert mesh.norm.vmin == -mesh.norm.vmax


@pytest.mark.parametrize("n_columns", [1, 2, 12])
def test_the_colour_bar_stands_beside_the_map_however_narrow(n_columns, tmp_path):
    pairs = [(f"x{i}", f"y{j}") for i in range(12) for j in range(n_columns)]
    figure = figures.heatmap(frame(pairs, np.linspace(0, 1, len(pairs))))
    saved(figure, tmp_path)
    drawn, bar = (axes.get_window_extent() for axes in figure.axes[:2])
    assert 0.05 < (bar.x0 - drawn.x1) / figure.dpi < 0.4


def test_heatmap_drops_names_when_there_are_too_many(tmp_path):
    figure = figures.heatmap(all_pairs(figures.MAX_LABELS + 1))
    assert "v0" not in texts(figure)
    assert "61 variables, names left out" in texts(figure)
    _, svg = saved(figure, tmp_path)
    assert svg.stat().st_size < 300_000


def test_heatmap_of_a_rectangle_and_of_nothing_shared(tmp_path):
    pairs = list(itertools.product("ab", "pqr"))
    saved(figures.heatmap(frame(pairs, np.linspace(0, 1, 6))), tmp_path)
    saved(figures.heatmap(frame(pairs, np.linspace(-0.3, -0.1, 6))), tmp_path)
    saved(figures.heatmap(frame(pairs, np.zeros(6))), tmp_path)
    saved(figures.heatmap(frame([("a", one) for one in "pqr"], [0.1, 0.2, 0.3])), tmp_path)


@pytest.mark.parametrize(
    "table, message",
    [
        (frame([("a", "b")], [0.5]), "at least three pairs"),
        (frame([("a", "b"), ("a", "c"), ("b", "c")], [np.nan] * 3), "No pair has an estimate"),
        (frame([(f"u{i}", f"u{i}+") for i in range(12)], np.arange(12)), "a list rather than"),
    ],
)
def test_heatmap_says_why_there_is_none(table, message):
    with pytest.raises(figures.NothingToShow, match=message):
        figures.heatmap(table)


def test_top_pairs_in_order_with_both_values(tmp_path):
    table = all_pairs(8)
    figure = figures.top_pairs(table, 5)
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    best = table.sort_values("mi_bits", ascending=False).head(5)
    assert labels == [f"{x} \N{EN DASH} {y}" for x, y in zip(best.x, best.y, strict=True)]
    drawn = [container[0].get_xdata() for container in figure.axes[0].containers]
    np.testing.assert_allclose(
        sorted(map(max, drawn)), [best.mi_ksg_bits.max(), best.mi_bits.max()]
    )
    saved(figure, tmp_path)


def test_top_pairs_mark_flags_and_truth_and_live_without_error_bars(tmp_path):
    table = frame([("a", "b")], [0.4], sd=np.nan, flag="warn", truth=0.41)
    figure = figures.top_pairs(table)
    assert {"warn", "truth"} <= set(texts(figure))
    saved(figure, tmp_path)
    with pytest.raises(figures.NothingToShow):
        figures.top_pairs(frame([("a", "b")], [np.nan]))


HOSTILE = [
    ("$\\frac{", "<script>alert(1)</script>"),
    ("a\x00\x01\nb", "--> ]]> &amp;"),
    ("µ–漢字" * 20, "x" * 500),
]


@pytest.mark.filterwarnings("ignore:Glyph")
def test_hostile_names_do_no_harm(tmp_path):
    table = frame([*HOSTILE, ("$\\frac{", "--> ]]> &amp;")], [0.3, 0.2, 0.1, 0.0])
    for figure in (
        figures.heatmap(table),
        figures.top_pairs(table),
        figures.distribution(table.assign(dataset=table["y"])),
        figures.volcano(table.assign(dataset=table["y"])),
        figures.lags(at_lags(table)),
        figures.strata(table.assign(mi_within_bits=0.1)),
        figures.note(HOSTILE[0][1]),
    ):
        _, svg = saved(figure, tmp_path)
        assert "<script" not in svg.read_text()


def panel(rng, n=200, pointwise=None):
    return {
        "x": "a",
        "y": "$b",
        "mi_bits": 0.2,
        "sd_bits": 0.02,
        "scatter": rng.standard_normal((n, 2)),
        "pointwise": rng.standard_normal(n) if pointwise is None else pointwise,
    }


@pytest.mark.parametrize("n_panels", [1, 2, 5, 7])
def test_embeddings_share_one_scale_centred_on_zero(tmp_path, rng, n_panels):
    figure = figures.embeddings([panel(rng) for _ in range(n_panels)])
    assert len([axes for axes in figure.axes if axes.get_visible()]) == n_panels + 1
    norms = {id(axes.collections[-1].norm) for axes in figure.axes[:n_panels]}
    assert len(norms) == 1
    norm = figure.axes[0].collections[-1].norm
    assert norm.vcenter == 0 and norm.vmin == -norm.vmax
    saved(figure, tmp_path)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_embeddings_with_missing_and_constant_values(tmp_path, rng):
    half = np.where(np.arange(200) % 2, np.nan, 0.3)  # training samples have no pointwise MI
    constant = panel(rng, pointwise=np.zeros(200)) | {"scatter": np.ones((200, 2))}
    figure = figures.embeddings(
        [panel(rng, pointwise=half), panel(rng, pointwise=half * np.nan), constant]
    )
    assert len(figure.axes[0].collections[0].get_offsets()) == 100
    saved(figure, tmp_path)
    with pytest.raises(figures.NothingToShow, match="No embedding was kept"):
        figures.embeddings([])


def test_training_curves(tmp_path):
    step = np.arange(0, 100, 10.0)
    train = np.exp(-step / 30) + np.arange(12)[:, None] / 10
    train[3] = np.nan
    top = [
        {"x": f"$x{i}", "y": "y", "train": row, "validation": row} for i, row in enumerate(train)
    ]
    figure = figures.training(step, train, train + 0.1, top)
    assert "11 trained pairs: median and 10\N{EN DASH}90 % band" in texts(figure)
    middle = figure.axes[0].lines[0].get_ydata()
    np.testing.assert_allclose(middle, np.nanmedian(train, axis=0))
    saved(figure, tmp_path)
    assert len(figure.axes) == 2
    saved(figures.training(step, train[:1], train[:1], top[:1]), tmp_path)
    untrained = [top[0] | {"train": step * np.nan, "validation": step * np.nan}]
    assert len(figures.training(step, train, train, untrained).axes) == 1
    saved(figures.training(step, train[:1], train[:1] * np.nan, []), tmp_path)


def test_training_says_when_there_was_none():
    nothing = np.full((3, 5), np.nan)
    with pytest.raises(figures.NothingToShow, match="No training took place"):
        figures.training(np.arange(5), nothing, nothing, [])


def test_truth(tmp_path):
    table = frame([(f"a{i}", "b") for i in range(4)], [0.1, 0.9, np.nan, 2.1], truth=1.0)
    table.loc[0, "truth_bits"] = np.nan
    figure = figures.truth(table)
    assert figure.axes[0].get_xlim() == figure.axes[0].get_ylim()
    assert {len(container[0].get_xdata()) for container in figure.axes[0].containers} == {2}
    saved(figure, tmp_path)
    with pytest.raises(figures.NothingToShow, match="no pair whose true"):
        figures.truth(table.assign(truth_bits=np.nan))


def test_distribution_marks_controls(tmp_path):
    table = pd.concat(
        [
            all_pairs(30).assign(dataset="real", mi_bits=lambda t: t["mi_bits"] ** 2 * 40),
            all_pairs(8).assign(dataset="null"),
            frame([("a", "b")], [0.4], dataset="one"),
            frame([("a", "b")], [np.nan], dataset="none"),
        ],
        ignore_index=True,
    )
    figure = figures.distribution(table, {"null"})
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == [
        "real\n435 pairs",
        "null\n28 pairs, control",
        "one\n1 pair",
    ]
    assert figure.axes[0].get_xscale() == "asinh"
    saved(figure, tmp_path)
    saved(figures.distribution(frame([("a", "b")] * 9, [0.2] * 9)), tmp_path)
    with pytest.raises(figures.NothingToShow):
        figures.distribution(frame([("a", "b")], [np.nan]))


def test_volcano_names_the_strongest_and_counts_by_dataset(tmp_path):
    table = pd.concat(
        [all_pairs(9).assign(dataset="real"), all_pairs(5).assign(dataset="null")],
        ignore_index=True,
    )
    table.loc[table["dataset"] == "null", "significant"] = False
    table.loc[0, ["mi_bits", "q_value"]] = np.nan
    table.loc[1, "q_value"] = 0.0
    figure = figures.volcano(table, 0.1, {"null"})
    said = texts(figure)
    real = table[(table["dataset"] == "real") & table["q_value"].notna()]
    assert f"real: {real['significant'].sum()} of 35" in said
    assert "null: 0 of 10, control" in said
    assert "q = 0.1" in said
    best = real[real["significant"]].sort_values("mi_bits", ascending=False).iloc[0]
    assert f"{best['x']} \N{EN DASH} {best['y']}" in said
    assert figure.axes[0].lines[0].get_ydata()[0] == pytest.approx(1)
    saved(figure, tmp_path)
    # nothing significant, and more datasets than colours
    many = pd.concat(
        [all_pairs(4).assign(dataset=f"d{i}", significant=False, q_value=1.0) for i in range(18)]
    )
    saved(figures.volcano(many), tmp_path)


def test_certain_pairs_do_not_flatten_the_rest_of_the_volcano():
    rng = np.random.default_rng(0)
    q = 10.0 ** -np.r_[rng.uniform(0, 3, 40), 250]
    table = pd.DataFrame({"dataset": "d", "x": "a", "y": [f"b{i}" for i in range(41)]})
    table = table.assign(q_value=q, mi_bits=np.linspace(0, 1, 41), significant=q < 0.05, flag="ok")
    axes = figures.volcano(table).axes[0]
    assert "compressed" in axes.get_ylabel()
    to_axes = axes.transData + axes.transAxes.inverted()
    assert to_axes.transform((0, 3))[1] - to_axes.transform((0, 1))[1] > 0.1
    few = figures.volcano(table[:40]).axes[0]
    assert "compressed" not in few.get_ylabel()


@pytest.mark.parametrize(
    "table, message",
    [
        (all_pairs(4).assign(q_value=np.nan), "permutations.max"),
        (frame([("a", "b")], [0.3]), "at least three pairs"),
        (frame([("a", "b")] * 4, [np.nan] * 4), "permutations.max"),
    ],
)
def test_volcano_says_why_there_is_none(table, message):
    with pytest.raises(figures.NothingToShow, match=message):
        figures.volcano(table)


def at_lags(table, lags=(-2, 0, 2), peak=2):
    parts = [
        table.assign(lag=lag, mi_bits=table["mi_bits"] - 0.01 * abs(lag - peak)) for lag in lags
    ]
    return pd.concat(parts).sort_values("mi_bits", ascending=False).reset_index(drop=True)


def test_lags_mark_the_peak(tmp_path):
    table = at_lags(all_pairs(5))
    table.loc[len(table) - 1, ["mi_bits", "sd_bits"]] = np.nan
    figure = figures.lags(table)
    axes = figure.axes[0]
    assert len(axes.containers) == len(figures.SERIES)
    rings = [line for line in axes.lines if line.get_markersize() == 10]
    assert all(ring.get_xdata()[0] == pytest.approx(2, abs=0.5) for ring in rings)
    assert [label.get_text() for label in axes.get_xticklabels()] == ["\N{MINUS SIGN}2", "0", "+2"]
    saved(figure, tmp_path)
    saved(figures.lags(at_lags(all_pairs(3).assign(sd_bits=np.nan), range(-30, 31))), tmp_path)
    with pytest.raises(figures.NothingToShow, match="at least two lags"):
        figures.lags(all_pairs(5))
    with pytest.raises(figures.NothingToShow, match="No pair"):
        figures.lags(at_lags(frame([("a", "b")], [np.nan])))


def test_strongest_pairs_tell_their_lag():
    figure = figures.top_pairs(frame([("a", "b")], [0.4]).assign(lag=-3))
    assert "a \N{EN DASH} b, lag \N{MINUS SIGN}3" in texts(figure)


def test_strata_shows_pairs_that_have_a_value_within(tmp_path):
    table = all_pairs(5)
    with pytest.raises(figures.NothingToShow, match="within strata"):
        figures.strata(table)
    table["mi_within_bits"] = 0.3 * table["mi_ksg_bits"]
    table.loc[0, "mi_within_bits"] = np.nan
    figure = figures.strata(table, 20)
    assert len(figure.axes[0].get_yticks()) == 9
    saved(figure, tmp_path)
    saved(figures.strata(table.assign(sd_ksg_bits=np.nan, sd_within_bits=np.nan), 3), tmp_path)


def test_saving_twice_gives_the_same_bytes(tmp_path):
    first = [
        path.read_bytes() for path in figures.save(figures.top_pairs(all_pairs(5)), tmp_path / "a")
    ]
    again = [
        path.read_bytes() for path in figures.save(figures.top_pairs(all_pairs(5)), tmp_path / "b")
    ]
    assert first == again


def test_selected_variables_are_drawn_in_their_order(tmp_path):
    with pytest.raises(figures.NothingToShow, match="No variable tells anything"):
        figures.select(None)
    names = ["first $x$", "second", "third"]
    values = dict.fromkeys(["added_bits", "mi_bits", "unique_bits", "total_bits"], 0.5)
    values |= dict.fromkeys([f"sd_{name}" for name in ("added_bits", "unique_bits")], 0.02)
    table = pd.DataFrame({"step": [1, 2, 3], "variable": names, "target": "fate"})
    table = table.assign(**values, sd_bits=np.nan, sd_total_bits=0.04)
    figure = figures.select(table)
    (axes,) = figure.axes
    assert [label.get_text() for label in axes.get_yticklabels()] == [
        f"{step}. {name}" for step, name in enumerate(names, 1)
    ]
    assert "bits about fate" in axes.get_xlabel() and "0.50" in axes.get_xlabel()
    saved(figure, tmp_path)
