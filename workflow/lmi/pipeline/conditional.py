"""What the pairs of a tile share beyond what their dataset gives."""

from dataclasses import replace

import numpy as np

from lmi.api_given import of_views
from lmi.base import seeds
from lmi.base.files import reading, text
from lmi.base.reasons import Reason
from lmi.embedding import residual
from lmi.estimation import conditional as estimation
from lmi.estimation.conditional import MIN_LABEL
from lmi.pipeline.blocks import Block, of_tile
from lmi.projection import ties, views


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
        self.codes, self.z, self.features, self.error = None, None, None, ""
        self.variable = variable
        if variable is None:
            with reading(blocks[0], "project") as file:
                labels = text(file["given"])
            self.codes = np.unique(labels, return_inverse=True)[1]
            return
        block = Block(blocks[-1], lambda names: {list(names).index(variable)})
        (row,) = block.z
        self.error = block.error[row]
        self.features = block.features[row]
        if not self.error:
            self.z = _views(block, row, block.z[row])

    def estimate(self, place, *, samples, name, k, error_bars, permutations, seed, threads=1):
        """Return the conditional information of the pair at a place of the tile.

        Parameters
        ----------
        place : int
        samples, name, k, error_bars, permutations, seed, threads
            As in `lmi.estimation.conditional.estimate`.
        """
        rows = zip((self.x, self.y), self.pairs[place], strict=True)
        if self.variable in [block.name[row] for block, row in rows]:
            return estimation.NOT_ASKED  # of itself nothing is left, and nobody asks
        if self.error:
            why = Reason("conditional", {"message": f"{self.variable}: {self.error}"})
            return replace(estimation.NOT_ASKED, reasons=(why,))
        sides, why = [], []
        for side, block, row in zip("xy", (self.x, self.y), self.pairs[place], strict=True):
            kept = self._kept(block, row)
            if not kept.any():
                why = Reason("given_tells_all", {"side": side})
                return replace(estimation.NOT_ASKED, reasons=(why,))
            sides.append(_untied_views(block, row, kept, self.seed))
        given, codes = self.z, self.codes
        fold, inner = self.x.fold, self.x.inner
        if codes is not None:
            sizes = np.bincount(codes)
            rare = sizes[codes] < MIN_LABEL
            if rare.all():
                why = Reason("conditional", {"message": f"no label of {MIN_LABEL} samples"})
                return replace(estimation.NOT_ASKED, reasons=(why,))
            if rare.any():
                why = [Reason("given_rare_labels", {"n": int(rare.sum()), "floor": MIN_LABEL})]
                rows = np.flatnonzero(~rare)
                sides = [{view: values[rows] for view, values in one.items()} for one in sides]
                codes = np.unique(codes[rows], return_inverse=True)[1]
                fold, inner = fold[rows], inner[rows]
                for one in ("strata", "interval"):
                    if getattr(samples, one) is not None:
                        samples = replace(samples, **{one: getattr(samples, one)[rows]})
        return of_views(
            sides,
            residual.Given(given, codes),
            (fold, inner),
            settings=self.settings,
            seed=seed,
            threads=threads,
            why=why,
            k=k,
            error_bars=error_bars,
            permutations=permutations,
            samples=samples,
            name=name,
        )

    def _kept(self, block, row):
        """Return which features of a variable are not among those that are given."""
        names, keys = block.features[row]
        if self.features is None:
            return np.ones(len(names), bool)
        own_names, own_keys = self.features
        return ~(np.isin(names, own_names) | ((keys > 0) & np.isin(keys, own_keys)))


def _untied_views(block, row, kept, seed):
    """Return the views of the features of a variable that are kept, their ties broken."""
    z = block.z[row] if kept.all() else block.z[row][:, kept]
    untied = ties.broken(z, seeds.rng(seed, "given", "ties", block.name[row]))
    if untied is not block.z[row]:
        return views.make(untied, seed=seed, name=block.name[row])
    return _views(block, row, z)


def _views(block, row, z):
    """Return the views of a variable as floats."""
    of_views = {view: block.views[view][row] for view in views.VIEWS}
    return of_views | {"features": views.normal_scores(z).astype(np.float32)}
