"""`lmi.LatentMI`: the estimate in the manner of scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from lmi import api


class LatentMI(TransformerMixin, BaseEstimator):
    """Learn what two variables share: `LatentMI().fit(X, Y).transform(X)`.

    It can be cloned, and stand in a pipeline whose target is Y: earlier steps change X.

    Parameters
    ----------
    preset : str
        default or paper, as in `lmi.estimate`.
    n_latent : int, optional
        Latent dimensions; those of the preset where None.
    train : str, optional
        auto, always or never; the preset's where None.
    k : int
        Nearest neighbours.
    error_bars : bool
    n_permutations : int
        Most permutations of the null; 0 for none.
    time_series : bool
        Samples are consecutive in time.
    seed : int
    threads : int

    Attributes
    ----------
    result_ : lmi.Result
    model_ : lmi.Model
    mi_bits_ : float
    n_features_in_ : int

    Examples
    --------
    >>> import numpy as np
    >>> from lmi import LatentMI
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((300, 4))
    >>> Y = X + rng.standard_normal((300, 4))
    >>> fitted = LatentMI(n_permutations=0, error_bars=False).fit(X, Y)
    >>> fitted.mi_bits_ > 1
    True
    >>> fitted.transform(X).shape
    (300, 4)
    """

    def __init__(
        self,
        preset: str = "default",
        n_latent: int | None = None,
        train: str | None = None,
        k: int = 3,
        error_bars: bool = True,
        n_permutations: int = 999_999,
        time_series: bool = False,
        seed: int = 0,
        threads: int = 1,
    ):
        self.preset = preset
        self.n_latent = n_latent
        self.train = train
        self.k = k
        self.error_bars = error_bars
        self.n_permutations = n_permutations
        self.time_series = time_series
        self.seed = seed
        self.threads = threads

    def fit(self, X: Any, Y: Any) -> LatentMI:
        """Estimate the mutual information of X and Y, and keep the encoders.

        Parameters
        ----------
        X, Y : array or DataFrame, shapes (n_samples, n_features_x) and (…)
            Joined by row names as in `lmi.estimate`.
        """
        self.result_ = api.estimate(X, Y, **self.get_params())
        self.model_ = self.result_.model
        self.mi_bits_ = self.result_.mi_bits
        columns = self.model_.columns[0]
        self.n_features_in_ = len(columns.names)
        if columns.named:
            self.feature_names_in_ = np.array(columns.names, dtype=object)
        return self

    def transform(self, X: Any, Y: Any = None) -> Any:
        """Return latent coordinates of X; of X and of Y where Y is given.

        Samples that were fitted have those of an encoder that was not trained on them.
        """
        check_is_fitted(self)
        x = self.model_.transform(X)
        return x if Y is None else (x, self.model_.transform(Y, side="y"))

    def score(self, X: Any, Y: Any) -> float:
        """Return the mean pointwise mutual information of paired samples, bits."""
        check_is_fitted(self)
        return float(np.nanmean(self.model_.pointwise(X, Y)))

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return the names of the axes of x: axis0, axis1, …."""
        check_is_fitted(self)
        return np.array([f"axis{i}" for i in range(self.model_.zx.shape[-1])], dtype=object)
