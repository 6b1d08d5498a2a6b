"""`lmi.select`: which variables tell of a target, and what each adds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from lmi import api, api_given, api_input
from lmi.base import progress
from lmi.base.errors import InputError
from lmi.base.reasons import Reason
from lmi.base.series import refuse
from lmi.estimation import flags, selection
from lmi.estimation.estimate import Samples
from lmi.projection import views
from lmi.results import origin
from lmi.results.columns import TARGETS

TARGET = "target"


@dataclass(frozen=True, repr=False)
class Selection:
    """What `select` returns.

    Attributes
    ----------
    table : pandas.DataFrame
        A row a selected variable, in the order of selection, with the columns of `targets.tsv`.
    alone : pandas.DataFrame
        What each candidate tells of the target alone, by name: mi_bits, sd_bits, p_value.
    """

    table: pd.DataFrame
    alone: pd.DataFrame

    @property
    def names(self) -> list[str]:
        """The selected variables, the one that tells most first."""
        return list(self.table["variable"])

    @property
    def total_bits(self) -> float:
        """What they tell of the target together; 0 where none tells anything."""
        return float(self.table["total_bits"].iloc[-1]) if len(self.table) else 0.0

    @property
    def sd_total_bits(self) -> float:
        """Standard error of total_bits; 0 where nothing was selected."""
        return float(self.table["sd_total_bits"].iloc[-1]) if len(self.table) else 0.0

    def __repr__(self) -> str:
        return (
            f"<lmi.Selection {', '.join(self.names) or 'nothing'} of {len(self.alone)}: "
            f"total_bits={self.total_bits:.4f} ± {self.sd_total_bits:.4f}>"
        )

    def _repr_html_(self) -> str:
        shown = ["variable", "mi_bits", "added_bits", "sd_added_bits", "p_added", "unique_bits"]
        return self.table[[*shown, "flag"]].to_html(index=False, escape=True)

    def to_dict(self) -> dict[str, Any]:
        """Return the rows of both tables as plain Python values."""
        alone = self.alone.rename_axis("variable").reset_index()
        return {"table": self.table.to_dict("records"), "alone": alone.to_dict("records")}


def select(
    target: Any,
    variables: Mapping[str, Any],
    *,
    max_variables: int = 5,
    level: float = 0.05,
    discrete_target: bool | None = None,
    quiet: bool = True,
    seed: int = 0,
    k: int = 3,
    n_permutations: int = 999_999,
    threads: int = 1,
    **options: Any,
) -> Selection:
    """Select the variables that tell of a target, and say what each adds to those before it.

    The first is the one with the largest mutual information; each later one has the largest
    conditional information given those before it, until no other adds anything significant. What
    they add sums up to what they tell together. A copy of a selected variable adds nothing. What a
    variable adds may be more than it tells alone (`interaction_bits` above zero: synergy); but
    variables that tell nothing unless they are taken together, as an exclusive or does, have no
    first one to be selected, and are not found.

    Parameters
    ----------
    target : array, DataFrame or Series, shape (n_samples,) or (n_samples, n_features)
        As Xs of `lmi.estimate`: quantities, or labels such as a cell's fate.
    variables : dict of str to array, DataFrame, Series or AnnData
        The candidates, as Ys of `lmi.estimate`.
    max_variables : int
        Most variables to select.
    level : float
        Share of cases in which a variable is selected although none adds anything: a p value times
        the number of candidates is at most this.
    discrete_target : bool, optional
        As discrete_x of `lmi.estimate`.
    quiet : bool
        Show no progress bar.
    seed, k, n_permutations, threads
        As in `lmi.estimate`.
    **options
        Single settings of the preset default, by their names in the config.

    Returns
    -------
    Selection

    Raises
    ------
    InputError
        As `lmi.estimate`; no variable, or a level that is none.

    Examples
    --------
    >>> import numpy as np
    >>> import lmi
    >>> rng = np.random.default_rng(0)
    >>> x = rng.standard_normal((400, 2))
    >>> variables = {"first": x[:, :1], "copy": x[:, :1], "second": x[:, 1:]}
    >>> target = 2 * x[:, :1] + x[:, 1:] + 0.5 * rng.standard_normal((400, 1))
    >>> len(lmi.select(target, variables, n_permutations=199).names)
    2

    References
    ----------
    G. Brown, A. Pocock, M.-J. Zhao, M. Lujan, Conditional likelihood maximisation, Journal of
    Machine Learning Research 13, 27 (2012).
    """
    api_input.check_run(quiet=quiet, seed=seed, k=k, n_permutations=n_permutations, threads=threads)
    settings = api_input.default_settings(options)
    if not isinstance(variables, Mapping) or not variables:
        raise InputError(
            "variables: expected a dict of at least one variable by name, found "
            f"{type(variables).__name__}."
        )
    if not n_permutations:
        raise InputError(
            "n_permutations: expected at least 1: p values say where to stop, found 0."
        )
    if not 0 < level < 1:
        raise InputError(f"level: expected a number between 0 and 1, found {level!r}.")
    if not isinstance(max_variables, int) or max_variables < 1:
        raise InputError(
            f"max_variables: expected an integer of at least 1, found {max_variables!r}."
        )
    refuse(
        {TARGET: target, **variables},
        "Where samples are independent all the same, pass .to_numpy().",
    )
    own = {"seed": seed, "k": k, "threads": threads}
    alone = {}
    with progress.steps(quiet, len(variables), "lmi.select") as tell:
        for name, values in variables.items():
            tell(name)
            try:
                found = api.estimate(
                    target,
                    values,
                    preset=settings,
                    n_permutations=n_permutations,
                    discrete_x=discrete_target,
                    **own,
                )
            except InputError as error:
                raise InputError(f"variables[{name!r}]: {error}") from error
            why = () if found.flag == "ok" else (Reason("alone", {"message": found.reason}),)
            if found.flag == "fail":
                why = (Reason("unusable_data", {"message": found.reason}),)
            alone[name] = selection.Value(found.mi_bits, found.sd_bits, found.p_value, why)

        def beyond(name: str, given: tuple[str, ...]) -> selection.Value:
            tell(f"{name} beyond {', '.join(sorted(given))}")
            sides = api_input.read_sides(target, variables[name], None, discrete_target)
            x, y = views.drop_constant(sides.x), views.drop_constant(sides.y)
            condition = {one: variables[one] for one in sorted(given)}
            found = api_given.estimate(
                x,
                y,
                api_given.read(condition, target, variables[name], len(x)),
                settings=settings,
                error_bars=True,
                permutations=api_input.permutations(n_permutations),
                samples=Samples(shared=flags.NOTHING_SHARED),
                **own,
            )
            return selection.Value(
                found.cmi_bits, found.sd_cmi_bits, found.p_conditional, found.reasons
            )

        steps = selection.forward(alone, beyond, most=max_variables, level=level)
    of_all = {
        name: {"mi_bits": one.bits, "sd_bits": one.sd_bits, "p_value": one.p_value}
        for name, one in alone.items()
    }
    return Selection(
        table=origin.frame(selection.rows(TARGET, steps), TARGETS),
        alone=pd.DataFrame.from_dict(of_all, orient="index"),
    )
