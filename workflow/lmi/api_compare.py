"""`lmi.compare`: mutual information in one group of samples against another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from lmi import api_input
from lmi.base import answers, progress, reasons, seeds
from lmi.base.errors import InputError
from lmi.base.series import refuse
from lmi.embedding import candidates as embed
from lmi.embedding import canonical
from lmi.estimation import difference, flags
from lmi.estimation.limits import MIN_GROUP
from lmi.model import fitted
from lmi.projection import folds as split
from lmi.projection import ties, views


@dataclass(frozen=True)
class Comparison:
    """What `compare` returns.

    Attributes
    ----------
    groups : (str, str)
    mi_bits, sd_mi_bits : (float, float)
        Estimate of each group and its standard error.
    delta_bits, sd_bits : float
        The first group's estimate less the second's, and its standard error: 1.96 of them either
        way are the 95 % interval, few parts of the samples counted in by Student's t.
    p_value : float
        Two-sided, of exchanging the labels; NaN where it was not asked for.
    n_permutations : int
    n_samples : int
        Of each group: samples of the larger one are left out at random.
    flag, reason : str
        ok, warn or fail, and why.
    """

    groups: tuple
    mi_bits: tuple
    sd_mi_bits: tuple
    delta_bits: float
    sd_bits: float
    p_value: float
    n_permutations: int
    n_samples: int
    flag: str
    reason: str

    def __repr__(self) -> str:
        first, second = self.groups
        why = f": {self.reason}" if self.reason else ""
        return (
            f"<lmi.Comparison {first} - {second}: delta_bits={self.delta_bits:.4f} ± "
            f"{self.sd_bits:.4f} p_value={self.p_value:.3g} n_samples={self.n_samples} each "
            f"flag={self.flag}{why}>"
        )

    def _repr_html_(self) -> str:
        return answers.html(self.to_dict())

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers and texts as plain Python values."""
        return answers.plain(self)


def compare(
    Xs: Any,
    Ys: Any,
    groups: Any,
    *,
    between: tuple | None = None,
    strata: Any = None,
    quiet: bool = True,
    seed: int = 0,
    k: int = 3,
    n_permutations: int = 999,
    threads: int = 1,
    **options: Any,
) -> Comparison:
    """Compare the mutual information of two variables between two groups of samples.

    Groups that differ in the margins of single features alone do not differ here: within each
    group, every feature is replaced by its normal scores, which changes no mutual information. The
    larger group is thinned out to the size of the smaller one. Each group's value is by encoders of
    its own; the labels are exchanged with encoders that both share, and the p value is at least
    that of the groups' own values and errors.

    Parameters
    ----------
    Xs, Ys
        As in `lmi.estimate`.
    groups : array or Series, shape (n_samples,)
        Label of each sample, such as its condition. Joined by row names as Ys is.
    between : (label, label), optional
        The two labels to compare; may be left out where there are two. The difference is that of
        the first less the second.
    strata : array or Series, shape (n_samples,), optional
        Labels such as batches: groups are thinned out to equal size within each, and the null
        exchanges labels within them.
    quiet : bool
        Show no progress bar.
    seed, k, threads
        As in `lmi.estimate`.
    n_permutations : int
        Most exchanges of labels for the p value; 0 for none.
    **options
        Single settings of the preset default, by their names in the config.

    Returns
    -------
    Comparison

    Raises
    ------
    InputError
        As `lmi.estimate`; not two groups, or too few samples in one.

    References
    ----------
    E. Chung, J. P. Romano, Exact and asymptotically robust permutation tests, Annals of Statistics
    41, 484 (2013).
    """
    for name, values in (("Xs", Xs), ("Ys", Ys)):
        _refuse_labels(name, values, options)
    api_input.check_run(quiet=quiet, seed=seed, k=k, n_permutations=n_permutations, threads=threads)
    settings = api_input.default_settings(options)
    refuse(
        {"Xs": Xs, "Ys": Ys},
        "Where samples are independent all the same, pass .to_numpy().",
    )
    x, y, names, codes = api_input.read(Xs, Ys, groups, "groups")
    if codes is None:
        raise InputError("groups: expected a label for each sample, found none.")
    first, second = _two(between, list(map(str, names)))
    strata_codes = np.zeros(len(x), int)
    if strata is not None:
        *_, codes_of = api_input.read(Xs, Ys, strata)
        strata_codes = np.asarray(codes_of)
    rows, group = matched(codes, (first, second), strata_codes, seed)
    n_each = len(rows) // 2
    if n_each < MIN_GROUP:
        raise InputError(
            f"groups: expected at least {MIN_GROUP} samples of each group (within the same "
            f"strata, where there are any), found {n_each} of '{names[first]}' and "
            f"'{names[second]}' once they are of one size. Collect more samples or compare "
            "coarser groups."
        )
    x, y, strata_codes = x[rows], y[rows], strata_codes[rows]
    told = [
        fitted.columns(given, np.ones(matrix.shape[1], bool), name).told(name)
        for name, given, matrix in (("Xs", Xs, x), ("Ys", Ys, y))
    ]
    why = flags.of_shared(flags.shared_columns(x, y, told))
    from threadpoolctl import threadpool_limits

    with threadpool_limits(int(threads)), progress.steps(quiet, 4, "lmi.compare") as tell:
        result, more = of_matrices(
            (x, y),
            group,
            strata=None if strata is None else strata_codes,
            labels=(str(names[first]), str(names[second])),
            names=("x", "y"),
            settings=asdict(settings),
            seed=seed,
            k=k,
            n_permutations=n_permutations,
            threads=threads,
            tell=tell,
        )
    why += more
    return Comparison(
        groups=(str(names[first]), str(names[second])),
        mi_bits=tuple(one.mi_bits for one in result.estimates),
        sd_mi_bits=tuple(one.sd_bits for one in result.estimates),
        delta_bits=result.delta_bits,
        sd_bits=result.sd_bits,
        p_value=result.p_value,
        n_permutations=result.n_permutations,
        n_samples=n_each,
        flag=reasons.flag(why),
        reason=reasons.sentence(why),
    )


def _refuse_labels(name: str, values: Any, options: dict[str, Any]) -> None:
    """Raise InputError for labels: normal scores within groups are none of theirs."""
    asked = f"discrete_{name[0].lower()}"
    is_label = options.get(asked) or api_input.are_labels(values)
    plain = getattr(values, "to_numpy", lambda: values)()
    if not is_label and isinstance(plain, np.ndarray) and plain.ndim == 2:
        is_label = plain.dtype.kind in "fiub" and ties.are_indicators(plain)
    if is_label:
        raise InputError(
            f"{name}: expected quantities, found labels, for which groups cannot be compared. "
            f"Estimate each group by itself, lmi.estimate(Xs[own], Ys[own], {asked}=True) with the "
            "samples own = groups == label, and compare the two mi_bits."
        )


def _two(between: Any, names: list) -> tuple[int, int]:
    """Return the codes of the two groups to compare."""
    if between is None:
        if len(names) != 2:
            raise InputError(
                f"groups: expected two different labels, found {len(names)}: "
                f"{', '.join(names[:6])}. Say which two to compare: between=(first, second)."
            )
        return 0, 1
    wanted = [str(one) for one in between] if isinstance(between, list | tuple) else []
    if len(set(wanted)) != 2 or not set(wanted) <= set(names):
        raise InputError(
            f"between: expected two different labels of groups ({', '.join(names[:6])}), found "
            f"{between!r}."
        )
    return names.index(wanted[0]), names.index(wanted[1])


def matched(
    codes: np.ndarray, wanted: tuple[int, int], strata: np.ndarray, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return rows of the two groups, as many of each in every stratum, and their group, 0 or 1.

    Parameters
    ----------
    codes, strata : int array, shape (n_samples,)
        Group and stratum of each sample.
    wanted : (int, int)
        Codes of the two groups.
    seed : int
        Draws which samples of the larger group stay.
    """
    rng = seeds.rng(seed, "compare", "matched")
    rows: list[np.ndarray] = []
    for stratum in np.unique(strata):
        own = [np.flatnonzero((codes == code) & (strata == stratum)) for code in wanted]
        size = min(map(len, own))
        rows += [rng.permutation(members)[:size] for members in own]
    chosen = np.sort(np.concatenate(rows))
    return chosen, (codes[chosen] == wanted[1]).astype(int)


def of_matrices(
    sides: tuple[np.ndarray, np.ndarray],
    group: np.ndarray,
    *,
    strata: np.ndarray | None,
    labels: tuple[str, str],
    names: tuple[str, str],
    settings: dict,
    seed: int,
    k: int,
    n_permutations: int,
    threads: int,
    tell: Callable[[str], None] = lambda line: None,
) -> tuple[difference.Difference, list[reasons.Reason]]:
    """Compare two variables between two groups of as many samples.

    Parameters
    ----------
    sides : (array, array), each of shape (n_samples, n_features)
        Features of x and of y: quantities, no labels.
    group : int array, shape (n_samples,), values 0 and 1
    strata : int array, shape (n_samples,), or None
        As many samples of each group in each.
    labels : (str, str)
        What the groups are called.
    names : (str, str)
        What x and y are called: random draws depend on them.
    settings : dict
        The config's section `embed`.
    seed, k, n_permutations, threads
        As in `compare`.
    tell : callable
        Called with a few words at the start of each of four steps.

    Returns
    -------
    difference.Difference
    list of reasons.Reason
        What is wrong with it.

    Raises
    ------
    InputError
        A side that is constant within a group.
    """
    for name, side in zip(names, sides, strict=True):
        for code, label in enumerate(labels):
            own = side[group == code]
            if not (own != own[:1]).any():
                raise InputError(
                    f"{name}: expected a feature that varies in the group {label!r}, found only "
                    "constant ones."
                )
    scores = [views.drop_constant(_normal_scores(side, group)) for side in sides]
    options = {"names": names, "settings": settings, "seed": seed, "threads": threads}
    tell("both groups")
    shared = _embed(scores, group, **options)
    own = []
    for code in (0, 1):
        tell(labels[code])
        rows = group == code
        varying = [views.drop_constant(side[rows]) for side in scores]
        own.append(_embed(varying, group[rows], with_ties=True, **options))
    tell("exchanges of labels")
    result = difference.estimate(
        shared,
        tuple(own),
        group,
        strata=strata,
        k=k,
        n_permutations=n_permutations,
        seed=seed,
        name=f"{names[0]}/{names[1]}/0",
        threads=threads,
    )
    why = [
        reasons.Reason("in_group", {"group": label, "message": str(reason)})
        for label, one in zip(labels, result.estimates, strict=True)
        for reason in one.reasons
        if reasons.DECLARED[reason.code].flag != "ok"
    ]
    why += difference.differs_in_shape(result)
    if n_permutations and np.isnan(result.p_value):
        why.append(reasons.Reason("nothing_to_exchange"))
    return result, why


def _normal_scores(matrix: np.ndarray, group: np.ndarray) -> np.ndarray:
    """Return the normal scores of each feature within each group, 0 where it is constant there."""
    result = np.zeros(matrix.shape)
    for code in (0, 1):
        own = matrix[group == code]
        varies = np.flatnonzero((own != own[:1]).any(axis=0))
        scores = np.zeros(own.shape)
        scores[:, varies] = views.normal_scores(own[:, varies])
        result[group == code] = scores
    return result


def _embed(
    sides: Sequence[np.ndarray],
    group: np.ndarray,
    *,
    names: tuple[str, str],
    settings: dict,
    seed: int,
    threads: int,
    with_ties: bool = False,
) -> embed.Embedding:
    """Embed the pair, half of each group in either fold; with what has ties, where it is asked."""
    fold, inner = np.zeros(len(group), np.int8), np.zeros(len(group), np.int8)
    for code in np.unique(group):
        own = np.flatnonzero(group == code)
        # of another order in each group, whose samples may come in pairs
        fold[own], inner[own] = split.folds(
            len(own), seed=seed, dataset=f"group {code}", n_inner=canonical.N_INNER
        )
    prepared = []
    for name, side in zip(names, sides, strict=True):
        described = views.make(side, seed=seed, name=name)
        if with_ties:
            described["kind"], described["values"] = ties.describe(side, False)
        prepared.append(embed.prepare(name, described, fold, inner))
    (embedding,) = embed.embed_pairs(
        [tuple(prepared)], fold, inner, settings=settings, seed=seed, threads=threads
    )
    if isinstance(embedding, Exception):
        raise embedding
    return embedding
