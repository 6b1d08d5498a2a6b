"""Matrices taken through the stages project, embed and estimate, as one block and one tile."""

from lmi.base.files import reading
from lmi.pipeline.embed import embed
from lmi.pipeline.estimate import estimate
from lmi.pipeline.project import write_block
from lmi.planning.schema import defaults
from lmi.projection import folds as split


def through(folder, matrices, pairs, columns, *, threads=1, **settings):
    """Return columns of the estimates of some pairs of variables, v0, v1, ….

    Parameters
    ----------
    folder : Path
        For the files; it is made.
    matrices : list of array, shape (n_samples, n_features)
    pairs : list of (int, int)
    columns : sequence of str
        Datasets of the file of estimates.
    threads : int
    **settings
        Of the section `embed`, in place of its defaults.

    Returns
    -------
    dict of (str, str) to list
        By the names of the pair, its values.
    """
    folder.mkdir(exist_ok=True)
    block, tile, out = (folder / f"{name}.h5" for name in ("block", "tile", "estimates"))
    write_block(
        block,
        [f"v{i}" for i in range(len(matrices))],
        matrices,
        [""] * len(matrices),
        split.folds(len(matrices[0]), seed=0, dataset="d", n_inner=3),
        dataset_name="d",
        settings={"n_components": 64, "clip": 10.0},
        seed=0,
        attributes={"key": "", "time_series": False, "overlap": 0},
    )
    options = {"seed": 0, "threads": threads}
    embed(tile, block, block, pairs=pairs, settings=defaults("embed") | settings, **options)
    estimate(out, tile, settings=defaults("estimate"), **options)
    with reading(out, "estimate") as file:
        keys = zip(file["x"].asstr()[()], file["y"].asstr()[()], strict=True)
        values = [
            file[name].asstr()[()] if file[name].dtype == object else file[name][()]
            for name in columns
        ]
        return {key: [column[row] for column in values] for row, key in enumerate(keys)}
