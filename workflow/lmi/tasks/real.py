"""Tasks on real data that were downloaded and prepared: see `lmi.benchmarks.real_data`."""

import functools
import json

import numpy as np

from lmi.base.errors import InputError
from lmi.base.paths import stamp
from lmi.tasks.labels import label_counts, label_mi_bits, label_table
from lmi.tasks.registry import fail, finish, task

INTERACTIONS = ("ligand_receptor", "kinase_target")
"""Kinds of interactions, each in a prepared file of its own."""
EARLY_LATE = {
    "2-6": ({"day": (2,)}, {"day": (6,)}),
    "6-6": ({"day": (6,), "well": (1,)}, {"day": (6,), "well": (2,)}),
    "early-6": ({"day": (2, 4)}, {"day": (6,)}),
}


@functools.lru_cache(maxsize=2)
def _read(path, stage, _stamp):
    """Return all arrays of a prepared file, and its attributes."""
    from lmi.base import files

    with files.reading(path, f"prepare_{stage}") as file:
        if file.attrs.get("stage") != stage:
            raise InputError(
                f"task '{stage}', file {path}: expected a prepared file of {stage}, found one of "
                f"{file.attrs.get('stage', 'something else')}; give resources/...h5 of {stage}"
            )
        arrays = {
            name: files.text(data) if data.dtype.kind == "O" else data[()]
            for name, data in file.items()
        }
        return arrays, dict(file.attrs)


def read(path, stage):
    """Read a prepared file.

    Parameters
    ----------
    path : str
    stage : str
        proteins, interactions or lineages.

    Returns
    -------
    arrays : dict of str to array
        See `lmi.benchmarks.real_data`.
    attributes : dict
        `truth_bits` of interactions and lineages is the planted mutual information of a stand-in;
        NaN or an empty table for real data.

    Raises
    ------
    InputError
        No prepared file, or one of another stage.
    """
    return _read(path, stage, stamp(path))


@task(path="file", n_samples=(2, None), shuffled=(0, 1))
def proteins(rng, path="", n_samples=4402, shuffled=0.25):
    """Pairs of ProtT5 embeddings of proteins of one species, a share of them shuffled.

    `path` is resources/proteins.h5: proteins of E. coli and of A. thaliana. As many pairs of
    either, from two halves of each proteome, and no protein twice.

    Truth: `label_mi_bits(label_table(2, shuffled))` of the species, as far as the embeddings tell
    them apart and say nothing else of their random partner.
    Source: Gowri et al. 2024 (arXiv:2409.02732), figure 4: n = 4,402 (all of E. coli), shuffled
    shares s^2 for 200 values s in 0...1. The label table has no noise here; the published pairs
    are shuffled at random.
    """
    arrays, _ = read(path, "proteins")
    table = label_table(2, shuffled)
    counts = label_counts(rng, n_samples, table)
    halves = []
    for label in (0, 1):
        members = rng.permutation(np.flatnonzero(arrays["species"] == label))
        halves.append(np.array_split(members, 2))
    for sums, side in ((counts.sum(1), 0), (counts.sum(0), 1)):
        for label in (0, 1):
            available = len(halves[label][side])
            if sums[label] > available:
                fail("proteins", "n_samples", f"at most {2 * available} in this file", n_samples)
    pairs = rng.permutation(np.repeat(np.arange(4), counts.ravel()))
    sides = []
    for side, label in enumerate(np.divmod(pairs, 2)):
        rows = np.empty(n_samples, int)
        for species in (0, 1):
            here = label == species
            rows[here] = halves[species][side][: here.sum()]
        sides.append(arrays["embedding"][rows].astype(np.float32))
    return finish(*sides, label_mi_bits(table))


@task(path="file", kind=list(INTERACTIONS), n_samples=(0, None))
def interactions(rng, path="", kind="ligand_receptor", n_samples=0):
    """ProtT5 embeddings of pairs of proteins that interact, in random order.

    `path` is resources/<kind>.h5, of ligand_receptor or kinase_target; n_samples = 0 takes all
    pairs. `independent: true` is the shuffle test. A protein takes part in many pairs, so that the
    pairs are no independent samples: folds share proteins, and error bars are too small.

    Truth: unknown (NaN); the families of the stand-in, `lmi.benchmarks.real_data.standin`.
    Source: Gowri et al. 2024 (arXiv:2409.02732), figure 5: 4,496 pairs of OmniPath's ligrecextra
    and 22,229 of its kinaseextra.
    """
    arrays, attributes = read(path, "interactions")
    if attributes["kind"] != kind:
        fail("interactions", "path", f"a file of kind '{kind}'", f"'{attributes['kind']}'")
    pairs = arrays["pair"]
    if n_samples > len(pairs):
        fail("interactions", "n_samples", f"at most {len(pairs)} pairs", n_samples)
    chosen = rng.permutation(len(pairs))[: n_samples or len(pairs)]
    x, y = (arrays["embedding"][pairs[chosen, side]].astype(np.float32) for side in (0, 1))
    return finish(x, y, float(attributes["truth_bits"]))


def draw_lineages(rng, arrays, comparison):
    """Draw one cell of each clone at both of two times.

    Parameters
    ----------
    rng : numpy.random.Generator
    arrays : dict
        Of `read`.
    comparison : str
        A key of `EARLY_LATE`.

    Returns
    -------
    int array, shape (2, n_clones)
        Rows of the cells, clones in random order.
    """
    sides = []
    for wanted in EARLY_LATE[comparison]:
        here = np.all([np.isin(arrays[key], values) for key, values in wanted.items()], axis=0)
        rows = rng.permutation(np.flatnonzero(here))
        # the first of each clone in a random order is one at random
        clones, first = np.unique(arrays["clone"][rows], return_index=True)
        sides.append(dict(zip(clones, rows[first], strict=True)))
    common = rng.permutation(sorted(sides[0].keys() & sides[1].keys()))
    return np.array([[side[clone] for clone in common] for side in sides], dtype=int)


@task(path="file", comparison=list(EARLY_LATE), n_samples=(0, None))
def lineages(rng, path="", comparison="2-6", n_samples=0):
    """Expression of two cells of a clone: early and late, or both late from separate wells.

    `path` is resources/lineages.h5. comparison 2-6: a cell of day 2 and one of day 6; 6-6: of the
    two sets of wells on day 6; early-6: of day 2 or 4, and of day 6. One pair a clone, drawn at
    random; n_samples = 0 takes all clones. `independent: true` pairs different clones.

    If the expression of a cell on day 2 decided its fate, the wells could share no more than day 2
    shares with either (data processing inequality): the Markov test.

    Truth: unknown (NaN); `lmi.benchmarks.real_data.standin.lineage_mi_bits` for the stand-in.
    Source: Gowri et al. 2024 (arXiv:2409.02732), figure 6; 1,243, 677 and 3,320 clones.
    """
    arrays, attributes = read(path, "lineages")
    rows = draw_lineages(rng, arrays, comparison)
    if n_samples > rows.shape[1]:
        fail("lineages", "n_samples", f"at most {rows.shape[1]} clones", n_samples)
    first, second = rows[:, : n_samples or rows.shape[1]]
    truth_bits = json.loads(attributes["truth_bits"]).get(comparison, np.nan)
    return finish(arrays["expression"][first], arrays["expression"][second], truth_bits)
