"""The 40 tasks of Czyz et al. 2023, by their published names.

A name reads from the outside in: `spiral-normal_cdf-multinormal-sparse-3-3-2-2.0` is a spiral of
the normal distribution function of a sparse multinormal. The functions act on x and on y alone
and can be undone, so that the truth is that of the distribution at the end of the name.
"""

import numpy as np

from lmi.tasks import gaussian
from lmi.tasks.registry import finish, task

_NORMAL = "1v1-normal-0.75"
_SPARSE = [f"multinormal-sparse-{dims}-{dims}-2-2.0" for dims in (3, 5, 25)]
_CUBES = [f"normal_cdf-{base}" for base in _SPARSE]

BMI = (
    _NORMAL,
    f"normal_cdf-{_NORMAL}",
    "1v1-additive-0.1",
    "1v1-additive-0.75",
    "1v1-bimodal-0.75",
    f"wiggly-{_NORMAL}",
    f"half_cube-{_NORMAL}",
    "student-identity-1-1-1",
    "asinh-student-identity-1-1-1",
    f"swissroll_x-normal_cdf-{_NORMAL}",
    *(f"multinormal-dense-{dims}-{dims}-0.5" for dims in (2, 3, 5, 25, 50)),
    "multinormal-sparse-2-2-2-2.0",
    *_SPARSE,
    "student-identity-2-2-1",
    "student-identity-2-2-2",
    "student-identity-3-3-2",
    "student-identity-3-3-3",
    "student-identity-5-5-2",
    "student-identity-5-5-3",
    *_CUBES,
    *(f"half_cube-{base}" for base in _SPARSE),
    *(f"spiral-{base}" for base in _SPARSE),
    *(f"spiral-{base}" for base in _CUBES),
    "asinh-student-identity-2-2-1",
    "asinh-student-identity-3-3-2",
    "asinh-student-identity-5-5-2",
)
"""Names of the tasks, in the order of the published list."""


def additive_noise_mi_bits(width):
    """Return I(X; X + N) in bits for X uniform on (0, 1) and N uniform on (-width, width)."""
    nats = width - np.log(2 * width) if width <= 0.5 else 0.25 / width
    return nats / np.log(2)


def _normal(rng, n_samples, correlation):
    mi_bits = gaussian.pair_mi_bits(correlation)
    x, y = gaussian.gaussian_pairs(rng, n_samples, 1, mi_bits)
    return x, y, mi_bits, gaussian.pairs_pointwise_bits(x, y, mi_bits)


def _additive(rng, n_samples, width):
    x = rng.uniform(0, 1, (n_samples, 1))
    y = x + rng.uniform(-width, width, (n_samples, 1))
    # p(y) is the share of (0, 1) within the width of y, over twice the width; p(y | x) is 1 / that
    reach = np.minimum(1, y[:, 0] + width) - np.maximum(0, y[:, 0] - width)
    return x, y, additive_noise_mi_bits(width), -np.log2(reach)


def _two_modes(z, share, low, high):
    """Return normal scores sent to the mixture of N(low, 1), with `share`, and N(high, 1)."""
    from scipy.special import ndtr

    grid = np.linspace(min(low, high) - 9, max(low, high) + 9, 40_001)
    # Interpolation in the logit keeps the tails apart, where both functions are flat.
    below = share * ndtr(grid - low) + (1 - share) * ndtr(grid - high)
    above = share * ndtr(low - grid) + (1 - share) * ndtr(high - grid)
    return np.interp(np.log(ndtr(z)) - np.log(ndtr(-z)), np.log(below) - np.log(above), grid)


def _bimodal(rng, n_samples, correlation):
    x, y, *bits = _normal(rng, n_samples, correlation)
    return _two_modes(x, 0.3, 0.0, 5.0), _two_modes(y, 0.5, -1.0, 3.0), *bits


def _dense(rng, n_samples, dims, _, correlation):
    x, y = gaussian.equicorrelated(rng, n_samples, int(dims), correlation)
    return x, y, *gaussian.dense_bits(x, y, correlation)


def _sparse(rng, n_samples, dims, _, n_pairs, strength):
    # a latent of sd `strength` and noise of sd 1 on both sides
    truth = n_pairs * gaussian.pair_mi_bits(strength**2 / (1 + strength**2))
    return gaussian.sparse_pairs(rng, n_samples, int(dims), int(n_pairs), truth)


def _student(rng, n_samples, dims, _, dof):
    scale = np.sqrt(dof / rng.chisquare(dof, size=(n_samples, 1)))
    x, y = scale * rng.standard_normal((2, n_samples, int(dims)))
    return x, y, *gaussian.student_bits(x, y, dof, 0.0)


# Each takes the numbers of a name, and returns x, y, their mutual information, and that of every
# sample.
_BASES = {
    "1v1-normal": _normal,
    "1v1-additive": _additive,
    "1v1-bimodal": _bimodal,
    "multinormal-dense": _dense,
    "multinormal-sparse": _sparse,
    "student-identity": _student,
}


def _spiral(x, first):
    """Turn the plane of the features `first` and the next by |x|^2 / n_features radians."""
    angle = np.sum(x**2, axis=1) / x.shape[1]
    turned = x.copy()
    a, b = x[:, first], x[:, first + 1]
    turned[:, first] = np.cos(angle) * a - np.sin(angle) * b
    turned[:, first + 1] = np.sin(angle) * a + np.cos(angle) * b
    return turned


def _both(function):
    return lambda x, y: (function(x), function(y))


def _normal_cdf(x):
    from scipy.special import ndtr

    return ndtr(x)


def _swiss_roll(x):
    turn = 1.5 * np.pi * (1 + 2 * x)
    return np.hstack([turn * np.cos(turn), turn * np.sin(turn)]) / 21


_TRANSFORMS = {
    "normal_cdf": _both(_normal_cdf),
    "half_cube": _both(lambda x: x * np.sqrt(np.abs(x))),
    "asinh": _both(np.arcsinh),
    "wiggly": lambda x, y: (
        gaussian.wiggly(x, 1.0, gaussian.WIGGLES_X),
        gaussian.wiggly(y, 1.0, gaussian.WIGGLES_Y),
    ),
    "swissroll_x": lambda x, y: (_swiss_roll(x), y),
    "spiral": lambda x, y: (_spiral(x, 0), _spiral(y, 1)),
}


@task(distribution=list(BMI), n_samples=(2, None))
def bmi(rng, distribution=_NORMAL, n_samples=10_000):
    """One of the 40 distributions of the benchmark "Beyond Normal", named as in `BMI`.

    1v1-normal: correlation 0.75. 1v1-additive: X uniform, Y = X + uniform noise of that half
    width. 1v1-bimodal: the normal pair with margins 0.3 N(0, 1) + 0.7 N(5, 1) and
    0.5 N(-1, 1) + 0.5 N(3, 1). multinormal-dense: all correlations 0.5. multinormal-sparse: two
    pairs of correlation 0.8 among independent features. student-identity: a Student t without
    correlations, split in two; the last number is its degrees of freedom.

    normal_cdf, half_cube (x sqrt|x|), asinh and wiggly (x plus sines) act on every feature;
    swissroll_x rolls x into the plane; spiral turns the features 0 and 1 of x, 1 and 2 of y, by
    the squared length over the number of features.

    Truth: -log2(1 - c^2)/2 of each correlated pair; w - log(2 w) nats for noise of half width w up
    to 1/2, 1/(4 w) beyond; log determinants of the dense normal; `student_correction_bits`.
    Source: Czyz, Grabowski, Vogt, Beerenwinkel and Marx, NeurIPS 2023 (arXiv:2306.11078), and
    their package benchmark-mi 0.1.3; they estimate from n = 10,000.
    """
    *transforms, base = _parts(distribution)
    kind = next(kind for kind in _BASES if base.startswith(kind))
    numbers = [float(number) for number in base.removeprefix(f"{kind}-").split("-")]
    x, y, *bits = _BASES[kind](rng, n_samples, *numbers)
    for transform in reversed(transforms):
        x, y = _TRANSFORMS[transform](x, y)
    return finish(x, y, *bits)


def _parts(name):
    """Return the functions of a name, from the outside in, and then its base."""
    first, _, rest = name.partition("-")
    return [first, *_parts(rest)] if first in _TRANSFORMS else [name]
