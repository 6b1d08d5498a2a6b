"""The stage select: which variables of a dataset tell of its target, and what each adds."""

import logging

import numpy as np

from lmi.base import reasons
from lmi.base.files import write
from lmi.estimation import selection
from lmi.pipeline import cache
from lmi.pipeline.blocks import keys_of
from lmi.pipeline.conditional import Variables
from lmi.results import origin, parquet
from lmi.results.columns import TARGETS

log = logging.getLogger("lmi")


def select(
    out,
    table,
    blocks,
    *,
    dataset_name,
    target,
    most,
    level,
    settings,
    seed,
    threads=1,
    shared=None,
):
    """Select variables that tell of a target, and write what each adds.

    Parameters
    ----------
    out : str or Path
        `selection.h5`.
    table : str or Path
        `mi.parquet`, with what each variable tells of the target alone.
    blocks : list of str or Path
        All blocks of the dataset.
    dataset_name, target : str
    most : int
        Variables to select.
    level : float
        As in `lmi.estimation.selection.forward`.
    settings : dict
        The config: its sections `embed` and `estimate`.
    seed, threads : int
    shared : str or Path, optional
        Folder of `lmi.pipeline.cache`.
    """
    table = parquet.read(table)
    every = table[table["dataset"] == dataset_name]
    rows = every[(every["x"] == target) | (every["y"] == target)].sort_values(["x", "y"])
    alone = {}
    for row in rows.itertuples():
        # pairs without a q value are no tests, those that share features with the target among them
        if row.flag != "fail" and np.isfinite(row.q_value):
            other = row.y if row.x == target else row.x
            why = tuple(reasons.from_table(row.reason_codes, row.reason_parameters))
            alone[other] = selection.Value(row.mi_bits, row.sd_bits, row.p_value, why)
    said = [(name, value.p_value) for name, value in alone.items()]
    made_from = origin.rows_key(every)
    key = cache.key("select", target, said, made_from, most, level, keys_of(blocks), settings, seed)
    if cache.fetch(shared, "select", key, out):
        return
    variables = Variables(blocks, {target, *alone}, settings, seed)

    def beyond(name, given):
        found = variables.beyond(target, name, given)
        return selection.Value(
            found.cmi_bits, found.sd_cmi_bits, found.p_conditional, found.reasons
        )

    steps = selection.forward(alone, beyond, most=most, level=level, threads=threads)
    log.info("select: %d of %d variables tell of %s", len(steps), len(alone), target)
    arrays = origin.arrays(origin.frame(selection.rows(target, steps), TARGETS))
    attributes = {"dataset": dataset_name, "target": target, "seed": seed, "units": "bits"}
    write(out, arrays, attributes | {"rows_key": made_from, "key": key})
    cache.keep(shared, "select", key, out)
