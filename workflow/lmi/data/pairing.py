"""Samples that are pairs: a row of one source and a row of another, by a table or by a key of both.

A ligand and its receptor, a cell and a later one of its clone. Every row is in one pair at most, so
that samples are no copies of each other: rows that are used again would make error bars and p
values too small.
"""

import numpy as np

from lmi.base import seeds
from lmi.base.errors import InputError
from lmi.base.messages import first_duplicates, some, suggest
from lmi.data.conditions import fulfil
from lmi.data.feature_groups import read_columns
from lmi.data.label_joins import joined_labels
from lmi.data.sources import n_own_samples, sample_names

SIDES = (0, 1)


def pairs(settings, sources, seed):
    """Return the rows of each source that make pairs, their names, and how they were made.

    Parameters
    ----------
    settings : dict
        `pairing` of a dataset of the config.
    sources : list of Source
        Two.
    seed : int
        The run's.

    Returns
    -------
    rows : list of int array, shape (n_pairs,)
    names : tuple of str
    told : str

    Raises
    ------
    InputError
        Names or keys that are missing, in no source, or that several samples of a source have; no
        pair.
    """
    rng = seeds.rng(seed, "pairing", settings.get("draw", 0))
    allowed = [np.ones(n_own_samples(source), bool) for source in sources]
    for side, condition in enumerate(settings.get("where", ())):
        allowed[side], _ = fulfil(condition, sources[side])
    if "table" in settings:
        rows, names, told = _by_table(settings, sources, allowed, rng)
    else:
        rows, names, told = _by_key(settings, sources, allowed, rng)
    if not names:
        raise InputError(
            f"pairing: expected pairs of samples of '{sources[0].path}' and '{sources[1].path}', "
            f"found none ({told}). Names and keys must be equal, letter by letter"
        )
    order = np.argsort(rows[0], kind="stable")
    return [own[order] for own in rows], tuple(names[i] for i in order), told


# ---- by a table, a pair a row


def _by_table(settings, sources, allowed, rng):
    path, columns = settings["table"], tuple(settings["columns"])
    listed = [values for _, values in read_columns(path, columns, "pairing table")]
    places, unknown = [], {}
    for side, source in enumerate(sources):
        names = sample_names(source)
        if names is None:
            raise InputError(
                f"pairing: expected names of the samples of '{source.path}', which the column "
                f"'{columns[side]}' of '{path}' refers to, found none. Name them (`sample_column`; "
                "an array `samples` beside the matrix)"
            )
        row_of = {name: row for row, name in enumerate(names)}
        used = {values[side] for values in listed}
        if twice := [name for name in first_duplicates(names) if name in used]:
            raise InputError(
                f"pairing: several samples of '{source.path}' have the name {some(twice)}, and "
                f"'{path}' does not say which one it means. Rename them"
            )
        places.append(row_of)
        if absent := list(dict.fromkeys(v[side] for v in listed if v[side] not in row_of)):
            unknown[side] = absent
    if unknown and settings.get("unknown", "error") == "error":
        side, absent = next(iter(unknown.items()))
        others = sum(map(len, unknown.values())) - len(absent)
        raise InputError(
            f"pairing: {len(absent)} names in the column '{columns[side]}' of '{path}' are no "
            f"samples of '{sources[side].path}': {some(absent)}{suggest(absent[0], places[side])}"
            + (f"; so are {others} in the other column" if others else "")
            + ". Correct them, or go on without their rows: `unknown: drop`"
        )
    good = [v for v in listed if all(v[side] in places[side] for side in SIDES)]
    edges = np.array([[places[side][v[side]] for side in SIDES] for v in good], int).reshape(-1, 2)
    edges = np.unique(edges, axis=0)
    fits = np.all([allowed[side][edges[:, side]] for side in SIDES], axis=0)
    same = edges[:, 0] == edges[:, 1] if _one_file(sources) else np.zeros(len(edges), bool)
    good_edges = edges[fits & ~same]
    one_way = _one_way(good_edges) if _one_file(sources) else good_edges
    chosen = _each_once(one_way, rng)
    told = [f"{len(chosen)} of {len(listed)} rows of '{path}'"]
    reasons = [
        (len(listed) - len(good), "name no sample"),
        (len(good) - len(edges), "repeat another row"),
        (int(same.sum()), "pair a sample with itself"),
        (int((~fits & ~same).sum()), "do not fulfil `where`"),
        (len(good_edges) - len(one_way), "pair two samples the other way round"),
        (len(one_way) - len(chosen), "share a sample with another row"),
    ]
    told += [f"{n} {why}" for n, why in reasons if n]
    names = [sample_names(source) for source in sources]
    shown = [f"{names[0][a]} & {names[1][b]}" for a, b in chosen]
    return [chosen[:, side] for side in SIDES], shown, "; ".join(told)


def _one_way(edges):
    """Return pairs of one source without those that are another one the other way round.

    Both would be one sample twice. Which of them is left does not depend on the run's seed, so that
    how many pairs there are does not either.
    """
    rng = seeds.rng(0, "pairing", "one way")
    edges = edges[rng.permutation(len(edges))]
    _, first = np.unique(np.sort(edges, axis=1), axis=0, return_index=True)
    return edges[first]


def _each_once(edges, rng):
    """Return as many pairs as can be chosen with each row in one of them, at random.

    How many there are does not depend on the draw: a maximum matching, of rows in random order.
    """
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import maximum_bipartite_matching

    if not len(edges):
        return edges
    coded = [np.unique(edges[:, side], return_inverse=True) for side in SIDES]
    own, codes = zip(*coded, strict=True)
    mixed = [rng.permutation(len(rows)) for rows in own]
    entries = (np.ones(len(edges), bool), [mixed[side][codes[side]] for side in SIDES])
    graph = csr_array(entries, shape=[len(rows) for rows in own])
    partner = maximum_bipartite_matching(graph, perm_type="column")
    back = [np.argsort(order) for order in mixed]
    left = np.flatnonzero(partner >= 0)
    return np.column_stack([own[0][back[0][left]], own[1][back[1][partner[left]]]])


# ---- by a key that both sources have, a pair a key


def _by_key(settings, sources, allowed, rng):
    rows_of, n_without = [], []
    for side, source in enumerate(sources):
        labels, _ = joined_labels(source, settings["keys"][side], "pairing.keys", False)
        has_key = np.array([bool(label.strip()) for label in labels])
        n_without.append(int((allowed[side] & ~has_key).sum()))
        groups = {}
        for row in np.flatnonzero(allowed[side] & has_key):
            groups.setdefault(labels[row], []).append(row)
        rows_of.append(groups)
    shared = sorted(rows_of[0].keys() & rows_of[1].keys())
    names, chosen = [], []
    for key in shared:
        own, others = rows_of[0][key], rows_of[1][key]
        if _one_file(sources) and len(others) == 1:  # no pair of a sample with itself
            own = [row for row in own if row != others[0]]
        if not own:
            continue
        first = int(rng.choice(own))
        if _one_file(sources):
            others = [row for row in others if row != first]
        names.append(key)
        chosen.append((first, int(rng.choice(others))))
    told = [f"one pair for each of {len(names)} keys, drawn among its samples"]
    lonely = [len(groups) - len(names) for groups in rows_of]
    reasons = [
        (lonely[0], "keys of the first source alone"),
        (lonely[1], "keys of the second source alone"),
        (sum(n_without), "samples without a key"),
    ]
    told += [f"{n} {what} left out" for n, what in reasons if n]
    chosen = np.array(chosen, int).reshape(-1, 2)
    return [chosen[:, side] for side in SIDES], names, "; ".join(told)


def _one_file(sources):
    """Whether a row of one source is the same sample as that row of the other."""
    return sources[0].path == sources[1].path and sources[0].modality == sources[1].modality
