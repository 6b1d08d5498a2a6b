"""What two variables share beyond others: of a dataset's blocks, by rows or by names."""

from dataclasses import dataclass, replace

import numpy as np

from lmi.api_given import of_sides
from lmi.base import seeds
from lmi.base.files import reading, text
from lmi.base.reasons import Reason
from lmi.embedding import residual
from lmi.estimation import conditional as estimation
from lmi.estimation import estimate as estimates
from lmi.estimation.conditional import MIN_LABEL
from lmi.pipeline.blocks import Block, of_tile
from lmi.projection import ties, views


@dataclass(frozen=True)
class Given:
    """What is conditioned on.

    Attributes
    ----------
    views : dict of str to array, or None
        Of the quantities; None where labels alone are given.
    codes : int array, shape (n_samples,), or None
        Labels; of several, their combinations.
    names, keys : array
        Names and keys of the features that are given.
    error : str
        Why it cannot be used.
    """

    views: dict | None = None
    codes: np.ndarray | None = None
    names: np.ndarray = ()
    keys: np.ndarray = ()
    error: str = ""


def given_variables(members, seed):
    """Return what is given where some variables are.

    Parameters
    ----------
    members : list of (Block, int)
        Blocks and the rows of the variables in them.
    seed : int
    """
    labels, quantities, features = [], [], []
    for block, row in members:
        if block.error[row]:
            return Given(error=f"{block.name[row]}: {block.error[row]}")
        features.append(block.features[row])
        if block.kind[row] == "label":
            labels.append(block.values[row].astype(int))
        else:
            quantities.append((block, row))
    of_views = None
    if len(quantities) == 1:
        block, row = quantities[0]
        of_views = _views(block, row, block.z[row])
    elif quantities:
        name = "/".join(block.name[row] for block, row in quantities)
        together = np.hstack([block.z[row] for block, row in quantities])
        of_views = views.make(together, seed=seed, name=name)
    codes = None
    if labels:
        codes = np.unique(np.stack(labels, axis=1), axis=0, return_inverse=True)[1].ravel()
    return Given(of_views, codes, *(np.concatenate(each) for each in zip(*features, strict=True)))


def given_labels(path):
    """Return what is given where a dataset conditions on labels: those of a block file."""
    with reading(path, "project") as file:
        labels = text(file["given"])
    return Given(codes=np.unique(labels, return_inverse=True)[1])


def estimate(x, y, given, *, settings, seed, samples, threads=1, **options):
    """Return what two variables share beyond what is given.

    Parameters
    ----------
    x, y : (Block, int)
        Block and row.
    given : Given
    settings : dict
        The config's section `embed`.
    seed : int
    samples : lmi.estimation.estimate.Samples
    threads : int
    **options
        As of `lmi.estimation.conditional.estimate`: k, error_bars, permutations, name.

    Returns
    -------
    lmi.estimation.conditional.Conditional
    """
    for block, row in (x, y):
        if block.error[row]:
            return _nothing("conditional", message=f"{block.name[row]}: {block.error[row]}")
    if given.error:
        return _nothing("conditional", message=given.error)
    kept, why = [], []
    for side, (block, row) in zip("xy", (x, y), strict=True):
        names, keys = block.features[row]
        own = ~(np.isin(names, given.names) | ((keys > 0) & np.isin(keys, given.keys)))
        if not own.any():
            return _nothing("given_tells_all", side=side)
        kept.append(own)
    labels = ties.classes([(block.kind[row], block.values[row]) for block, row in (x, y)])
    as_labels = any(label is not None for label in labels)
    sides = [
        _views_of(block, row, own, seed, as_labels) if label is None else label
        for (block, row), own, label in zip((x, y), kept, labels, strict=True)
    ]
    codes, z = given.codes, given.views
    fold, inner = x[0].fold, x[0].inner
    if codes is not None:
        sizes = np.bincount(codes)
        rare = sizes[codes] < MIN_LABEL
        if rare.all():
            return _nothing("conditional", message=f"no label of {MIN_LABEL} samples")
        if rare.any():
            why = [Reason("given_rare_labels", {"n": int(rare.sum()), "floor": MIN_LABEL})]
            rows = np.flatnonzero(~rare)
            sides = [_of_rows(one, rows) for one in sides]
            z = None if z is None else _of_rows(z, rows)
            codes = np.unique(codes[rows], return_inverse=True)[1]
            fold, inner = fold[rows], inner[rows]
            for one in ("strata", "interval"):
                if getattr(samples, one) is not None:
                    samples = replace(samples, **{one: getattr(samples, one)[rows]})
    return of_sides(
        sides,
        residual.Given(z, codes),
        (fold, inner),
        settings=settings,
        seed=seed,
        threads=threads,
        why=why,
        samples=samples,
        **options,
    )


def _nothing(code, **parameters):
    """Return a conditional value that is none, for a reason."""
    return replace(estimation.NOT_ASKED, reasons=(Reason(code, parameters),))


class Conditioned:
    """The blocks of a tile and what its dataset gives.

    Parameters
    ----------
    blocks : list of str or Path
        Files of `project`: of x, of y, and of the variable that is given, if it is one.
    pairs : list of (int, int)
        Rows in the two blocks, in the order of the tile.
    variable : str or None
        Name of the variable that is given; None where the labels of the blocks are.
    settings : dict
        The config's section `embed`.
    seed : int
    """

    def __init__(self, *, blocks, pairs, variable, settings, seed):
        self.x, self.y = of_tile(blocks, pairs)
        self.pairs, self.settings, self.seed = pairs, settings, seed
        self.variable = variable
        if variable is None:
            self.given = given_labels(blocks[0])
        else:
            block = Block(blocks[-1], lambda names: {list(names).index(variable)})
            (row,) = block.z
            self.given = given_variables([(block, row)], seed)

    def estimate(self, place, *, seed, **options):
        """Return the conditional information of the pair at a place of the tile.

        Parameters
        ----------
        place : int
        seed, **options
            As of `estimate`: samples, name, k, error_bars, permutations, threads.
        """
        x, y = zip((self.x, self.y), self.pairs[place], strict=True)
        if self.variable in [block.name[row] for block, row in (x, y)]:
            return estimation.NOT_ASKED  # of itself nothing is left, and nobody asks
        return estimate(x, y, self.given, settings=self.settings, seed=seed, **options)


class Variables:
    """The variables of a dataset by name, read when they are asked for.

    Parameters
    ----------
    paths : list of str or Path
        All block files of the dataset.
    names : iterable of str
        Those that are wanted.
    settings : dict
        The config: its sections `embed` and `estimate`.
    seed : int
    """

    def __init__(self, paths, names, settings, seed):
        wanted, self.place, self.settings, self.seed = set(names), {}, settings, seed
        for path in paths:
            own = Block(path, lambda found: [i for i, one in enumerate(found) if one in wanted])
            self.place |= {own.name[row]: (own, row) for row in own.z}
        block = next(iter(self.place.values()))[0]
        self.samples = estimates.Samples(
            time_series=bool(block.attributes["time_series"]),
            overlap=int(block.attributes["overlap"]),
            strata=block.strata if len(block.strata_names) else None,
            strata_names=list(block.strata_names),
            interval=block.interval,
        )

    def beyond(self, x, y, given, threads=1):
        """Return what two variables share beyond others.

        Parameters
        ----------
        x, y : str
        given : sequence of str
            In any order.
        threads : int
        """
        given = sorted(given)
        own = self.settings["estimate"]
        try:
            return estimate(
                self.place[x],
                self.place[y],
                given_variables([self.place[name] for name in given], self.seed),
                settings=self.settings["embed"],
                seed=self.seed,
                samples=self.samples,
                threads=threads,
                k=own["k"],
                error_bars=own["error_bars"],
                permutations=own["permutations"],
                name="/".join((*sorted((x, y)), *given)),
            )
        except (ValueError, ArithmeticError) as error:
            return _nothing("conditional", message=f"failed: {error}")


def _of_rows(side, rows):
    """Return a side, labels or views, of some samples."""
    if isinstance(side, dict):
        return {view: scores[rows] for view, scores in side.items()}
    return side[rows]


def _views_of(block, row, kept, seed, with_ties):
    """Return the views of the features of a variable that are kept, their ties broken or not."""
    z = block.z[row] if kept.all() else block.z[row][:, kept]
    name = block.name[row]
    broken = z if with_ties else ties.broken(z, seeds.rng(seed, "given", "ties", name))
    if kept.all() and broken is z:
        return _views(block, row, z)
    return views.make(broken, seed=seed, name=name)


def _views(block, row, z):
    """Return the views of a variable as floats."""
    of_views = {view: block.views[view][row] for view in views.VIEWS}
    return of_views | {"features": views.normal_scores(z).astype(np.float32)}
