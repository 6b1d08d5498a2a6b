"""Samples that are pairs: rows of two sources, joined by a table or by a key, each row once."""

import anndata
import h5py
import numpy as np
import pandas as pd
import pytest
from lmi.base.errors import InputError
from lmi.data.overview import describe
from lmi.data.overview_text import text
from lmi.data.sources import data_files
from lmi.data.variables import count_samples, list_variables, read_matrices
from lmi.planning.config import load

N = 300
RNG = np.random.default_rng(0)
CODE = RNG.permutation(N)
BY_CLONE = {
    "keys": ["clone", "clone"],
    "where": ["day == 2", "day == 6"],
    "names": ["early", "late"],
}


@pytest.fixture(autouse=True)
def in_folder(tmp_path, monkeypatch):
    """Sources of which a value tells the row, so that it can be told which rows make a pair."""
    monkeypatch.chdir(tmp_path)
    names = RNG.permutation([f"p{i}" for i in range(N)])
    anndata.AnnData(marked(names)).write_h5ad("a.h5ad")
    marked([f"q{i}" for i in range(N)]).to_csv("b.csv")


def marked(names):
    values = np.column_stack([CODE + 0.25, RNG.normal(size=N)])
    return pd.DataFrame(values, index=list(names), columns=["code", "noise"])


def dataset_of(pairing, source=("a.h5ad", "b.csv"), **more):
    raw = {"source": list(source), "variables": "files", "pairing": pairing, **more}
    return load({"datasets": {"d": raw}})["datasets"]["d"]


def pairs_of(pairing, seed=0, **more):
    """Return the rows of both sides, and what the reader says of the samples."""
    dataset = dataset_of(pairing, **more)
    variables = list_variables(dataset)
    (x, y), info = read_matrices(dataset, variables, seed=seed, min_samples=1)
    assert count_samples(dataset) == len(x)
    rows = [np.argsort(CODE)[side[:, 0].astype(int)] for side in (x, y)]
    return *rows, info, [one.name for one in variables]


def table(rows, columns=("ligand", "receptor")):
    pd.DataFrame(rows, columns=list(columns)).to_csv("pairs.tsv", sep="\t", index=False)
    return {"table": "pairs.tsv", "columns": list(columns)}


def names_of():
    return anndata.read_h5ad("a.h5ad").obs_names


def test_the_rows_that_a_table_pairs_are_samples():
    partner = RNG.permutation(N)
    x, y, info, variables = pairs_of(
        table([(n, f"q{partner[i]}") for i, n in enumerate(names_of())])
    )
    assert variables == ["ligand", "receptor"]
    assert (x == np.arange(N)).all() and (y == partner).all()
    assert info["sample_names"][0] == f"{names_of()[0]} & q{partner[0]}"


def test_a_row_is_in_one_pair_at_most_and_as_many_are_drawn_as_can_be():
    names = names_of()
    listed = [(names[i], f"q{j}") for i in range(N) for j in (i, (i + 1) % N, (i * 7) % N)]
    pairing = table(listed)
    drawn = [pairs_of(pairing, seed)[:2] for seed in (0, 0, 1)]
    for x, y in drawn:
        assert len(x) == N  # a perfect matching is there
        assert len(set(x)) == len(set(y)) == len(x)
        assert all((names[a], f"q{b}") in set(listed) for a, b in zip(x, y, strict=True))
    assert np.array_equal(drawn[0], drawn[1]) and not np.array_equal(drawn[0], drawn[2])
    assert not np.array_equal(drawn[0], pairs_of(pairing | {"draw": 1})[:2])
    one = table([(names[0], f"q{j}") for j in range(N)] + [(n, "q0") for n in names[1:]])
    with pytest.raises(InputError, match="found 2"):  # at least 100 samples
        dataset_of(one)


def test_names_that_a_table_lacks_or_that_are_not_clear_are_told():
    names = names_of()
    listed = [(n, f"q{i}") for i, n in enumerate(names)]
    wrong = table([*listed[2:], ("P1", "q0"), ("p1", "zzz")])
    with pytest.raises(InputError, match=r"1 names in the column 'ligand'.*P1.*did you mean"):
        dataset_of(wrong)
    x, _, info, _ = pairs_of(wrong | {"unknown": "drop"})
    assert len(x) == N - 2 and [why for _, why in info["dropped_samples"]] == ["in no pair"] * 2
    pd.read_csv("b.csv", index_col=0).rename(index={"q5": "q6"}).to_csv("b.csv")
    with pytest.raises(InputError, match=r"several samples of 'b\.csv' have the name q6"):
        dataset_of(table([one for one in listed if one[1] != "q5"]))
    np.save("c.npy", RNG.normal(size=(N, 2)))
    with pytest.raises(InputError, match=r"names of the samples of 'c\.npy'"):
        dataset_of(table(listed), source=["a.h5ad", "c.npy"])


def test_a_file_that_is_named_twice_is_paired_with_itself_and_no_sample_with_its_copy():
    names = names_of()
    listed = [(names[i], names[(i + 1) % N]) for i in range(N)] + [(names[3], names[3])]
    pairing = table(listed)
    x, y, _, variables = pairs_of(pairing, source=["a.h5ad", "a.h5ad"])
    assert ((x + 1) % N == y).all() and len(x) == N and variables == ["ligand", "receptor"]
    said = text(describe("d", dataset_of(pairing, source=["a.h5ad", "a.h5ad"])))
    assert f"paired      {N} of {N + 1} rows of 'pairs.tsv'; 1 pair a sample with itself" in said


def test_two_samples_of_one_file_are_one_pair_whichever_way_they_are_listed():
    names, near = names_of(), np.random.default_rng(1)
    edges = [(i, j) for i in range(N) for j in near.choice(N, 3, replace=False) if i != j]
    listed = [(names[i], names[j]) for i, j in edges]
    pairing = table(listed + [(b, a) for a, b in listed])
    counts = set()
    for seed in range(3):
        x, y, _, _ = pairs_of(pairing, seed=seed, source=["a.h5ad", "a.h5ad"])
        assert len({frozenset(pair) for pair in zip(x, y, strict=True)}) == len(x) > N / 2
        assert len(set(x)) == len(set(y)) == len(x)
        counts.add(len(x))
    assert len(counts) == 1
    said = text(describe("d", dataset_of(pairing, source=["a.h5ad", "a.h5ad"])))
    assert "pair two samples the other way round" in said


def test_a_key_gives_a_pair_whatever_is_drawn_where_one_side_has_one_sample():
    held = anndata.read_h5ad("a.h5ad")
    held.obs["clone"] = [f"c{i // 2}" for i in range(N)]
    held.obs["second"] = np.arange(N) % 2
    held.write_h5ad("a.h5ad")
    pairing = BY_CLONE | {"where": ["second >= 0", "second == 1"]}
    for seed in range(3):
        x, y, _, _ = pairs_of(pairing, seed=seed, source=["a.h5ad", "a.h5ad"])
        assert (x == np.arange(0, N, 2)).all() and (y == x + 1).all()


def clones(path="a.h5ad"):
    """Write the clone and the day of each cell; some cells have no clone, some clones one day."""
    held = anndata.read_h5ad(path)
    held.obs["clone"] = pd.Categorical([f"c{i % 130}" if i % 9 else None for i in range(N)])
    held.obs["day"] = np.where(np.arange(N) // 130 == 1, 6, 2)
    held.write_h5ad(path)
    return held.obs


BY_CLONE = {
    "keys": ["clone", "clone"],
    "where": ["day == 2", "day == 6"],
    "names": ["early", "late"],
}


def test_a_key_of_both_sources_gives_one_pair_drawn_among_its_samples():
    obs = clones()
    x, y, info, variables = pairs_of(BY_CLONE, source=["a.h5ad", "a.h5ad"])
    assert variables == ["early", "late"] and len(x) > 100
    assert (obs["clone"].iloc[x].to_numpy() == obs["clone"].iloc[y].to_numpy()).all()
    assert obs["clone"].iloc[x].is_unique
    assert (obs["day"].iloc[x] == 2).all() and (obs["day"].iloc[y] == 6).all()
    assert list(info["sample_names"]) == obs["clone"].iloc[x].tolist()
    again = pairs_of(BY_CLONE, source=["a.h5ad", "a.h5ad"])
    assert np.array_equal(again[0], x) and np.array_equal(again[1], y)
    other = pairs_of(BY_CLONE | {"draw": 1}, source=["a.h5ad", "a.h5ad"])
    assert sorted(other[2]["sample_names"]) == sorted(info["sample_names"])
    assert not np.array_equal(other[0], x)
    said = text(describe("d", dataset_of(BY_CLONE, source=["a.h5ad", "a.h5ad"])))
    assert "samples without a key left out" in said and "in no pair" in said


def test_without_conditions_the_two_cells_of_a_clone_are_two():
    clones()
    x, y, _, _ = pairs_of({"keys": ["clone", "clone"], "names": ["a", "b"]}, source=["a.h5ad"] * 2)
    assert (x != y).all()


def test_strata_and_samples_left_out_are_those_of_the_first_source():
    obs = clones()
    more = {"strata": "day", "downsample": {"n": 100}, "source": ["a.h5ad", "b.csv"]}
    keys = {"keys": ["clone", {"table": "k.csv", "column": "clone"}]}
    pd.DataFrame(
        {"cell": [f"q{i}" for i in range(N)], "clone": [f"c{i % 130}" for i in range(N)]}
    ).to_csv("k.csv", index=False)
    x, y, info, _ = pairs_of(keys, **more)
    assert len(x) == 100 and (info["strata"] == obs["day"].iloc[x].astype(str)).all()
    assert (obs["clone"].iloc[x].to_numpy() == [f"c{i % 130}" for i in y]).all()
    assert data_files(dataset_of(keys, **more)) == ["a.h5ad", "b.csv", "k.csv"]


@pytest.mark.parametrize(
    ("pairing", "more", "word"),
    [
        ({}, {}, "neither"),
        ({"table": "x.tsv"}, {}, "go together"),
        ({"keys": ["clone", "clone"], "unknown": "drop"}, {}, "unknown"),
        ({"keys": ["clone", "clone"]}, {}, "'b.csv' is no"),
        (BY_CLONE, {"where": "day == 2", "source": ["a.h5ad"] * 2}, "each source"),
        (BY_CLONE, {"time_series": True, "source": ["a.h5ad"] * 2}, "time_series"),
        (BY_CLONE, {"source": ["a.h5ad"]}, "two sources, found 1"),
        (BY_CLONE | {"keys": ["clone", "Clone"]}, {"source": ["a.h5ad"] * 2}, "did you mean"),
        (BY_CLONE | {"keys": ["day", "clone"]}, {"source": ["a.h5ad"] * 2}, "found none"),
    ],
)
def test_what_does_not_go_together_is_told(pairing, more, word):
    clones()
    with pytest.raises(InputError) as caught:
        dataset_of(pairing, **more)
    assert word in str(caught.value), caught.value


def test_pairs_of_a_table_join_embeddings_that_stand_in_an_array_a_protein():
    """As UniProt keeps them: a file with an array of one dimension for each protein."""
    with h5py.File("proteins.h5", "w") as file:
        for row, code in enumerate(CODE):
            file[f"P{row:05d}"] = np.array([code, code / 2, -code], np.float16)
    pairs = RNG.permutation(N).reshape(-1, 2)
    frame = pd.DataFrame([[f"P{a:05d}", f"P{b:05d}"] for a, b in pairs], columns=["l", "r"])
    frame.to_csv("pairs.csv", index=False)
    asked = {"table": "pairs.csv", "columns": ["l", "r"], "names": ["ligand", "receptor"]}
    both = ("proteins.h5", "proteins.h5")
    with pytest.raises(InputError, match=r"300 arrays of 3 numbers each.*say `key: /`"):
        count_samples(dataset_of(asked, both))
    dataset = dataset_of(asked, both, key="/")
    names = list_variables(dataset)
    ligand, receptor = (read_matrices(dataset, [name])[0][0] for name in names)
    order = np.argsort([f"P{a:05d}" for a, _ in pairs])
    assert count_samples(dataset) == len(pairs)
    found = {tuple(row) for row in np.column_stack([ligand[:, 0], receptor[:, 0]]).tolist()}
    assert found == {(float(CODE[a]), float(CODE[b])) for a, b in pairs[order]}
