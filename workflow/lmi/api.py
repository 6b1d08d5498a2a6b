"""`lmi.estimate`: latent mutual information of two arrays, without the workflow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from lmi import api_given, api_input
from lmi.api_input import DefaultSettings, PaperSettings
from lmi.base import answers, reasons
from lmi.base.errors import InputError
from lmi.base.series import in_time
from lmi.data import intervals
from lmi.embedding import candidates as embed
from lmi.embedding import canonical
from lmi.estimation import conditional, flags
from lmi.estimation import estimate as estimation
from lmi.model import build, fitted
from lmi.projection import folds as split
from lmi.projection import ties, views


@dataclass(frozen=True)
class Result:
    """What `estimate` returns; unpacks into `pmis, embedding, model`.

    Attributes
    ----------
    pmis : array, shape (n_samples,)
        Pointwise mutual information, bits; its mean is `mi_bits`. NaN for the training samples
        of the preset `paper`.
    embedding : (array, array), shapes (n_samples, n_latent)
        Latent coordinates of x and y; of each sample by an encoder that was not trained on it,
        where there is one.
    model : lmi.model.fitted.Model
        The encoders: `transform` and `pointwise` of new samples, `loadings`, `save`; all
        coordinates by encoder, canonical correlations, the candidates' scores, loss curves; and
        `network`, a torch module where networks won.
    mi_bits : float
        The headline estimate.
    mi_ksg_bits : float
        The conservative, uncorrected KSG estimate on the same embedding.
    sd_bits, sd_ksg_bits : float
        Their standard errors: the scatter of the estimator around its own mean.
    low_bits, high_bits : float
        Interval for the truth: the scatter of `mi_bits` and what is known of its bias.
    p_value : float
        Of the permutation null; NaN where it was not asked for.
    mi_within_bits : float
        Mean of KSG within strata; NaN without strata. Compare with `mi_ksg_bits`.
    within_strata : str
        Each stratum's estimate.
    cmi_bits, sd_cmi_bits : float
        What x and y share beyond `given`, and its standard error; NaN where nothing is given.
    p_conditional : float
        Of the null that permutes within neighbourhoods of `given`, or within its labels.
    null_cmi_bits : float
        Mean of the conditional estimate under this null, taken off where it is above zero.
    n_samples : int
    candidate : str
        The embedding that won.
    converged : bool
    flag, reason : str
        ok, warn or fail, and why.
    seconds : float
    """

    pmis: np.ndarray
    embedding: tuple
    model: fitted.Model
    mi_bits: float
    mi_ksg_bits: float
    sd_bits: float
    sd_ksg_bits: float
    low_bits: float
    high_bits: float
    p_value: float
    mi_within_bits: float
    within_strata: str
    cmi_bits: float
    sd_cmi_bits: float
    p_conditional: float
    null_cmi_bits: float
    n_samples: int
    candidate: str
    converged: bool
    flag: str
    reason: str
    seconds: float

    def __iter__(self) -> Iterator[Any]:
        return iter((self.pmis, self.embedding, self.model))

    def __repr__(self) -> str:
        error = f" ± {self.sd_bits:.4f}" if np.isfinite(self.sd_bits) else ""
        beyond = ""
        if np.isfinite(self.cmi_bits):
            beyond = f"cmi_bits={self.cmi_bits:.4f} ± {self.sd_cmi_bits:.4f} "
        tested = f"p_value={self.p_value:.2g} " if np.isfinite(self.p_value) else ""
        why = f": {self.reason}" if self.reason else ""
        return (
            f"<lmi.Result mi_bits={self.mi_bits:.4f}{error} {beyond}"
            f"mi_ksg_bits={self.mi_ksg_bits:.4f} {tested}n_samples={self.n_samples} "
            f"flag={self.flag}{why}>"
        )

    def _repr_html_(self) -> str:
        return answers.html(self.to_dict())

    def to_dict(self) -> dict[str, Any]:
        """Return what is one number or one text as plain Python values: no arrays, no model."""
        return answers.plain(self)


def estimate(
    Xs: Any,
    Ys: Any,
    *,
    preset: str | DefaultSettings | PaperSettings = "default",
    seed: int = 0,
    quiet: bool = True,
    k: int = 3,
    error_bars: bool = True,
    n_permutations: int = 999_999,
    given: Any = None,
    strata: Any = None,
    time_series: bool = False,
    discrete_x: bool | None = None,
    discrete_y: bool | None = None,
    threads: int = 1,
    **options: Any,
) -> Result:
    """Estimate the mutual information of two high-dimensional variables.

    Parameters
    ----------
    Xs, Ys : array, DataFrame, tensor, AnnData or Tsd, shapes (n_samples, n_features_x) and (…)
        Paired samples, sparse ones and frames of polars too; or labels, see `discrete_x`. Constant
        features are left out. Where both have row names (an index), samples are paired by name,
        with a warning if the order differs; results are in the order of Xs. Where one has none, row
        i of Xs belongs to row i of Ys.
    preset : str, DefaultSettings or PaperSettings
        default: cross-fitted embeddings and critic-guided KSG. paper: the published method. Or
        the settings of one of them.
    seed : int
        All draws depend on it; the global random state is neither read nor changed.
    quiet : bool
        Show no progress bar.
    k : int
        Nearest neighbours of the KSG estimator. Candidate embeddings are chosen with 3, as in the
        workflow, where another k reruns the estimates alone.
    error_bars : bool
        Compute the standard errors.
    n_permutations : int
        Most permutations of the null, for the p value; 0 for none.
    given : array, DataFrame, Series, AnnData, or a list or dict of several, optional
        What to condition on: the result then has `cmi_bits` beside `mi_bits`. Text, categorical
        and boolean values are labels, all others (integers too) are quantities, of as many features
        as there are. Joined by row names as Ys is. For the preset default.
    strata : array or Series, shape (n_samples,), optional
        Labels such as batches: the null permutes within them, and the estimate is repeated within
        each. Joined by row names as Ys is. Missing labels, and labels that are no groups of
        samples, are refused.
    time_series : bool
        Samples are consecutive in time: folds are long segments, the null shifts in time. Those of
        pynapple (Tsd, TsdFrame) always are; two of them need the same times.
    discrete_x, discrete_y : bool, optional
        Xs (Ys) is a label of each sample, whose values have no order: cell types, batches, also as
        numbers. When absent, categories and text are labels. Missing labels are refused.
    threads : int
        Most threads, those of BLAS and torch included.
    **options
        In place of single settings of the preset, by their names in the config (those of
        `DefaultSettings` and `PaperSettings`), or in the method's documentation: `N_dims` for
        n_latent, `lr` for learning_rate, `epochs` for max_epochs. None is the preset's default,
        and so is an option that only the other preset has. The default preset holds out each half
        of the samples in turn and takes no other `validation_split` than 0.5.

    Returns
    -------
    Result
        Unpacks into `pmis, embedding, model`.

    Raises
    ------
    InputError
        Unequal or too few samples, row names that differ, masked values or values that are not
        finite, no varying feature, bad strata or options.

    Examples
    --------
    >>> import numpy as np
    >>> import lmi
    >>> rng = np.random.default_rng(0)
    >>> x = rng.standard_normal((400, 5))
    >>> y = x[:, :2] + rng.standard_normal((400, 2))  # 2 · log2(2) / 2 = 1 bit
    >>> result = lmi.estimate(x, y, n_permutations=99)
    >>> abs(result.mi_bits - 1) < 3 * result.sd_bits
    True
    >>> result.model.transform(x[:3]).shape[0]
    3

    References
    ----------
    G. Gowri, X.-K. Lun, A. M. Klein, P. Yin, Approximating mutual information of high-dimensional
    variables using learned representations, NeurIPS 2024.
    A. Kraskov, H. Stoegbauer, P. Grassberger, Phys. Rev. E 69, 066138 (2004).
    """
    own = (seed, quiet, k, error_bars, n_permutations, time_series, threads)
    for name, value in zip(OWN, own, strict=True):
        api_input.check(name, value)
    for name, choice in (("discrete_x", discrete_x), ("discrete_y", discrete_y)):
        if choice is not None:
            api_input.check(name, choice)
    settings = api_input.settings(preset, options)
    time_series = in_time({"Xs": Xs, "Ys": Ys}, time_series)
    x, y, labels, strata_names, codes = api_input.read_sides(Xs, Ys, strata, discrete_x, discrete_y)
    used = [(side != side[:1]).any(axis=0) for side in (x, y)]
    is_label = (labels[0] is not None, labels[1] is not None)
    named = tuple(map(fitted.columns, (Xs, Ys), used, fitted.SIDES, labels))
    x, y = views.drop_constant(x), views.drop_constant(y)
    for name, matrix in (("Xs", x), ("Ys", y)):
        if not matrix.shape[1]:
            raise InputError(f"{name}: expected a feature that varies, found only constant ones.")
    condition = None
    if given is not None:
        if isinstance(settings, PaperSettings):
            raise InputError(
                "given: expected the preset default, found paper, which has no conditional "
                "estimate. Leave the preset out."
            )
        condition = api_given.read(given, Xs, Ys, len(x))
    from threadpoolctl import threadpool_limits

    from lmi.base import progress

    steps = 4
    if isinstance(settings, PaperSettings):
        import torch  # noqa: F401 - loaded, so that its threads are limited too

        steps = settings.max_epochs
    # matrices as small as these only get slower by more threads, and wait for each other
    limits = threadpool_limits(int(threads))
    with limits, progress.bar(total=steps, disable=bool(quiet), desc="lmi", leave=True) as bar:
        if isinstance(settings, PaperSettings):
            found = _embed_paper(x, y, settings, seed, bar)
        else:
            found = _embed_default(
                x,
                y,
                is_label,
                settings,
                seed,
                bar,
                bool(time_series),
                codes is not None,
                int(threads),
            )
        bar.set_description("lmi: estimate")
        permutations = api_input.permutations(n_permutations)
        samples = estimation.Samples(
            time_series,
            0,
            codes,
            strata_names,
            # indicators of labels are no features: what they share is finite
            shared=flags.NOTHING_SHARED
            if any(is_label)
            else flags.shared_columns(x, y, (named[0].told("Xs"), named[1].told("Ys"))),
        )
        result = estimation.estimate(
            found,
            k=k,
            error_bars=error_bars,
            permutations=permutations,
            samples=samples,
            seed=seed,
            name="x/y/0",  # as the workflow names a pair: x, y, lag
            threads=threads,
        )
        beyond = conditional.NOT_ASKED
        if condition is not None and isinstance(settings, DefaultSettings):
            bar.set_description("lmi: beyond what is given")
            beyond = api_given.estimate(
                x,
                y,
                condition,
                settings=settings,
                seed=seed,
                k=k,
                error_bars=error_bars,
                permutations=permutations,
                samples=samples,
                threads=threads,
            )
        bar.update(steps - bar.n)
        bar.set_description(f"lmi: {result.mi_bits:.3f} bits")
    _, inner = _folds(len(x), seed, bool(time_series))
    model = fitted.model(
        found,
        result.pointwise_bits,
        (build.Source(x, "x"), build.Source(y, "y")),
        (named[0], named[1]),
        k=k,
        inner=inner,
        seed=seed,
    )
    return _result(model, result, beyond)


OWN = ("seed", "quiet", "k", "error_bars", "n_permutations", "time_series", "threads")
"""Options of `estimate` that belong to no preset."""


def _embed_paper(x, y, settings: PaperSettings, seed: int, bar) -> embed.Embedding:
    """Embed x and y by the published method."""

    def tell(epoch, loss, validation):
        bar.update()
        bar.set_postfix(train=f"{loss:.3f}", validation=f"{validation:.3f}")

    return embed.embed_paper(x, y, settings=settings, seed=seed, names=("x", "y"), progress=tell)


def _embed_default(
    x,
    y,
    is_label,
    settings: DefaultSettings,
    seed: int,
    bar,
    time_series: bool,
    has_strata: bool,
    threads: int,
) -> embed.Embedding:
    """Embed x and y as the workflow does a pair of a dataset."""
    fold, inner = _folds(len(x), seed, time_series)
    prepared = []
    for name, matrix, label in zip(("x", "y"), (x, y), is_label, strict=True):
        bar.set_description(f"lmi: views of {name}")
        described = views.make(matrix, seed=seed, name=name)
        described["kind"], described["values"] = ties.describe(matrix, label)
        prepared.append(embed.prepare(name, described, fold, inner))
        bar.update()
    embedded = embed.embed_pairs(
        [tuple(prepared)],
        fold,
        inner,
        settings=asdict(settings),
        seed=seed,
        threads=threads,
        exchangeable=not (time_series or has_strata),
        times=intervals.times(len(x)) if time_series else None,
        tell=lambda line: bar.set_description(f"lmi: {line}"),
    )[0]
    if isinstance(embedded, Exception):
        raise embedded
    bar.update()
    return embedded


def _folds(n_samples: int, seed: int, time_series: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return the fold and the inner fold of each sample."""
    return split.folds(
        n_samples, seed=seed, dataset="", n_inner=canonical.N_INNER, time_series=time_series
    )


def _result(
    model: fitted.Model, estimated: estimation.Estimate, beyond: conditional.Conditional
) -> Result:
    """Return the `Result` of a model, its estimate and the conditional one."""
    why = conditional.all_reasons(estimated.reasons, beyond.reasons)
    return Result(
        pmis=estimated.pointwise_bits,
        embedding=embed.held_out_coordinates(model),
        model=model,
        mi_bits=estimated.mi_bits,
        mi_ksg_bits=estimated.mi_ksg_bits,
        sd_bits=estimated.sd_bits,
        sd_ksg_bits=estimated.sd_ksg_bits,
        low_bits=estimated.low_bits,
        high_bits=estimated.high_bits,
        p_value=estimated.null.p_value,
        mi_within_bits=estimated.mi_within_bits,
        within_strata=estimated.within_strata,
        cmi_bits=beyond.cmi_bits,
        sd_cmi_bits=beyond.sd_cmi_bits,
        p_conditional=beyond.p_conditional,
        null_cmi_bits=beyond.null_cmi_bits,
        n_samples=len(model.fold),
        candidate="+".join(dict.fromkeys(model.candidate)),
        converged=model.converged,
        flag=reasons.flag(why),
        reason=reasons.sentence(why),
        seconds=model.seconds,
    )
