"""What the past of one variable of a pair tells of the other, in both directions."""

from dataclasses import dataclass

import numpy as np

from lmi.api_input import DefaultSettings
from lmi.api_transfer import of_series
from lmi.base.errors import InputError
from lmi.base.reasons import Reason
from lmi.pipeline.blocks import Block, of_tile


@dataclass(frozen=True)
class Directed:
    """A pair's transfer, by the names of its columns.

    Attributes
    ----------
    xy_bits, sd_xy_bits, p_xy, yx_bits, sd_yx_bits, p_yx, net_bits, sd_net_bits : float
        As of `lmi.Transfer`.
    xy_lag, yx_lag : int
        Lag that tells most by itself, samples; 0 where nothing was estimated.
    reasons : tuple of Reason
    """

    xy_bits: float = np.nan
    sd_xy_bits: float = np.nan
    p_xy: float = np.nan
    xy_lag: int = 0
    yx_bits: float = np.nan
    sd_yx_bits: float = np.nan
    p_yx: float = np.nan
    yx_lag: int = 0
    net_bits: float = np.nan
    sd_net_bits: float = np.nan
    reasons: tuple = ()


NOT_ASKED = Directed()


def failed(message):
    """Return the transfer of a pair that has none, and why."""
    return Directed(reasons=(Reason("no_transfer", {"message": message}),))


class Series:
    """The blocks of a tile of a dataset in time, and the variable that it gives, if any.

    Parameters
    ----------
    blocks : list of str or Path
        Files of `project`: of x, of y, and of the variable that is given, if one is.
    pairs : list of (int, int)
        Rows in the two blocks, in the order of the tile.
    variable : str or None
        Name of the variable that is given.
    lags : list of int
    history : int
    settings : dict
        The config's section `embed`.
    seed : int
    """

    def __init__(self, *, blocks, pairs, variable, lags, history, settings, seed):
        self.x, self.y = of_tile(blocks, pairs)
        self.pairs, self.seed, self.variable = pairs, seed, variable
        self.lags, self.history = lags, history
        names = DefaultSettings.__dataclass_fields__
        self.settings = DefaultSettings(**{name: settings[name] for name in names})
        self.driver, self.error = None, ""
        if variable is not None:
            block = Block(blocks[-1], lambda names: {list(names).index(variable)})
            (row,) = block.z
            self.driver, self.error = block.z[row], block.error[row]

    def transfer(self, place, *, samples, k, error_bars, permutations, threads=1):
        """Return the transfer of the pair at a place of the tile.

        Parameters
        ----------
        place : int
        samples : lmi.estimation.estimate.Samples
            Of the pair at lag 0.
        k, error_bars, permutations, threads
            As in `lmi.estimation.estimate.estimate`.

        Returns
        -------
        Directed
        """
        rows = self.pairs[place]
        names = [str(block.name[row]) for block, row in zip((self.x, self.y), rows, strict=True)]
        if self.variable in names:
            return NOT_ASKED  # beyond itself nothing is left, and nobody asks
        if self.error:
            return failed(f"{self.variable}: {self.error}")
        try:
            found = of_series(
                (self.x.z[rows[0]], self.y.z[rows[1]]),
                self.driver,
                lags=self.lags,
                history=self.history,
                samples=samples,
                names=tuple(names),
                settings=self.settings,
                seed=self.seed,
                k=k,
                error_bars=error_bars,
                permutations=permutations,
                tested_lags=False,
                threads=threads,
            )
        except InputError as error:
            return failed(str(error))
        return Directed(
            xy_bits=found.xy.cmi_bits,
            sd_xy_bits=found.xy.sd_cmi_bits,
            p_xy=found.xy.p_conditional,
            xy_lag=found.best_lag(0),
            yx_bits=found.yx.cmi_bits,
            sd_yx_bits=found.yx.sd_cmi_bits,
            p_yx=found.yx.p_conditional,
            yx_lag=found.best_lag(1),
            net_bits=found.xy.cmi_bits - found.yx.cmi_bits,
            sd_net_bits=found.sd_net_bits,
            reasons=tuple(found.reasons),
        )
