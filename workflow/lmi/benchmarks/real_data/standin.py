"""Stand-ins for the real data: small files of the same formats with planted mutual information.

They are no simulation of biology. What is planted can be computed, and the whole path from the
files to the estimates runs without a network.
"""

import gzip
import json
from pathlib import Path

import h5py
import numpy as np

from lmi.base import seeds
from lmi.base.files import replacing
from lmi.tasks.labels import label_mi_bits, label_table

# Narrower than the real embeddings (1,024), so that every estimator is quick.
N_FEATURES = 128
N_FAMILIES, UNRELATED = 4, 0.2
N_PAIRS = {"ligand_receptor": 3000, "kinase_target": 6000}
N_FATES, FIDELITY = 4, {"early": 0.95, "late": 0.9}
N_CLONES, N_GENES = 800, 240
# Cells of a clone: (day, well); pseudotime of an early cell is uniform between these values.
CELLS = ((2, 0), (4, 1), (6, 1), (6, 2))
PSEUDOTIME = {2: (0.0, 24_000.0), 4: (8_000.0, 32_000.0)}
COMMITTED = 18_000.0
FATES = ("Neutrophil", "Monocyte", "Baso", "Mast")


def write(source, folder, seed=0):
    """Write the stand-in of a source, and `truth.json`, into a folder.

    Parameters
    ----------
    source : str
        uniprot, omnipath or larry, as in `lmi.benchmarks.real_data.catalogue.FILES`.
    folder : str or Path
    seed : int
    """
    {"uniprot": _proteins, "omnipath": _interactions, "larry": _lineages}[source](
        Path(folder), seed
    )


def interaction_mi_bits():
    """Return the planted information between interacting proteins: that of their families."""
    return label_mi_bits(label_table(N_FAMILIES, UNRELATED))


def lineage_mi_bits():
    """Return the planted information between two cells of a clone, by comparison, in bits.

    A late cell shows the fate of its clone with probability FIDELITY["late"], else one at random;
    so does an early cell that is committed, with FIDELITY["early"]. An early cell before that
    shows no fate, and that it shows none says nothing: the information is that of two labels seen
    through both channels, times the share of committed cells.
    """

    def kept(*fidelities):
        return label_mi_bits(label_table(N_FATES, 1 - np.prod(fidelities)))

    early, late = FIDELITY["early"], FIDELITY["late"]
    share = {day: (high - COMMITTED) / (high - low) for day, (low, high) in PSEUDOTIME.items()}
    return {
        "2-6": share[2] * kept(early, late),
        "6-6": kept(late, late),
        "early-6": (share[2] + share[4]) / 2 * kept(early, late),
    }


def _accessions(rng, n):
    """Return names of the form of UniProt's accessions, all different."""
    numbers = rng.choice(10**5, n, replace=False)
    return [f"P{number:05d}" for number in numbers]


def _write_embeddings(path, accessions, embeddings):
    with replacing(path) as name, h5py.File(name, "w") as file:
        for accession, row in zip(accessions, embeddings.astype(np.float16), strict=True):
            file.create_dataset(accession, data=row)


def _embed(rng, centres, labels):
    """Return vectors around the centres of their labels, correlated between features."""
    loadings = 0.01 * rng.standard_normal((8, N_FEATURES))
    n = len(labels)
    noise = 0.015 * rng.standard_normal((n, N_FEATURES))
    return centres[labels] + rng.standard_normal((n, 8)) @ loadings + noise


def _proteins(folder, seed):
    """Two proteomes that differ in their means, and the human one of `_interactions`."""
    rng = seeds.rng(seed, "stand-in", "proteins")
    centres = 0.04 * rng.standard_normal((1, N_FEATURES)) + np.stack(
        [np.zeros(N_FEATURES), 0.02 * rng.standard_normal(N_FEATURES)]
    )
    names = _accessions(rng, 2600)
    labels = np.repeat([0, 1], [1200, 1400])
    embeddings = _embed(rng, centres, labels)
    _write_embeddings(folder / "ecoli.h5", names[:1200], embeddings[:1200])
    _write_embeddings(folder / "athaliana.h5", names[1200:], embeddings[1200:])
    human, families = _human(seed)
    roles = np.repeat([0, 1], len(human) // 2)
    centres = 0.04 * rng.standard_normal(N_FEATURES) + 0.015 * rng.standard_normal(
        (2 * N_FAMILIES, N_FEATURES)
    )
    _write_embeddings(
        folder / "human.h5", human, _embed(rng, centres, N_FAMILIES * roles + families)
    )
    _write_truth(folder)


def _human(seed):
    """Return accessions, the first half ligands and the second receptors, and their families."""
    rng = seeds.rng(seed, "stand-in", "human")
    families = np.tile(np.arange(N_FAMILIES), 400)
    return _accessions(rng, len(families)), families


def _interactions(folder, seed):
    """Tables of pairs: both of one family, but for a share of pairs drawn at random."""
    human, families = _human(seed)
    half = len(human) // 2
    members = [
        [np.flatnonzero(families[part] == family) + part.start for family in range(N_FAMILIES)]
        for part in (slice(0, half), slice(half, 2 * half))
    ]
    for kind, n_pairs in N_PAIRS.items():
        rng = seeds.rng(seed, "stand-in", kind)
        first = rng.integers(N_FAMILIES, size=n_pairs)
        other = rng.integers(N_FAMILIES, size=n_pairs)
        second = np.where(rng.random(n_pairs) < UNRELATED, other, first)
        lines = ["source\ttarget\tis_directed\tis_stimulation\tis_inhibition"]
        for f, g in zip(first, second, strict=True):
            pair = human[rng.choice(members[0][f])], human[rng.choice(members[1][g])]
            lines.append("\t".join([*pair, "1", "1", "0"]))
        # complexes have no embedding: their rows are left out later
        lines.append("\t".join(["COMPLEX:P00001_P00002", human[half], "1", "1", "0"]))
        with replacing(folder / f"{kind}.tsv") as name:
            name.write_text("\n".join(lines) + "\n", encoding="utf-8")
    _write_truth(folder)


def _lineages(folder, seed):
    """Cells of clones at three days: counts, clones, table of cells, genes and pseudotime."""
    rng = seeds.rng(seed, "stand-in", "lineages")
    n = N_CLONES * len(CELLS)
    clone = np.repeat(np.arange(N_CLONES), len(CELLS))
    day, well = np.tile(np.array(CELLS).T, N_CLONES)
    fate = rng.integers(N_FATES, size=N_CLONES)[clone]
    early = day < 6
    bounds = np.array([PSEUDOTIME.get(d, (0.0, 0.0)) for d in day])
    pseudotime = rng.uniform(bounds[:, 0], bounds[:, 1])
    fidelity = np.where(early, FIDELITY["early"], FIDELITY["late"])
    shown = np.where(rng.random(n) < fidelity, fate, rng.integers(N_FATES, size=n))
    shown = np.where(early & (pseudotime < COMMITTED), N_FATES, shown)

    base = rng.lognormal(0, 0.7, N_GENES)
    programmes = np.exp(rng.standard_normal((N_FATES + 1, N_GENES)))
    # a few cells belong to no clone
    loose = rng.integers(N_FATES + 1, size=200)
    states = np.concatenate([shown, loose])
    counts = rng.poisson(base * programmes[states] * rng.lognormal(0, 0.3, (len(states), 1)))
    order = rng.permutation(len(states))
    counts = counts[order].astype(float)
    counts *= 2000 / counts.sum(axis=1, keepdims=True)
    place = np.argsort(order)  # where each cell went
    folder.mkdir(parents=True, exist_ok=True)
    _write_matrix(folder / "normed_counts.mtx.gz", *np.nonzero(counts), counts.shape, counts)
    _write_matrix(folder / "clone_matrix.mtx.gz", place[:n], clone, (len(states), N_CLONES))
    cells = {
        "Library": "standin",
        "Cell barcode": [f"C{i:06d}" for i in order],
        "Time point": np.concatenate([day, np.full(200, 4)])[order].astype(float),
        "Starting population": "Lin-Kit+Sca1-",
        "Cell type annotation": np.array([*FATES, "Undifferentiated"])[states[order]],
        "Well": np.concatenate([well, np.full(200, 1)])[order],
        "SPRING-x": 0.0,
        "SPRING-y": 0.0,
    }
    import pandas as pd

    _write_text(folder / "metadata.txt.gz", pd.DataFrame(cells).to_csv(sep="\t", index=False))
    _write_text(folder / "gene_names.txt.gz", "".join(f"Gene{i}\n" for i in range(N_GENES)))
    on_path = np.flatnonzero(early & (fate == FATES.index("Neutrophil")))
    lines = [f"{place[i]}\t{pseudotime[i]:.0f}" for i in on_path]
    _write_text(
        folder / "neutrophil_pseudotime.txt.gz",
        "\n".join(["Cell index\tpseudotime", *lines]) + "\n",
    )
    _write_truth(folder)


def _write_matrix(path, rows, columns, shape, values=None):
    """Write a Matrix Market file: real values, or ones."""
    lines = [
        "%%MatrixMarket matrix coordinate real general",
        f"{shape[0]} {shape[1]} {len(rows)}",
    ]
    entries = np.ones(len(rows)) if values is None else values[rows, columns]
    lines += [f"{i + 1} {j + 1} {v:.4g}" for i, j, v in zip(rows, columns, entries, strict=True)]
    _write_text(path, "\n".join(lines) + "\n")


def _write_text(path, text):
    with replacing(path) as name:
        # no time stamp: the same seed gives the same file
        name.write_bytes(gzip.compress(text.encode(), mtime=0))


def _write_truth(folder):
    truth = {"interactions": interaction_mi_bits(), "lineages": lineage_mi_bits()}
    with replacing(folder / "truth.json") as name:
        name.write_text(json.dumps(truth, indent=1, sort_keys=True) + "\n", encoding="utf-8")
