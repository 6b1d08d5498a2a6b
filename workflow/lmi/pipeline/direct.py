"""The stage direct: what significant pairs hold given third variables."""

import logging

from lmi.base import reasons
from lmi.base.files import write
from lmi.base.threads import map_pairs
from lmi.pipeline import cache
from lmi.pipeline.blocks import keys_of
from lmi.pipeline.conditional import Variables
from lmi.results import direct, origin, parquet
from lmi.results.columns import ASKED

log = logging.getLogger("lmi")

CHUNK = 16
"""Edges between two lines of the log."""


def ask(
    out,
    table,
    blocks,
    *,
    dataset_name,
    part,
    n_parts,
    most,
    level,
    settings,
    seed,
    threads=1,
    shared=None,
):
    """Ask some edges of a dataset what they hold given third variables, and write the answers.

    An edge is asked about one third variable after another, those that may explain most of it
    first, until one does: no later one can make it direct.

    Parameters
    ----------
    out : str or Path
        `direct/part-000.h5`.
    table : str or Path
        `mi.parquet`: its significant pairs are the edges.
    blocks : list of str or Path
        All blocks of the dataset.
    dataset_name : str
    part, n_parts : int
        This job's share is every `n_parts`-th edge.
    most : int
        Triangles of the whole dataset that may be asked.
    level : float
        An edge is explained where its p value given a third variable is larger.
    settings : dict
        The config: its sections `embed` and `estimate`.
    seed, threads : int
    shared : str or Path, optional
        Folder of `lmi.pipeline.cache`.
    """
    table = parquet.read(table)
    rows = table[table["dataset"] == dataset_name]
    edges = rows[rows["significant"]]
    every = direct.questions(edges, most)
    if part == 0:
        _tell(edges, every, most)
    own = every[part::n_parts]
    keys = keys_of(blocks if own else ())
    asked = [[one.x, one.y, *one.thirds] for one in own]
    made_from = origin.rows_key(rows)
    key = cache.key("direct", asked, n_parts, made_from, level, keys, settings, seed)
    if cache.fetch(shared, "direct", key, out):
        return
    answers = []
    if own:
        names = {name for one in asked for name in one}
        variables = Variables(blocks, names, settings, seed)
        for first in range(0, len(own), CHUNK):
            chunk = own[first : first + CHUNK]
            found = map_pairs(lambda one: _answers(one, variables, level), chunk, threads)
            answers += [answer for of_edge in found for answer in of_edge]
            log.info("direct: %d of %d edges asked", min(first + CHUNK, len(own)), len(own))
    arrays = origin.arrays(origin.frame(answers, ASKED))
    attributes = {"dataset": dataset_name, "seed": seed, "units": "bits", "level": level}
    attributes["n_parts"] = n_parts
    write(out, arrays, attributes | {"rows_key": made_from, "key": key})
    cache.keep(shared, "direct", key, out)


def _answers(one, variables, level):
    """Return the rows of an edge, up to the third variable that explains it."""
    rows = []
    for third in one.thirds:
        found = variables.beyond(one.x, one.y, (third,))
        flag, reason = reasons.flag(found.reasons), reasons.sentence(found.reasons)
        values = (found.cmi_bits, found.sd_cmi_bits, found.p_conditional)
        explains = bool(found.p_conditional > level) and flag != "fail"
        rows.append((one.x, one.y, third, *values, explains, flag, reason))
        if explains:
            break
    return rows


def _tell(edges, every, most):
    """Say how much there is to ask, and what is left out."""
    n_asked = sum(len(one.thirds) for one in every)
    n_all = int(direct.pruned(edges)["n_thirds"].sum()) if len(edges) else 0
    log.info("direct: %d edges, %d triangles to ask about", len(edges), n_asked)
    if n_asked < n_all:
        log.warning(
            "direct: expected at most %d triangles (direct.max_triangles), found %d: every edge is "
            "asked about the third variables that may explain most of it, and is open where others "
            "are left. Raise max_triangles, or lower report.fdr",
            most,
            n_all,
        )
