"""Real data: formats, preprocessing, and planted answers."""

import gzip
import itertools
import json
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
from lmi.base import files
from lmi.base.errors import InputError
from lmi.benchmarks import published, verdict
from lmi.benchmarks.real_data import (
    catalogue,
    interactions,
    lineages,
    prediction,
    proteins,
    pseudotime,
    standin,
)
from lmi.benchmarks.real_data import shuffle_tests as shuffling
from lmi.benchmarks.real_data.download import sha256
from lmi.tasks import make
from lmi.tasks.real import draw_lineages, read
from scipy import sparse

SCALES = ("smoke", "quick", "full")


# ---- stand-ins, once: files, prepared files


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Return a folder with all stand-ins, of fewer genes and pairs than usual."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(standin, "N_GENES", 120)
        patch.setattr(standin, "N_PAIRS", {"ligand_receptor": 2500, "kinase_target": 50})
        yield write_all(tmp_path_factory.mktemp("standin"))


def write_all(folder):
    for source, names in catalogue.FILES.items():
        standin.write(source, folder / source)
        written = {path.name for path in (folder / source).iterdir()}
        assert written == {*names, "truth.json"}
    uniprot, omnipath, larry = (folder / source for source in ("uniprot", "omnipath", "larry"))
    proteins.prepare(
        uniprot / "ecoli.h5", uniprot / "athaliana.h5", folder / "proteins.h5", standin=True
    )
    interactions.prepare(
        omnipath / "ligand_receptor.tsv",
        uniprot / "human.h5",
        folder / "ligand_receptor.h5",
        kind="ligand_receptor",
        truth=omnipath / "truth.json",
    )
    lineages.prepare(*larry_files(larry), folder / "lineages.h5", truth=larry / "truth.json")
    return folder


def larry_files(folder):
    names = ("normed_counts.mtx", "clone_matrix.mtx", "metadata.txt", "gene_names.txt")
    return [folder / f"{name}.gz" for name in (*names, "neutrophil_pseudotime.txt")]


def estimate(x, y):
    from lmi.api import estimate

    return estimate(x, y, seed=200, train="never", n_permutations=0)


def test_a_stand_in_is_the_same_each_time(data, tmp_path):
    standin.write("larry", tmp_path)
    for path in tmp_path.iterdir():
        assert path.read_bytes() == (data / "larry" / path.name).read_bytes()


def test_embeddings_have_the_format_of_uniprot(data):
    with h5py.File(data / "uniprot" / "ecoli.h5") as file:
        name = next(iter(file))
        assert file[name].shape == (standin.N_FEATURES,) and file[name].dtype == np.float16
    accessions, embeddings = proteins.read_embeddings(data / "uniprot" / "ecoli.h5")
    assert accessions == sorted(accessions)
    assert embeddings.shape == (len(accessions), standin.N_FEATURES)


def test_proteins_are_paired_by_species_and_used_once(data):
    path = str(data / "proteins.h5")
    drawn = make("proteins", 0, path=path, n_samples=1000, shuffled=0.4)
    arrays, _ = read(path, "proteins")
    index = {row.astype(np.float32).tobytes(): i for i, row in enumerate(arrays["embedding"])}
    rows = [np.array([index[row.tobytes()] for row in side]) for side in (drawn.x, drawn.y)]
    assert len(set(rows[0]) | set(rows[1])) == 2000
    species = [arrays["species"][r] for r in rows]
    assert np.mean(species[0]) == np.mean(species[1]) == 0.5
    assert np.mean(species[0] == species[1]) == pytest.approx(0.8, abs=1e-3)
    assert drawn.truth_bits == pytest.approx(1 + 0.8 * np.log2(0.8) + 0.2 * np.log2(0.2))
    with pytest.raises(InputError, match=r"n_samples.*at most 1200"):
        make("proteins", 0, path=path, n_samples=1300)
    apart = make("proteins", 0, path=path, n_samples=1000, independent=True)
    assert apart.truth_bits == 0


def test_species_are_told_apart(data):
    drawn = make("proteins", 0, path=str(data / "proteins.h5"), n_samples=800, shuffled=0.0)
    assert estimate(drawn.x, drawn.y).mi_bits == pytest.approx(1, abs=0.1)


def test_planted_interactions_are_found_and_shuffled_ones_are_not(data):
    path = str(data / "ligand_receptor.h5")
    drawn = make("interactions", 0, path=path)
    arrays, attributes = read(path, "interactions")
    truth = attributes["truth_bits"]
    assert len(drawn.x) == len(arrays["pair"]) == len(np.unique(arrays["pair"], axis=0))
    assert drawn.truth_bits == truth == standin.interaction_mi_bits()
    some = make("interactions", 0, path=path, n_samples=1500)
    assert np.array_equal(some.x, drawn.x[:1500])
    assert estimate(some.x, some.y).mi_bits == pytest.approx(truth, abs=0.15)
    apart = make("interactions", 0, path=path, n_samples=1500, independent=True)
    assert abs(estimate(apart.x, apart.y).mi_bits) < 0.1
    with pytest.raises(InputError, match=r"at most .* pairs"):
        make("interactions", 0, path=path, n_samples=10**6)


def test_pairs_without_embedding_and_repeated_ones_are_left_out(tmp_path):
    with h5py.File(tmp_path / "human.h5", "w") as file:
        for name in ("P1", "P2", "P3"):
            file[name] = np.full(4, ord(name[1]), np.float16)
    rows = ["P3\tP1", "P1\tCOMPLEX:P2_P3", "P9\tP1", "P3\tP1", "P1\tP3"]
    (tmp_path / "t.tsv").write_text("source\ttarget\n" + "\n".join(rows) + "\n")
    paths = tmp_path / "t.tsv", tmp_path / "human.h5", tmp_path / "out.h5"
    interactions.prepare(*paths, kind="ligand_receptor")
    arrays, attributes = read(str(tmp_path / "out.h5"), "interactions")
    assert list(arrays["accession"]) == ["P1", "P3"]
    assert arrays["pair"].tolist() == [[1, 0], [0, 1]]
    assert np.isnan(attributes["truth_bits"])
    drawn = make("interactions", 0, path=str(tmp_path / "out.h5"))
    assert np.isnan(drawn.truth_bits)
    assert make("interactions", 0, path=str(tmp_path / "out.h5"), independent=True).truth_bits == 0


def test_cells_of_a_clone_are_paired_by_day_and_well(data):
    arrays, attributes = read(str(data / "lineages.h5"), "lineages")
    planted = json.loads(attributes["truth_bits"])
    assert planted == standin.lineage_mi_bits()
    assert planted["6-6"] > planted["2-6"]  # no Markov chain
    for comparison, days, wells in (
        ("2-6", ({2}, {6}), ({0}, {1, 2})),
        ("6-6", ({6}, {6}), ({1}, {2})),
        ("early-6", ({2, 4}, {6}), ({0, 1}, {1, 2})),
    ):
        rows = draw_lineages(np.random.default_rng(0), arrays, comparison)
        clones = arrays["clone"][rows]
        assert np.array_equal(clones[0], clones[1])
        assert len(set(clones[0])) == rows.shape[1] == standin.N_CLONES
        assert list(clones[0]) != sorted(clones[0])
        for side in (0, 1):
            assert set(arrays["day"][rows[side]]) == days[side]
            assert set(arrays["well"][rows[side]]) == wells[side]


def test_the_markov_test_finds_what_was_planted(data):
    path = str(data / "lineages.h5")
    found = {}
    for comparison, truth in standin.lineage_mi_bits().items():
        drawn = make("lineages", 0, path=path, comparison=comparison)
        assert drawn.truth_bits == pytest.approx(truth)
        found[comparison] = estimate(drawn.x, drawn.y).mi_bits
        assert found[comparison] == pytest.approx(truth, abs=0.17)
    assert found["6-6"] > found["2-6"] + 0.5
    apart = make("lineages", 0, path=path, independent=True)
    assert abs(estimate(apart.x, apart.y).mi_bits) < 0.12


def test_planted_truth_of_lineages_by_simulation():
    rng = np.random.default_rng(0)
    n = 400_000
    fate = rng.integers(4, size=n)
    low, high = standin.PSEUDOTIME[2]

    def shown(fidelity):
        return np.where(rng.random(n) < fidelity, fate, rng.integers(4, size=n))

    early, late = shown(standin.FIDELITY["early"]), shown(standin.FIDELITY["late"])
    early[rng.uniform(low, high, n) < standin.COMMITTED] = 4
    table = np.zeros((5, 4))
    np.add.at(table, (early, late), 1 / n)
    expected = np.outer(table.sum(1), table.sum(0))
    bits = np.sum(table[table > 0] * np.log2(table[table > 0] / expected[table > 0]))
    assert bits == pytest.approx(standin.lineage_mi_bits()["2-6"], abs=0.003)


def test_information_rises_where_cells_commit(data):
    table = pseudotime.along_pseudotime(
        str(data / "lineages.h5"), n_pairings=2, window=20, from_pseudotime=5000, train="never"
    )
    assert table["pseudotime"].is_monotonic_increasing and table["pseudotime"].min() > 5000
    assert table["n_drawn"].between(1, 2).all()
    late = table["pseudotime"] > standin.COMMITTED
    assert abs(table["pmi_bits"][~late].mean()) < 0.15
    assert table["pmi_bits"][late].mean() > 1
    smooth = table["pmi_bits"][5:25].mean()
    assert table["smooth_pmi_bits"][24] == pytest.approx(smooth)
    assert pseudotime.figure(table).axes[0].get_ylabel().endswith("(bits)")


def test_unseen_pairs_of_one_family_are_predicted(data):
    table = prediction.predict(str(data / "ligand_receptor.h5"), n_trials=3)
    # a true pair is of one family with 85 %, another one with 25 %: an area of 0.80
    assert table["auroc_ksg"].mean() == pytest.approx(0.8, abs=0.07)
    assert table["auroc_critic"].mean() == pytest.approx(0.8, abs=0.07)
    assert (table["n_true"] > 10).all() and (table["n_candidates"] > 4000).all()
    again = prediction.predict(str(data / "ligand_receptor.h5"), n_trials=2)
    pd.testing.assert_frame_equal(again, table[:2])


def test_auroc_against_counting():
    rng = np.random.default_rng(0)
    scores, positive = rng.integers(8, size=40), rng.random(40) < 0.3
    above = scores[positive][:, None] - scores[~positive]
    assert prediction.auroc(scores, positive) == pytest.approx(
        np.mean((above > 0) + 0.5 * (above == 0))
    )
    assert np.isnan(prediction.auroc(scores, np.zeros(40, bool)))


def test_unseen_pmi_against_one_more_sample():
    from lmi.ksg import kernel as ksg

    rng = np.random.default_rng(0)
    x = rng.standard_normal((301, 2))
    y = x + rng.standard_normal((301, 2))
    unseen = prediction.unseen_pmi_bits(x[:300], y[:300], x[300:], y[300:])
    assert unseen[0, 0] == pytest.approx(ksg.pointwise_mi(x, y)[300])


def test_shuffle_tests_have_a_row_an_estimate(data):
    paths = [str(data / "ligand_receptor.h5"), str(data / "lineages.h5")]
    table = shuffling.run(
        paths,
        draws={"interactions": (1, 1), "lineages": (1, 1)},
        train="never",
        n_permutations=0,
        error_bars=False,
    )
    assert list(table["data"]) == ["ligand_receptor"] * 2 + ["lineages"] * 6
    assert (table["truth_bits"][table["shuffled"]] == 0).all()
    assert (table["mi_bits"] - table["truth_bits"]).abs().max() < 0.2


# ---- preprocessing of cells


def write_text(path, text):
    path.write_bytes(gzip.compress(text.encode()))
    return path


def small(folder, n_cells=120, n_genes=30):
    """Write small files of the experiment; return their paths, counts and clones."""
    rng = np.random.default_rng(0)
    counts = rng.poisson(rng.lognormal(0, 1, n_genes), (n_cells, n_genes)).astype(float)
    clones = np.zeros((n_cells, 9))
    with_clone = rng.permutation(n_cells)[:90]
    clones[with_clone, rng.integers(9, size=90)] = 1
    clones[with_clone[0]] = 0
    clones[with_clone[0], [3, 7]] = 1  # in two clones
    paths = larry_files(folder)
    for path, matrix in zip(paths[:2], (counts, clones), strict=True):
        entries = [f"{i + 1} {j + 1} {matrix[i, j]:g}" for i, j in np.argwhere(matrix)]
        head = "%%MatrixMarket matrix coordinate real general\n% a comment\n"
        write_text(
            path, f"{head}{n_cells} {matrix.shape[1]} {len(entries)}\n" + "\n".join(entries) + "\n"
        )
    cells = pd.DataFrame(
        {
            "Time point": rng.choice([2.0, 4.0, 6.0], n_cells),
            "Cell type annotation": rng.choice(["Monocyte", "Undifferentiated"], n_cells),
            "Well": rng.integers(3, size=n_cells),
        }
    )
    write_text(paths[2], cells.to_csv(sep="\t", index=False))
    write_text(paths[3], "".join(f"Gene{i}\n" for i in range(n_genes)))
    write_text(paths[4], "Cell index\tpseudotime\n5\t12000\n7\t3\n")
    return paths, counts, clones, cells


def test_cells_are_preprocessed_as_documented(tmp_path):
    paths, counts, clones, cells = small(tmp_path)
    lineages.prepare(*paths, tmp_path / "out.h5", n_genes=10)
    arrays, attributes = read(str(tmp_path / "out.h5"), "lineages")
    kept = clones.any(axis=1)
    assert attributes["truth_bits"] == "{}" and not attributes["standin"]
    assert np.array_equal(arrays["clone"], clones[kept].argmax(axis=1))
    assert np.array_equal(arrays["day"], cells["Time point"][kept])
    assert list(arrays["type"]) == list(cells["Cell type annotation"][kept])
    time = np.full(len(kept), np.nan)
    time[[5, 7]] = 12000, 3
    assert np.array_equal(arrays["pseudotime"], time[kept], equal_nan=True)
    genes = [int(name.removeprefix("GENE")) for name in arrays["gene"]]
    scaled = counts[kept] * 1e4 / counts[kept].sum(axis=1, keepdims=True)
    logs = np.log1p(scaled)[:, genes]
    z = (logs - logs.mean(axis=0)) / logs.std(axis=0, ddof=1)
    assert arrays["expression"] == pytest.approx(np.clip(z, -10, 10), abs=1e-4)
    assert np.isnan(make("lineages", 0, path=str(tmp_path / "out.h5"), comparison="2-6").truth_bits)


def test_variable_genes_against_a_plain_loop():
    rng = np.random.default_rng(1)
    rates = rng.lognormal(0, 1.5, 200)
    counts = rng.poisson(rates * rng.gamma(2, 0.5, (150, 200))).astype(float)
    counts[:, 7] = 0
    chosen = lineages.variable_genes(sparse.csr_matrix(counts), 40)
    mean = np.maximum(counts.mean(axis=0), 1e-12)
    with np.errstate(divide="ignore"):
        dispersion = np.log(counts.var(axis=0, ddof=1) / mean)
    level = np.log1p(mean)
    edges = np.linspace(level.min(), level.max(), 21)
    scores = np.full(200, -np.inf)
    for low, high in itertools.pairwise(edges):
        inside = (level > low) & (level <= high) | (low == edges[0]) & (level == low)
        here = np.flatnonzero(inside & np.isfinite(dispersion))
        if len(here) == 1:
            scores[here] = 1
        elif len(here):
            scores[here] = (dispersion[here] - dispersion[here].mean()) / dispersion[here].std(
                ddof=1
            )
    assert list(chosen) == sorted(np.argsort(-scores, kind="stable")[:40])
    assert 7 not in lineages.variable_genes(sparse.csr_matrix(counts), 1000)


def test_a_matrix_is_read_in_pieces(tmp_path, monkeypatch):
    paths, counts, clones, _ = small(tmp_path)
    monkeypatch.setattr(lineages, "ROWS_AT_A_TIME", 100)
    keep = clones.any(axis=1)
    assert np.array_equal(lineages.read_matrix(paths[0]).toarray(), counts)
    assert np.array_equal(lineages.read_matrix(paths[0], keep).toarray(), counts[keep])
    pattern = tmp_path / "p.mtx"
    pattern.write_text("%%MatrixMarket matrix coordinate pattern general\n2 3 2\n1 2\n2 3\n")
    assert lineages.read_matrix(pattern).toarray().tolist() == [[0, 1, 0], [0, 0, 1]]


# ---- bad files, a message each


def test_bad_embeddings_are_told(tmp_path):
    path = tmp_path / "p.h5"
    path.write_text("<html>")
    with pytest.raises(InputError, match="a dataset a protein, cannot read it"):
        proteins.read_embeddings(path)
    for content, message in (
        ({}, "no datasets"),
        ({"P1": np.ones(4), "P2": np.ones(5)}, r"of one shape.*\(4,\), \(5,\)"),
        ({"P1": np.ones((2, 4))}, r"found \(2, 4\)"),
        ({"P1": np.array([1, np.nan])}, "finite numbers, found others in 1 proteins, P1 first"),
    ):
        with h5py.File(path, "w") as file:
            for name, values in content.items():
                file[name] = values
        with pytest.raises(InputError, match=message):
            proteins.read_embeddings(path)


def test_proteomes_of_two_models_are_told(data, tmp_path):
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["P1"] = np.ones(7)
    with pytest.raises(InputError, match="128 and 7 features"):
        proteins.prepare(data / "uniprot/ecoli.h5", tmp_path / "other.h5", tmp_path / "out.h5")


def test_bad_tables_of_interactions_are_told(data, tmp_path):
    table = tmp_path / "t.tsv"
    table.write_text("<!DOCTYPE html>\n")
    with pytest.raises(InputError, match="columns source and target, found <!DOCTYPE html>"):
        interactions.read_pairs(table)
    table.write_text("source\ttarget\nEGFR\tEGF\n")
    with pytest.raises(InputError, match="found none of 1: the accessions EGFR, EGF"):
        interactions.prepare(
            table, data / "uniprot/human.h5", tmp_path / "out.h5", kind="ligand_receptor"
        )


@pytest.mark.parametrize(
    "which, text, message",
    [
        (0, "cell,gene\n", "in coordinate format, found cell,gene"),
        (0, "%%MatrixMarket matrix coordinate real general\n99 30 0\n", "expected 120 rows.*99"),
        (0, "%%MatrixMarket matrix coordinate real general\n120 30 2\n1 1 1\n", "2 entries.*1"),
        (0, "%%MatrixMarket matrix coordinate real general\n120 30 1\n1 x 1\n", "cannot read it"),
        (1, "%%MatrixMarket matrix coordinate real general\n9 3 1\n1 1 1\n", "120 rows.*found 9"),
        (2, "Day\tWell\n2\t1\n", "columns Time point, Well.*found Day, Well"),
        (3, "A\nB\n", "expected 30 genes.*found 2"),
        (4, "Cell index\tpseudotime\n500\t1\n", "from 0 to 119, found 500"),
    ],
)
def test_bad_files_of_cells_are_told(tmp_path, which, text, message):
    paths = small(tmp_path)[0]
    write_text(paths[which], text)
    with pytest.raises(InputError, match=message):
        lineages.prepare(*paths, tmp_path / "out.h5")


def test_a_truncated_download_is_told(tmp_path):
    paths = small(tmp_path)[0]
    paths[0].write_bytes(paths[0].read_bytes()[:-40])
    with pytest.raises(InputError, match=r"normed_counts.mtx.gz.*cannot read it"):
        lineages.prepare(*paths, tmp_path / "out.h5")


def test_a_task_wants_its_own_prepared_file(data, tmp_path):
    with pytest.raises(InputError, match="a prepared file of interactions, found one of proteins"):
        make("interactions", 0, path=str(data / "proteins.h5"))
    files.write(tmp_path / "x.h5", {"a": [1]}, {})
    with pytest.raises(InputError, match="found one of something else"):
        make("lineages", 0, path=str(tmp_path / "x.h5"))
    with pytest.raises(InputError, match="of kind 'kinase_target', found 'ligand_receptor'"):
        make("interactions", 0, path=str(data / "ligand_receptor.h5"), kind="kinase_target")
    with pytest.raises(InputError, match="path of an existing file"):
        make("proteins", 0, path=str(tmp_path / "none.h5"))
    with pytest.raises(InputError, match=r"at most 800 clones"):
        make("lineages", 0, path=str(data / "lineages.h5"), n_samples=900)


def test_prepared_files_say_what_they_were_made_of(data):
    with h5py.File(data / "lineages.h5") as file:
        assert file.attrs["standin"]
        first = Path(larry_files(data / "larry")[0])
        assert file.attrs["sha256"][0] == sha256(first)


# ---- the figures


@pytest.mark.parametrize("name", ["proteins", "interactions", "lineage"])
def test_figures_take_real_data_only_where_they_should(name, tmp_path, monkeypatch):
    module = published.FIGURES[name]
    monkeypatch.chdir(tmp_path)
    cells = {scale: published.cells.__wrapped__(name, scale) for scale in SCALES}
    data = {s: {c["conditions"]["data"] for c in found.values()} for s, found in cells.items()}
    assert data == {"smoke": {"stand-in"}, "quick": {"stand-in"}, "full": {"real"}}
    for found in cells.values():
        assert found
        for cell in found.values():
            standin_path = cell["params"]["path"].startswith(catalogue.STANDIN)
            assert standin_path == (cell["conditions"]["data"] == "stand-in")
    # prepared files at hand: quick takes them
    (tmp_path / "resources").mkdir()
    for prepared in catalogue.PREPARED:
        (tmp_path / catalogue.path(prepared)).touch()
    quick = published.cells.__wrapped__(name, "quick")
    assert {cell["conditions"]["data"] for cell in quick.values()} == {"real"}
    assert {cell["params"]["path"] for cell in quick.values()} <= set(module.RESOURCE)


def test_published_designs():
    shares = [c["params"]["shuffled"] for c in published.cells("proteins", "full").values()]
    assert len(shares) == 200 and shares[0] == 0 and shares[-1] == 1
    assert {c["n_samples"] for c in published.cells("proteins", "full").values()} == {4402}
    pairs = published.cells("interactions", "full").values()
    assert sum(c["params"]["independent"] for c in pairs) == 20 and len(pairs) == 22
    relatives = published.cells("lineage", "full").values()
    assert len(relatives) == 3 * 2 * 20


def test_the_stand_in_is_compared_with_no_published_error():
    cells = [{"level": 2, "data": data} for data in ("real", "stand-in")]
    real, other = verdict.match(cells, "proteins", "LMI")
    assert real["mae_bits"] == pytest.approx(0.0787) and real["condition"] == "level=2"
    assert other is None


@pytest.mark.parametrize("data", ["real", "stand-in"])
@pytest.mark.parametrize("name", ["proteins", "interactions", "lineage"])
def test_figures_are_drawn_and_say_what_they_show(name, data):
    scale = {"real": "full", "stand-in": "smoke"}[data]
    rows = []
    for cell in list(published.cells(name, scale).values()):
        for estimator in ("default", "paper"):
            row = cell["params"] | cell["conditions"] | {"estimator": estimator}
            row |= {"truth_bits": 0.3 if data == "stand-in" else np.nan, "mi_bits": 0.25}
            rows.append({"independent": False} | row)
    table = pd.DataFrame(rows)
    if name == "proteins":
        table["truth_bits"] = 0.3
    table["error_bits"] = table["mi_bits"] - table["truth_bits"]
    figure = published.FIGURES[name].draw(table)
    titles = [axes.get_title() for axes in figure.axes] + [figure.get_suptitle()]
    assert any("stand-in" in title for title in titles) == (data == "stand-in")
    if name == "lineage":
        lines = [list(line.get_ydata()) for line in figure.axes[0].lines]
        assert ([0.299, 0.299] in lines) == (data == "real")
