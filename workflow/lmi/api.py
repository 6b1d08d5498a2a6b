"""`lmi.estimate`: latent mutual information of two arrays, without the workflow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from lmi import api_input
from lmi.api_input import DefaultSettings, PaperSettings
from lmi.base.errors import InputError
from lmi.embedding import candidates as embed
from lmi.embedding import canonical
from lmi.estimation import estimate as estimation
from lmi.estimation import flags
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
    model : lmi.embedding.candidates.Embedding
        All coordinates by encoder, canonical correlations, the candidates' scores, loss curves.
    mi_bits : float
        The headline estimate.
    mi_ksg_bits : float
        The conservative, uncorrected KSG estimate on the same embedding.
    sd_bits, sd_ksg_bits : float
        Their standard errors.
    p_value : float
        Of the permutation null; NaN where it was not asked for.
    mi_within_bits : float
        Mean of KSG within strata; NaN without strata. Compare with `mi_ksg_bits`.
    within_strata : str
        Each stratum's estimate.
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
    model: embed.Embedding
    mi_bits: float
    mi_ksg_bits: float
    sd_bits: float
    sd_ksg_bits: float
    p_value: float
    mi_within_bits: float
    within_strata: str
    n_samples: int
    candidate: str
    converged: bool
    flag: str
    reason: str
    seconds: float

    def __iter__(self) -> Iterator[Any]:
        return iter((self.pmis, self.embedding, self.model))

    def __repr__(self) -> str:
        return (
            f"<lmi.Result mi_bits={self.mi_bits:.4f} ± {self.sd_bits:.4f} "
            f"mi_ksg_bits={self.mi_ksg_bits:.4f} n_samples={self.n_samples} flag={self.flag}>"
        )


def estimate(
    Xs: Any,
    Ys: Any,
    *,
    preset: str | DefaultSettings | PaperSettings = "default",
    seed: int = 0,
    quiet: bool = True,
    k: int = 3,
    error_bars: bool = True,
    n_permutations: int = 9999,
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
    Xs, Ys : array, DataFrame, tensor or AnnData, shapes (n_samples, n_features_x) and (…)
        Paired samples, sparse ones too; or labels, see `discrete_x`. Constant features are left
        out. Where both have row names (an index), samples are paired by name, with a warning if the
        order differs; results are in the order of Xs. Where one has none, row i of Xs belongs to
        row i of Ys.
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
    strata : array or Series, shape (n_samples,), optional
        Labels such as batches: the null permutes within them, and the estimate is repeated within
        each. Joined by row names as Ys is. Missing labels, and labels that are no groups of
        samples, are refused.
    time_series : bool
        Samples are consecutive in time: folds are long segments, the null shifts in time.
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
    x, y, is_label, strata_names, codes = api_input.read(Xs, Ys, strata, discrete_x, discrete_y)
    x, y = views.drop_constant(x), views.drop_constant(y)
    for name, matrix in (("Xs", x), ("Ys", y)):
        if not matrix.shape[1]:
            raise InputError(f"{name}: expected a feature that varies, found only constant ones.")
    from threadpoolctl import threadpool_limits
    from tqdm import tqdm

    steps = 4
    if isinstance(settings, PaperSettings):
        import torch  # noqa: F401 - loaded, so that its threads are limited too

        steps = settings.max_epochs
    # matrices as small as these only get slower by more threads, and wait for each other
    limits = threadpool_limits(int(threads))
    with limits, tqdm(total=steps, disable=bool(quiet), desc="lmi", leave=True) as bar:
        if isinstance(settings, PaperSettings):
            found = _embed_paper(x, y, settings, seed, bar)
        else:
            found = _embed_default(
                x, y, is_label, settings, seed, bar, bool(time_series), int(threads)
            )
        bar.set_description("lmi: estimate")
        result = estimation.estimate(
            found,
            k=k,
            error_bars=error_bars,
            permutations={
                "max": n_permutations,
                "scheme": "auto",
                "block_length": 0,
                "tail_fit": True,
            },
            samples=estimation.Samples(
                time_series,
                0,
                codes,
                strata_names,
                # indicators of labels are no features: what they share is finite
                shared=flags.NOTHING_SHARED
                if any(is_label)
                else flags.shared_columns(x, y, names=("Xs", "Ys")),
            ),
            seed=seed,
            name="x/y/0",  # as the workflow names a pair: x, y, lag
            threads=threads,
        )
        bar.update(steps - bar.n)
        bar.set_description(f"lmi: {result.mi_bits:.3f} bits")
    return _result(found, result)


OWN = ("seed", "quiet", "k", "error_bars", "n_permutations", "time_series", "threads")
"""Options of `estimate` that belong to no preset."""


def _embed_paper(x, y, settings: PaperSettings, seed: int, bar) -> embed.Embedding:
    """Embed x and y by the published method."""

    def tell(epoch, loss, validation):
        bar.update()
        bar.set_postfix(train=f"{loss:.3f}", validation=f"{validation:.3f}")

    return embed.embed_paper(x, y, settings=settings, seed=seed, names=("x", "y"), progress=tell)


def _embed_default(
    x, y, is_label, settings: DefaultSettings, seed: int, bar, time_series: bool, threads: int
) -> embed.Embedding:
    """Embed x and y as the workflow does a pair of a dataset."""
    fold, inner = split.folds(
        len(x), seed=seed, dataset="", n_inner=canonical.N_INNER, time_series=time_series
    )
    prepared = []
    for name, matrix, label in zip(("x", "y"), (x, y), is_label, strict=True):
        bar.set_description(f"lmi: views of {name}")
        made = views.make(matrix, seed=seed, name=name)
        made["kind"], made["values"] = ties.describe(matrix, label)
        prepared.append(embed.prepare(name, made, fold, inner))
        bar.update()
    found = embed.embed_pairs(
        [tuple(prepared)],
        fold,
        inner,
        settings=asdict(settings),
        seed=seed,
        threads=threads,
        tell=lambda line: bar.set_description(f"lmi: {line}"),
    )[0]
    if isinstance(found, Exception):
        raise found
    bar.update()
    return found


def _result(found: embed.Embedding, estimated: estimation.Estimate) -> Result:
    """Return the `Result` of an embedding and its estimate."""
    return Result(
        pmis=estimated.pointwise_bits,
        embedding=embed.held_out_coordinates(found),
        model=found,
        mi_bits=estimated.mi_bits,
        mi_ksg_bits=estimated.mi_ksg_bits,
        sd_bits=estimated.sd_bits,
        sd_ksg_bits=estimated.sd_ksg_bits,
        p_value=estimated.null.p_value,
        mi_within_bits=estimated.mi_within_bits,
        within_strata=estimated.within_strata,
        n_samples=len(found.fold),
        candidate="+".join(dict.fromkeys(found.candidate)),
        converged=found.converged,
        flag=estimated.flag,
        reason=estimated.reason,
        seconds=found.seconds,
    )
