"""Which samples are used: conditions, draws, and what is refused."""

import anndata
import numpy as np
import pandas as pd
import pytest
from lmi.base.errors import InputError
from lmi.data import where
from lmi.data.label_joins import joined_labels
from lmi.data.sources import sources_of
from lmi.data.variables import count_samples, list_variables, read_matrices
from lmi.planning.config import load

N = 300
TYPES = np.array(["B", "T", "NK"])[np.arange(N) % 3]
COUNTS = np.arange(N) * 10


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    obs = pd.DataFrame({"cell_type": TYPES, "n_counts": COUNTS}, index=[f"c{i}" for i in range(N)])
    obs["good one"] = np.arange(N) % 2 == 0
    var = pd.DataFrame({"pathway": ["p", "p", "q", None]}, index=["MT-A", "MT-B", "GAPDH", "ACTB"])
    anndata.AnnData(rng.normal(size=(N, 4)), obs, var).write_h5ad("a.h5ad")
    table = pd.DataFrame(rng.normal(size=(N, 3)), columns=list("xyz"), index=obs.index)
    table.to_csv("m.csv")
    obs[::-1].to_csv("obs.csv")


def read(dataset, missing="error", seed=0):
    dataset = load({"datasets": {"d": dataset}})["datasets"]["d"]
    variables = list_variables(dataset)
    matrices, info = read_matrices(dataset, variables, missing, seed)
    assert count_samples(dataset) in (None, len(matrices[0]) + info["n_dropped"])
    return matrices, info


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ('cell_type == "B"', TYPES == "B"),
        ("cell_type != 'B'", TYPES != "B"),
        ('cell_type in ["B", "T"]', TYPES != "NK"),
        ('cell_type not in ("B", "T") or n_counts < 1500', (TYPES == "NK") | (COUNTS < 1500)),
        ("500 <= n_counts < 1900", (COUNTS >= 500) & (COUNTS < 1900)),
        ("not (n_counts > 1800) and n_counts >= -1", COUNTS <= 1800),
        ("`good one`", np.arange(N) % 2 == 0),
        ("`good one` == False", np.arange(N) % 2 == 1),
    ],
)
def test_a_condition_keeps_the_samples_that_fulfil_it(condition, expected):
    names = tuple(f"c{i}" for i in np.flatnonzero(expected))
    if len(names) < 100:  # too few to be estimated, but not to be told
        columns = {"cell_type": TYPES, "n_counts": COUNTS, "good one": np.arange(N) % 2 == 0}
        assert (where.fulfilled(condition, columns, "a") == expected).all()
        return
    assert read({"source": "a.h5ad", "where": condition})[1]["sample_names"] == names


def test_a_table_says_it_by_name():
    place = {"table": "obs.csv", "condition": "n_counts >= 1000"}
    matrices, info = read({"source": "m.csv", "where": place})
    assert info["sample_names"] == tuple(f"c{i}" for i in range(100, N))
    everything, _ = read({"source": "m.csv"})
    np.testing.assert_array_equal(matrices[0], everything[0][100:])


def test_a_missing_value_fulfils_nothing():
    columns = {"n": np.array([1.0, np.nan, 3.0]), "t": np.array(["a", None, "b"], object)}
    assert where.fulfilled("n > 0", columns, "f").tolist() == [True, False, True]
    assert where.fulfilled("t == 'a'", columns, "f").tolist() == [True, False, False]


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ("cell_type == 'b'", "did you mean 'B'"),
        ("cell_typ == 'B'", "did you mean 'cell_type'"),
        ("cell_type > 3", "holds text, and is compared with 3"),
        ("n_counts == 'B'", "holds numbers, and is compared with 'B'"),
        ("n_counts", "holds no truth values"),
        ("n_counts = 3", "expected a condition"),
        ("__import__('os').system('true')", "expected a condition"),
        ("n_counts.__class__ == 3", "expected a condition"),
        ("n_counts + 1 > 3", "expected a condition"),
        ("(lambda: 1)() == n_counts", "expected a condition"),
        ("n_counts > 1e9", "no sample"),
        ("not " * 900 + "n_counts", "expected a condition"),
        ("1 < 2", "names no column"),
        ("n_counts is 3", "write =="),
    ],
)
def test_what_is_no_condition_is_refused_in_one_message(condition, words):
    with pytest.raises(InputError) as error:
        read({"source": "a.h5ad", "where": condition})
    assert words in str(error.value) and "\n" not in str(error.value)


def test_a_draw_keeps_shares_and_order_and_depends_on_the_seed_alone():
    dataset = {"source": "a.h5ad", "downsample": {"n": 150, "by": "cell_type"}}
    one, other, again = read(dataset), read(dataset, seed=1), read(dataset)
    names = one[1]["sample_names"]
    assert len(names) == 150 and names == again[1]["sample_names"]
    assert names != other[1]["sample_names"]
    rows = [int(name[1:]) for name in names]
    assert rows == sorted(rows)
    assert set(np.unique(TYPES[rows], return_counts=True)[1]) == {50}


def test_a_draw_of_more_than_there_are_is_all():
    assert len(read({"source": "m.csv", "downsample": {"n": 10_000}})[0][0]) == N


def test_a_draw_comes_after_the_condition():
    dataset = {"source": "a.h5ad", "where": "cell_type != 'B'", "downsample": {"n": 120}}
    rows = [int(name[1:]) for name in read(dataset)[1]["sample_names"]]
    assert len(rows) == 120 and "B" not in TYPES[rows]


def test_strata_follow_the_samples():
    dataset = {"source": "a.h5ad", "where": "n_counts >= 500", "strata": "cell_type"}
    assert (read(dataset)[1]["strata"] == TYPES[50:]).all()


def test_labels_that_are_given_follow_the_samples():
    dataset = {"source": "a.h5ad", "where": "n_counts >= 500", "given": {"column": "cell_type"}}
    assert (read(dataset)[1]["given"] == TYPES[50:]).all()
    both = {"source": ["m.csv", "a.h5ad"], "given": {"table": "obs.csv", "column": "cell_type"}}
    assert (read(both)[1]["given"] == TYPES).all()


def test_labels_say_how_they_were_joined_and_what_they_are_for():
    pd.DataFrame({"batch": np.arange(N) % 2}).to_csv("rows.csv", index=False)
    loaded = load({"datasets": {"d": {"source": "a.h5ad", "variables": "each"}}})["datasets"]["d"]
    own = sources_of(loaded)[0]
    assert joined_labels(own, "cell_type")[1] == "own"
    labels, joined = joined_labels(own, {"table": "obs.csv", "column": "cell_type"})
    assert joined == "name" and (labels == TYPES).all()
    assert joined_labels(own, {"table": "rows.csv", "column": "batch"})[1] == "position"
    for what in ("strata", "compare"):
        with pytest.raises(InputError, match=rf"^{what}: 'obs.csv' has no column 'none'"):
            joined_labels(own, {"table": "obs.csv", "column": "none"}, what)


def test_a_series_in_pieces_is_refused_and_one_with_a_gap_has_intervals():
    with pytest.raises(InputError, match="do not fulfil `where`"):
        read({"source": "a.h5ad", "where": "cell_type == 'B'", "time_series": True})
    start = {"source": "a.h5ad", "where": "n_counts >= 500", "time_series": True}
    assert read(start)[1]["interval"] is None
    gap = start | {"where": "n_counts < 1400 or n_counts > 1600", "lags": [0, 2]}
    assert np.bincount(read(gap)[1]["interval"]).tolist() == [140, 139]
    with pytest.raises(InputError, match="at a lag of 69 samples"):
        load({"datasets": {"d": gap | {"lags": [69]}}, "estimate": {"k": 6}})


def test_a_column_says_which_interval_a_sample_is_of():
    trials = pd.DataFrame({"trial": np.arange(N) // 10}, index=[f"c{i}" for i in range(N)])
    trials.to_csv("trials.csv")
    place = {"table": "trials.csv", "column": "trial"}
    dataset = {"source": "m.csv", "time_series": True, "intervals": place}
    assert (read(dataset)[1]["interval"] == np.arange(N) // 10).all()
    binned = dataset | {"preprocess": [{"bin": {"samples": 2}}]}
    assert (read(binned)[1]["interval"] == np.arange(N // 2) // 5).all()
    trials["trial"] = np.sort(np.random.default_rng(0).integers(0, 40, N))
    trials.to_csv("trials.csv")
    with pytest.raises(InputError, match="expected stretches of 100 consecutive samples"):
        read(dataset)
    with pytest.raises(InputError, match="it goes with `time_series: true`"):
        read({"source": "m.csv", "intervals": place})


def test_a_draw_from_a_series_is_refused():
    with pytest.raises(InputError, match="cannot be drawn"):
        read({"source": "m.csv", "downsample": {"n": 100}, "time_series": True})


def test_a_condition_on_a_table_without_columns_of_its_own_needs_a_table():
    with pytest.raises(InputError, match="expected a mapping with `table`"):
        read({"source": "m.csv", "where": "n_counts > 3"})


# ---- variables


def test_variables_by_regular_expression():
    variables = {"regex": {"mito": "^MT-", "house": "GAPDH|ACTB"}}
    dataset = load({"datasets": {"d": {"source": "a.h5ad", "variables": variables}}})
    listed = list_variables(dataset["datasets"]["d"])
    assert [one.features for one in listed] == [("MT-A", "MT-B"), ("GAPDH", "ACTB")]


def test_variables_by_a_column_of_var():
    dataset = {"source": "a.h5ad", "variables": {"var_column": "pathway"}}
    listed = list_variables(load({"datasets": {"d": dataset}})["datasets"]["d"])
    assert {one.name: one.features for one in listed} == {"p": ("MT-A", "MT-B"), "q": ("GAPDH",)}


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"regex": {"mito": "^mt-"}}, "no feature fits"),
        ({"regex": {"mito": "(MT"}}, "expected a regular expression"),
        ({"var_column": "pathwy"}, "did you mean 'pathway'"),
    ],
)
def test_variables_that_are_none_are_refused(variables, words):
    with pytest.raises(InputError, match=words.replace("(", r"\(")):
        read({"source": "a.h5ad", "variables": variables})
