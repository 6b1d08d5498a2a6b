"""Tasks whose dependence is that of correlated Gaussian or Student t variables.

Mutual information does not change under injective maps of x alone or of y alone, so the truth
of the curved and transformed tasks is that of the Gaussian variables they start from.
"""

import numpy as np

from lmi.tasks.registry import fail, finish, task

VARIANCE_X, VARIANCE_Y = 6.0, 3.5
_LARGEST_COVARIANCE = (VARIANCE_X * VARIANCE_Y) ** 0.5


def pair_mi_bits(correlation):
    """Return the mutual information of a Gaussian pair, -log2(1 - correlation^2)/2, in bits."""
    return -0.5 * np.log2(1 - correlation**2)


def pair_correlation(mi_bits):
    """Return the correlation of a Gaussian pair with this mutual information in bits."""
    return np.sqrt(1 - 2.0 ** (-2 * mi_bits))


def split_mi_bits(matrix, dim_x):
    """Return the mutual information of the first `dim_x` Gaussian variables and the others.

    Parameters
    ----------
    matrix : ndarray, shape (dim_x + dim_y, dim_x + dim_y)
        Covariance or dispersion matrix.
    dim_x : int
        How many of the variables make up x.

    Returns
    -------
    float
        (log2 |S_x| + log2 |S_y| - log2 |S|) / 2, in bits.
    """
    parts = matrix[:dim_x, :dim_x], matrix[dim_x:, dim_x:], matrix
    logs = [np.linalg.slogdet(part)[1] for part in parts]
    return 0.5 * (logs[0] + logs[1] - logs[2]) / np.log(2)


def student_correction_bits(dof, dim_x, dim_y):
    """Return what the shared scale of a Student t adds to `split_mi_bits`, in bits.

    From the entropies of the three t distributions; `dof` degrees of freedom. Reference:
    Arellano-Valle, Contreras-Reyes and Genton, Scandinavian Journal of Statistics 40 (2013).
    """
    from scipy.special import digamma, gammaln

    halves = np.array([dof, dof + dim_x + dim_y, dof + dim_x, dof + dim_y]) / 2
    signs = np.array([1.0, 1.0, -1.0, -1.0])
    nats = signs @ (gammaln(halves) - halves * digamma(halves))
    return nats / np.log(2)


def pairs_pointwise_bits(u, v, mi_bits):
    """Return the pointwise mutual information of the samples of `gaussian_pairs`, in bits."""
    left = 2.0 ** (-2 * mi_bits / u.shape[1])  # 1 - correlation^2
    gap = (1 - left) * (u**2 + v**2) - 2 * np.sqrt(1 - left) * u * v
    return mi_bits - gap.sum(axis=1) / (2 * left * np.log(2))


def pointwise_bits(x, y, joint, margin):
    """Return log2 p(x, y) / (p(x) p(y)) of every sample.

    Parameters
    ----------
    x, y : ndarray, shape (n_samples, dims)
    joint, margin : scipy.stats frozen distributions
        Of (x, y), and of x and y alike.
    """
    nats = joint.logpdf(np.hstack([x, y])) - margin.logpdf(x) - margin.logpdf(y)
    return nats / np.log(2)


def gaussian_pairs(rng, n_samples, n_pairs, mi_bits):
    """Return u, v of shape (n_samples, n_pairs): unit variances, `mi_bits` over all pairs."""
    correlation = pair_correlation(mi_bits / n_pairs)
    u, noise = rng.standard_normal((2, n_samples, n_pairs))
    return u, correlation * u + np.sqrt(1 - correlation**2) * noise


@task(
    n_samples=(2, None),
    ambient=(1, None),
    covariance=(-0.999 * _LARGEST_COVARIANCE, 0.999 * _LARGEST_COVARIANCE),
)
def projected_gaussian(rng, n_samples=10_000, ambient=100, covariance=3.0):
    """One correlated Gaussian pair, each side projected to many features: the documented example.

    (X, Y) has the covariance matrix [[6, c], [c, 3.5]]; x = X a and y = Y b with random Gaussian
    vectors a and b of `ambient` entries.

    Truth: -log2(1 - c^2/21)/2, which is 0.4037 bits for c = 3.
    Source: quick start of the documentation of latentmi (Gowri et al. 2024, arXiv:2409.02732).
    """
    correlation = covariance / _LARGEST_COVARIANCE
    mi_bits = pair_mi_bits(correlation)
    u, v = gaussian_pairs(rng, n_samples, 1, mi_bits)
    x = np.sqrt(VARIANCE_X) * u * rng.standard_normal(ambient)
    y = np.sqrt(VARIANCE_Y) * np.sign(covariance) * v * rng.standard_normal(ambient)
    return finish(x, y, mi_bits, pairs_pointwise_bits(u, v, mi_bits))


def _spread(rng, latent, ambient):
    """Return features: the latents, random copies of them, (ambient - latents)//2 of noise."""
    n_samples, n_latent = latent.shape
    n_noise = (ambient - n_latent) // 2
    copies = rng.integers(n_latent, size=ambient - n_latent - n_noise)
    return np.hstack([latent, latent[:, copies], rng.standard_normal((n_samples, n_noise))])


def _grid(rng, name, n_samples, ambient, intrinsic, mi_bits):
    if intrinsic > ambient:
        fail(name, "intrinsic", f"at most ambient ({ambient})", intrinsic)
    u, v = gaussian_pairs(rng, n_samples, intrinsic, mi_bits)
    x = _spread(rng, np.sqrt(VARIANCE_X) * u, ambient)
    y = _spread(rng, np.sqrt(VARIANCE_Y) * v, ambient)
    return x, y, pairs_pointwise_bits(u, v, mi_bits)


@task(n_samples=(2, None), ambient=(1, None), intrinsic=(1, None), mi_bits=(0, 20))
def gaussian_grid(rng, n_samples=2000, ambient=50, intrinsic=3, mi_bits=1.0):
    """Correlated Gaussian pairs, copied and hidden among noise features.

    `intrinsic` independent pairs with the covariance matrix [[6, c], [c, 3.5]] share `mi_bits`
    equally. x holds the first members, then random copies of them, then
    (ambient - intrinsic)//2 independent N(0, 1) features; y the same of the second members.

    Truth: `mi_bits`, as c = sqrt(21) sqrt(1 - 2^(-2 mi_bits/intrinsic)).
    Source: Gowri et al. 2024 (arXiv:2409.02732), the grid of their figure 2 (n = 2,000) and,
    with mi_bits = 1 and other numbers of samples, their sample complexity study.
    """
    x, y, pointwise = _grid(rng, "gaussian_grid", n_samples, ambient, intrinsic, mi_bits)
    return finish(x, y, mi_bits, pointwise)


def _half_cube(x, scale, terms):
    return x * np.sqrt(np.abs(x))


def _asinh(x, scale, terms):
    return np.arcsinh(x)


def _uniform_margins(x, scale, terms):
    from scipy.special import ndtr

    return ndtr(x / scale)


def wiggly(x, scale, terms):
    """Return x / scale plus waves a sin(b x + c) of the terms (a, b, c)."""
    x = x / scale
    return x + sum(a * np.sin(b * x + c) for a, b, c in terms)


# Amplitude, frequency and phase: the sum of amplitude x frequency is below 1, so that x plus the
# waves increases everywhere.
WIGGLES_X = ((0.4, 1.0, 0.0), (0.2, 1.7, 1.0), (0.03, 3.3, -2.5))
WIGGLES_Y = ((-0.4, 0.4, 0.0), (0.17, 1.3, 3.5), (0.02, 4.3, -2.5))
_TRANSFORMS = {
    "half_cube": _half_cube,
    "asinh": _asinh,
    "uniform_margins": _uniform_margins,
    "wiggly": wiggly,
}


@task(
    transform=list(_TRANSFORMS),
    n_samples=(2, None),
    ambient=(1, None),
    intrinsic=(1, None),
    mi_bits=(0, 20),
)
def transformed_gaussian(
    rng, transform="half_cube", n_samples=2000, ambient=1000, intrinsic=3, mi_bits=1.0
):
    """The Gaussian grid with every feature sent through a monotone function.

    half_cube: x sqrt|x|; asinh; uniform_margins: the normal distribution function of the feature
    over its standard deviation (the published runs leave the deviation out, so that their
    margins are not uniform); wiggly: x plus sines, on unit variances.

    Truth: `mi_bits`, since each transform is strictly increasing.
    Source: Gowri et al. 2024 (arXiv:2409.02732), appendix; transforms of Czyz et al. 2023
    (arXiv:2306.11078).
    """
    x, y, pointwise = _grid(rng, "transformed_gaussian", n_samples, ambient, intrinsic, mi_bits)
    n_noise = (ambient - intrinsic) // 2
    deviations = np.ones(ambient)
    function = _TRANSFORMS[transform]
    deviations[: ambient - n_noise] = np.sqrt(VARIANCE_X)
    x = function(x, deviations, WIGGLES_X)
    deviations[: ambient - n_noise] = np.sqrt(VARIANCE_Y)
    y = function(y, deviations, WIGGLES_Y)
    return finish(x, y, mi_bits, pointwise)


@task(n_samples=(2, None), dims=(1, None), n_pairs=(1, None), mi_bits=(0, 20))
def multinormal_sparse(rng, n_samples=2000, dims=25, n_pairs=2, mi_bits=2.0):
    """Gaussian variables of `dims` features, of which the first `n_pairs` are correlated in pairs.

    Truth: `mi_bits`, shared equally by the pairs.
    Source: the sparse multinormal ("2-pair") tasks of Czyz et al. 2023 (arXiv:2306.11078).
    """
    if n_pairs > dims:
        fail("multinormal_sparse", "n_pairs", f"at most dims ({dims})", n_pairs)
    return finish(*sparse_pairs(rng, n_samples, dims, n_pairs, mi_bits))


def sparse_pairs(rng, n_samples, dims, n_pairs, mi_bits):
    """Return x, y with `gaussian_pairs` as first features, their information, every sample's."""
    x, y = rng.standard_normal((2, n_samples, dims))
    u, v = gaussian_pairs(rng, n_samples, n_pairs, mi_bits)
    x[:, :n_pairs], y[:, :n_pairs] = u, v
    return x, y, mi_bits, pairs_pointwise_bits(u, v, mi_bits)


def equicorrelated(rng, n_samples, dims, correlation):
    """Return x, y of unit variance, all of whose 2 dims features correlate equally."""
    shared = np.sqrt(correlation) * rng.standard_normal((n_samples, 1))
    own = np.sqrt(1 - correlation) * rng.standard_normal((2, n_samples, dims))
    return shared + own[0], shared + own[1]


def equicorrelation(dims, correlation):
    """Return the correlation matrix of `dims` features that all correlate equally."""
    return np.full((dims, dims), correlation) + (1 - correlation) * np.eye(dims)


def dense_bits(x, y, correlation):
    """Return the mutual information of x and y of `equicorrelated`, and that of every sample."""
    from scipy.stats import multivariate_normal

    dims = x.shape[1]
    matrix = equicorrelation(2 * dims, correlation)
    joint, margin = (multivariate_normal(cov=matrix[:d, :d]) for d in (2 * dims, dims))
    return split_mi_bits(matrix, dims), pointwise_bits(x, y, joint, margin)


def student_bits(x, y, dof, correlation):
    """Return the same of a Student t with these dispersions and `dof` degrees of freedom."""
    from scipy.stats import multivariate_t

    dims = x.shape[1]
    matrix = equicorrelation(2 * dims, correlation)
    joint, margin = (multivariate_t(shape=matrix[:d, :d], df=dof) for d in (2 * dims, dims))
    truth = split_mi_bits(matrix, dims) + student_correction_bits(dof, dims, dims)
    return truth, pointwise_bits(x, y, joint, margin)


@task(n_samples=(2, None), dims=(1, None), correlation=(0, 0.999))
def multinormal_dense(rng, n_samples=2000, dims=25, correlation=0.5):
    """Gaussian variables of `dims` features each, all correlated equally.

    Truth: (log2 |S_x| + log2 |S_y| - log2 |S|)/2 of the correlation matrix S.
    Source: the dense multinormal tasks of Czyz et al. 2023 (arXiv:2306.11078).
    """
    x, y = equicorrelated(rng, n_samples, dims, correlation)
    return finish(x, y, *dense_bits(x, y, correlation))


@task(n_samples=(2, None), dims=(1, None), dof=(1, None), correlation=(0, 0.999))
def student_t(rng, n_samples=2000, dims=5, dof=3.0, correlation=0.0):
    """A multivariate Student t, split in halves: all samples' features share one heavy scale.

    x and y have `dims` features each and equal dispersions `correlation`; with 0 nothing is
    correlated and the dependence is through the scale alone.

    Truth: that of the Gaussian with the same dispersion, plus `student_correction_bits`.
    Source: the Student tasks of Czyz et al. 2023 (arXiv:2306.11078).
    """
    x, y = equicorrelated(rng, n_samples, dims, correlation)
    scale = np.sqrt(dof / rng.chisquare(dof, size=(n_samples, 1)))
    x, y = scale * x, scale * y
    return finish(x, y, *student_bits(x, y, dof, correlation))


@task(n_samples=(2, None), ambient=(1, None), informative=(1, None), mi_bits=(0, 20))
def weak_signal(rng, n_samples=2000, ambient=1000, informative=3, mi_bits=1.2):
    """A few correlated feature pairs among many noise features of the same variance.

    No principal component shows them: within x, and within y, all features are independent
    N(0, 1). The informative features lie at random positions.

    Truth: `mi_bits`, shared equally by the `informative` pairs.
    """
    if informative > ambient:
        fail("weak_signal", "informative", f"at most ambient ({ambient})", informative)
    x, y = rng.standard_normal((2, n_samples, ambient))
    u, v = gaussian_pairs(rng, n_samples, informative, mi_bits)
    x[:, rng.choice(ambient, informative, replace=False)] = u
    y[:, rng.choice(ambient, informative, replace=False)] = v
    return finish(x, y, mi_bits, pairs_pointwise_bits(u, v, mi_bits))


def _curve(rng, latent, ambient, frequency):
    """Return one steep monotone feature a latent, then random Fourier features of all."""
    n_latent = latent.shape[1]
    waves = frequency * rng.standard_normal((n_latent, ambient - n_latent))
    phases = rng.uniform(0, 2 * np.pi, ambient - n_latent)
    return np.hstack([np.arcsinh(3 * latent), np.sqrt(2) * np.cos(latent @ waves + phases)])


@task(
    n_samples=(2, None),
    ambient=(1, None),
    latents=(1, None),
    mi_bits=(0, 20),
    frequency=(0.01, 10),
)
def curved_manifold(rng, n_samples=2000, ambient=200, latents=2, mi_bits=1.0, frequency=1.0):
    """Many nonlinear features of a few latents: curved surfaces, without noise.

    x are asinh(3 u_i) of each latent u_i and random Fourier features
    sqrt(2) cos(w'u + phase), w ~ N(0, frequency^2), of all; y the same of latents v with other
    random features. The pairs (u_i, v_i) are correlated Gaussians.

    Truth: `mi_bits`, shared equally by the `latents` pairs: the monotone features alone make the
    maps injective.
    """
    if latents > ambient:
        fail("curved_manifold", "latents", f"at most ambient ({ambient})", latents)
    u, v = gaussian_pairs(rng, n_samples, latents, mi_bits)
    x, y = (_curve(rng, latent, ambient, frequency) for latent in (u, v))
    return finish(x, y, mi_bits, pairs_pointwise_bits(u, v, mi_bits))


def _roll(rng, latent, ambient):
    """Return a spiral of the latent, as wide as a uniform height, rotated into all features."""
    from scipy.special import ndtr

    turn = 1.5 * np.pi * (1 + 2 * ndtr(latent[:, 0]))
    spiral = turn * np.cos(turn) / 21, turn * np.sin(turn) / 21
    roll = np.column_stack([*spiral, rng.uniform(0, 1, len(turn))])
    frame, _ = np.linalg.qr(rng.standard_normal((ambient, 3)))
    return roll @ frame.T


@task(n_samples=(2, None), ambient=(3, None), mi_bits=(0, 20))
def swiss_roll(rng, n_samples=2000, ambient=3, mi_bits=1.0):
    """Two Swiss rolls whose angles depend on one another; each has a height of its own.

    A correlated Gaussian pair with uniform margins U, V gives the angles
    t = 3/2 pi (1 + 2U), x is (t cos t, t sin t)/21 and an independent uniform height, rotated
    into `ambient` dimensions; y the same of V.

    Truth: `mi_bits` of the Gaussian pair, since the angle can be read off the roll.
    Source: the Swiss roll of Czyz et al. 2023 (arXiv:2306.11078), here on both sides.
    """
    u, v = gaussian_pairs(rng, n_samples, 1, mi_bits)
    x, y = _roll(rng, u, ambient), _roll(rng, v, ambient)
    return finish(x, y, mi_bits, pairs_pointwise_bits(u, v, mi_bits))


@task(n_samples=(2, None), ambient=(2, None), mi_bits=(0, 20))
def noisy_pair(rng, n_samples=1000, ambient=100, mi_bits=0.5):
    """One correlated Gaussian pair, each member twice, among ambient - 2 noise features.

    Truth: `mi_bits`. Source: Gowri et al. 2024 (arXiv:2409.02732), on regularisation.
    """
    u, v = gaussian_pairs(rng, n_samples, 1, mi_bits)
    noise = rng.standard_normal((2, n_samples, ambient - 2))
    x, y = np.hstack([u, u, noise[0]]), np.hstack([v, v, noise[1]])
    return finish(x, y, mi_bits, pairs_pointwise_bits(u, v, mi_bits))
