"""What the pairs of a tile share in one group of samples, and in another."""

from dataclasses import dataclass

import numpy as np

from lmi.api_compare import matched, of_matrices
from lmi.base.errors import InputError
from lmi.base.reasons import Reason
from lmi.data.groups import read_groups
from lmi.estimation.limits import MIN_GROUP
from lmi.pipeline.blocks import of_tile


@dataclass(frozen=True)
class Compared:
    """A pair's values in two groups, by the names of their columns.

    Attributes
    ----------
    groups : str
        What the two are called.
    n_group : int
        Samples of each.
    mi_first_bits, sd_first_bits, mi_second_bits, sd_second_bits : float
    delta_bits, sd_delta_bits, p_delta : float
    reasons : tuple of Reason
    """

    groups: str = ""
    n_group: int = 0
    mi_first_bits: float = np.nan
    sd_first_bits: float = np.nan
    mi_second_bits: float = np.nan
    sd_second_bits: float = np.nan
    delta_bits: float = np.nan
    sd_delta_bits: float = np.nan
    p_delta: float = np.nan
    reasons: tuple = ()


NOT_ASKED = Compared()


def failed(message):
    """Return the comparison of a pair that has none, and why."""
    return Compared(reasons=(Reason("no_comparison", {"message": message}),))


class Groups:
    """The blocks of a tile, and the two groups that their dataset compares.

    Parameters
    ----------
    blocks : list of str or Path
        Files of `project`: of x and of y, and perhaps others.
    pairs : list of (int, int)
        Rows in the two blocks, in the order of the tile.
    data : dict
        The dataset of the config, with `compare`.
    settings : dict
        The config's section `embed`.
    seed : int
    """

    def __init__(self, *, blocks, pairs, data, settings, seed):
        self.x, self.y = of_tile(blocks, pairs)
        self.pairs, self.settings, self.seed = pairs, settings, seed
        labels, joined = read_groups(data)
        self.labels = tuple(map(str, data["compare"]["groups"]))
        own = labels[self.x.sample_row]
        codes = np.select([own == label for label in self.labels], [0, 1], 2)
        self.rows, self.group = matched(codes, (0, 1), self.x.strata, seed)
        self.why = (Reason("joined_by_position"),) if joined == "position" else ()
        self.key = own.tolist(), self.labels, joined

    def compare(self, place, *, k, n_permutations, threads=1):
        """Return the comparison of the pair at a place of the tile.

        Parameters
        ----------
        place : int
        k, n_permutations, threads
            As in `lmi.compare`.

        Returns
        -------
        Compared
        """
        n_group = len(self.rows) // 2
        if n_group < MIN_GROUP:
            return failed(
                f"{n_group} samples of each group are left once they are of one size (in each "
                f"stratum, where there are any), fewer than {MIN_GROUP}"
            )
        blocks = self.x, self.y
        rows = self.pairs[place]
        sides = tuple(block.z[row][self.rows] for block, row in zip(blocks, rows, strict=True))
        try:
            found, why = of_matrices(
                sides,
                self.group,
                strata=self.x.strata[self.rows] if len(self.x.strata_names) else None,
                labels=self.labels,
                names=tuple(str(block.name[row]) for block, row in zip(blocks, rows, strict=True)),
                are_labels=tuple(
                    block.kind[row] == "label" for block, row in zip(blocks, rows, strict=True)
                ),
                settings=self.settings,
                seed=self.seed,
                k=k,
                n_permutations=n_permutations,
                threads=threads,
            )
        except InputError as error:
            return failed(str(error))
        first, second = found.estimates
        return Compared(
            groups=" against ".join(self.labels),
            n_group=n_group,
            mi_first_bits=first.mi_bits,
            sd_first_bits=first.sd_bits,
            mi_second_bits=second.mi_bits,
            sd_second_bits=second.sd_bits,
            delta_bits=found.delta_bits,
            sd_delta_bits=found.sd_bits,
            p_delta=found.p_value,
            reasons=(*self.why, *why),
        )
