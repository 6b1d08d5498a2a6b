"""`lmi.estimate`: latent mutual information of two arrays, without the workflow."""

from dataclasses import dataclass

import numpy as np

from lmi.base.errors import InputError
from lmi.embedding import candidates as embed
from lmi.embedding import canonical
from lmi.embedding import published as paper
from lmi.estimation import estimate as estimation
from lmi.projection import folds as split
from lmi.projection import views

MIN_SAMPLES = 50
CHOICES = {
    "preset": ("default", "paper"),
    "train": ("auto", "always", "never"),
    "regulariser": paper.REGULARISERS,
}
LEAST_INTEGER = {
    "seed": 0,
    "N_dims": 1,
    "k": 1,
    "n_permutations": 0,
    "threads": 1,
    "max_steps": 1,
    "batch_size": 1,
    "epochs": 1,
    "patience": 0,
    "min_features": 1,
}
LEAST_NUMBER = {"lr": 0, "alpha": 0, "lam": 0, "validation_split": 0}
"""Smallest values of the options of `estimate`."""


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

    def __iter__(self):
        return iter((self.pmis, self.embedding, self.model))

    def __repr__(self):
        return (
            f"<lmi.Result mi_bits={self.mi_bits:.4f} ± {self.sd_bits:.4f} "
            f"mi_ksg_bits={self.mi_ksg_bits:.4f} n_samples={self.n_samples} flag={self.flag}>"
        )


def _matrix(name, values):
    """Return a finite float64 matrix from an array, DataFrame, Series, tensor or sparse matrix."""
    if hasattr(values, "detach"):
        values = values.detach().cpu().numpy()
    elif hasattr(values, "toarray"):
        values = values.toarray()
    try:
        matrix = np.asarray(values)
        if np.iscomplexobj(matrix):
            raise TypeError("complex numbers: pass real and imaginary parts as two features")
        matrix = matrix.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"{name}: expected an array of numbers, found {type(values).__name__} ({error}). "
            "Pass an array, DataFrame or tensor of shape (n_samples, n_features)."
        ) from error
    matrix = matrix[:, None] if matrix.ndim == 1 else matrix
    if matrix.ndim != 2:
        raise InputError(
            f"{name}: expected shape (n_samples, n_features), found {matrix.shape}. "
            "Flatten what belongs to one sample: x.reshape(len(x), -1)."
        )
    if not np.isfinite(matrix).all():
        row, column = np.argwhere(~np.isfinite(matrix))[0]
        raise InputError(
            f"{name}: expected finite values, found {np.sum(~np.isfinite(matrix))} NaN or infinite "
            f"ones, the first at row {row}, column {column}. Drop these samples or impute them."
        )
    return matrix


def _check_options(options):
    """Raise InputError for options of `estimate` that are out of range; None is a default."""
    for name, known in CHOICES.items():
        if options[name] not in known:
            raise InputError(
                f"{name}: expected one of {', '.join(known)}, found {options[name]!r}."
            )
    for kinds, least in (
        ((int, np.integer), LEAST_INTEGER),
        ((int, float, np.integer, np.floating), LEAST_NUMBER),
    ):
        what = "an integer" if kinds[-1] is np.integer else "a number"
        for name, low in least.items():
            value = options[name]
            if value is None and name in ("N_dims", "batch_size", "lr"):
                continue
            if isinstance(value, bool) or not isinstance(value, kinds) or not value >= low:
                raise InputError(f"{name}: expected {what} of at least {low}, found {value!r}.")
    share = options["validation_split"]
    if options["preset"] == "default" and share != 0.5:
        raise InputError(
            f"validation_split: expected 0.5 in the default preset, which holds out each half of "
            f"the samples in turn, found {share}. Use preset='paper' for another split."
        )
    if not 0.01 <= share <= 0.99:
        raise InputError(f"validation_split: expected between 0.01 and 0.99, found {share}.")


def _strata(labels, n_samples):
    """Return the names of the strata and each sample's stratum, or nothing for None."""
    if labels is None:
        return [], None
    if np.shape(labels) != (n_samples,):
        raise InputError(
            f"strata: expected a label for each of the {n_samples} samples, "
            f"found shape {np.shape(labels)}."
        )
    return np.unique(np.asarray(labels).astype(str), return_inverse=True)


def estimate(
    Xs,
    Ys,
    *,
    preset="default",
    seed=0,
    quiet=True,
    N_dims=None,
    validation_split=0.5,
    k=3,
    error_bars=True,
    n_permutations=9999,
    strata=None,
    time_series=False,
    threads=1,
    train="auto",
    max_steps=300,
    batch_size=None,
    lr=None,
    epochs=300,
    patience=30,
    alpha=1.0,
    lam=1.0,
    regulariser="cross",
    min_features=1,
):
    """Estimate the mutual information of two high-dimensional variables.

    Parameters
    ----------
    Xs, Ys : array, DataFrame or tensor, shapes (n_samples, n_features_x) and (…, n_features_y)
        Paired samples, sparse matrices too. Constant features are left out.
    preset : str
        default: cross-fitted embeddings and critic-guided KSG. paper: the published method.
    seed : int
        All draws depend on it; the global random state is neither read nor changed.
    quiet : bool
        Show no progress bar.
    N_dims : int, optional
        Latent dimension; 16 in the default preset, 8 in the preset paper.
    validation_split : float
        Share of held-out samples in the preset paper; the default preset holds out each half in
        turn and takes 0.5 only.
    k : int
        Nearest neighbours of the KSG estimator.
    error_bars : bool
        Compute the standard errors.
    n_permutations : int
        Most permutations of the null, for the p value; 0 for none.
    strata : array, shape (n_samples,), optional
        Labels such as batches: the null permutes within them, and the estimate is repeated within
        each.
    time_series : bool
        Samples are consecutive in time: folds are long segments, the null shifts in time.
    threads : int
        Most threads, those of BLAS and torch included.
    train : str
        Default preset: train networks where they may help (auto), always or never.
    max_steps : int
        Default preset: training steps.
    batch_size : int, optional
        256, and 512 in the preset paper.
    lr : float, optional
        Learning rate: 1e-3, and 1e-4 in the preset paper.
    epochs, patience, alpha, lam
        Preset paper: most epochs, epochs without improvement, weights of the losses.
    regulariser, min_features
        Preset paper, see `lmi.embedding.published.Settings`: what rewards latents that tell about
        each other (cross, mine, infonce), and repetition of few features.

    Returns
    -------
    Result
        Unpacks into `pmis, embedding, model`.

    Raises
    ------
    InputError
        Unequal or too few samples, values that are not finite, no varying feature, bad options.

    References
    ----------
    G. Gowri, X.-K. Lun, A. M. Klein, P. Yin, Approximating mutual information of high-dimensional
    variables using learned representations, NeurIPS 2024.
    A. Kraskov, H. Stoegbauer, P. Grassberger, Phys. Rev. E 69, 066138 (2004).
    """
    _check_options(locals())
    x, y = _matrix("Xs", Xs), _matrix("Ys", Ys)
    if len(x) != len(y):
        raise InputError(
            f"Xs, Ys: expected the same number of samples, found {len(x)} and {len(y)}. "
            "Row i of Xs and row i of Ys must be the same cell, trial or time."
        )
    if len(x) < MIN_SAMPLES:
        raise InputError(f"Xs, Ys: expected at least {MIN_SAMPLES} samples, found {len(x)}.")
    names, codes = _strata(strata, len(x))
    x, y = views.drop_constant(x), views.drop_constant(y)
    for name, matrix in (("Xs", x), ("Ys", y)):
        if not matrix.shape[1]:
            raise InputError(f"{name}: expected a feature that varies, found only constant ones.")
    from threadpoolctl import threadpool_limits
    from tqdm import tqdm

    if preset == "paper":
        import torch  # noqa: F401 - loaded, so that its threads are limited too

    steps = epochs if preset == "paper" else 4
    # matrices as small as these only get slower by more threads, and wait for each other
    limits = threadpool_limits(threads)
    with limits, tqdm(total=steps, disable=quiet, desc="lmi", leave=True) as bar:
        if preset == "paper":
            settings = paper.Settings(
                n_latent=N_dims or 8,
                validation_split=validation_split,
                batch_size=batch_size or 512,
                max_epochs=epochs,
                patience=patience,
                learning_rate=lr or 1e-4,
                alpha=alpha,
                lam=lam,
                regulariser=regulariser,
                min_features=min_features,
            )

            def tell(epoch, loss, validation):
                bar.update()
                bar.set_postfix(train=f"{loss:.3f}", validation=f"{validation:.3f}")

            found = embed.embed_paper(
                x, y, settings=settings, seed=seed, names=("x", "y"), progress=tell
            )
        else:
            settings = {
                "n_latent": N_dims or 16,
                "train": train,
                "max_steps": max_steps,
                "batch_size": batch_size or 256,
                "learning_rate": lr or 1e-3,
            }
            fold, inner = split.folds(
                len(x),
                seed=seed,
                dataset="",
                n_inner=canonical.N_INNER,
                time_series=time_series,
            )
            prepared = []
            for name, matrix in (("x", x), ("y", y)):
                bar.set_description(f"lmi: views of {name}")
                made = views.make(matrix, seed=seed, name=name)
                prepared.append(embed.prepare(name, made, fold, inner))
                bar.update()
            found = embed.embed_pairs(
                [tuple(prepared)],
                fold,
                inner,
                settings=settings,
                seed=seed,
                threads=threads,
                tell=lambda line: bar.set_description(f"lmi: {line}"),
            )[0]
            if isinstance(found, Exception):
                raise found
            bar.update()
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
            samples=estimation.Samples(time_series, 0, codes, names),
            seed=seed,
            name="x/y",
            threads=threads,
        )
        bar.update(steps - bar.n)
        bar.set_description(f"lmi: {result.mi_bits:.3f} bits")
    return Result(
        pmis=result.pointwise_bits,
        embedding=embed.held_out_coordinates(found),
        model=found,
        mi_bits=result.mi_bits,
        mi_ksg_bits=result.mi_ksg_bits,
        sd_bits=result.sd_bits,
        sd_ksg_bits=result.sd_ksg_bits,
        p_value=result.null.p_value,
        mi_within_bits=result.mi_within_bits,
        within_strata=result.within_strata,
        n_samples=len(x),
        candidate="+".join(dict.fromkeys(found.candidate)),
        converged=found.converged,
        flag=result.flag,
        reason=result.reason,
        seconds=found.seconds,
    )
