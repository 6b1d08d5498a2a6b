"""Tasks whose dependence is that of a copula: in tails, and not in a correlation."""

from functools import lru_cache

import numpy as np

from lmi.tasks.gaussian import split_mi_bits, student_bits, student_correction_bits
from lmi.tasks.registry import fail, finish, task

PARAMETERS = {"clayton": 3.0, "gumbel": 2.5, "joe": 3.0, "frank": 5.0, "student": 5.0}
"""Copula -> its parameter: theta, and of the Student t copula its degrees of freedom."""
STUDENT_CORRELATION = 0.7
MARGINS = ("normal", "uniform", "exponential", "heavy")


def log_density(copula, u, v):
    """Return the log density of an Archimedean copula, in nats.

    Parameters
    ----------
    copula : str
        A key of `PARAMETERS`, not student.
    u, v : (array, array)
        Both uniform variables, each with 1 minus it, so that neither end loses digits.

    Source: Nelsen, An Introduction to Copulas (2006), chapter 4.
    """
    theta = PARAMETERS[copula]
    (u, not_u), (v, not_v) = u, v
    if copula == "clayton":
        log_u, log_v = np.log(u), np.log(v)
        lower = np.minimum(log_u, log_v)
        # u^-theta + v^-theta - 1, over its largest term
        total = np.exp(theta * (lower - log_u)) + np.exp(theta * (lower - log_v))
        log_sum = -theta * lower + np.log(total - np.exp(theta * lower))
        return np.log1p(theta) - (1 + theta) * (log_u + log_v) - (2 + 1 / theta) * log_sum
    if copula == "gumbel":
        x, y = _minus_log(u, not_u), _minus_log(v, not_v)
        log_x, log_y = np.log(x), np.log(y)
        log_sum = np.logaddexp(theta * log_x, theta * log_y)
        root = np.exp(log_sum / theta)
        powers = (theta - 1) * (log_x + log_y) + (1 / theta - 2) * log_sum
        return x + y - root + powers + np.log(root + theta - 1)
    if copula == "joe":
        log_u, log_v = np.log(not_u), np.log(not_v)
        power_u, power_v = np.exp(theta * log_u), np.exp(theta * log_v)
        total = power_u + power_v * (1 - power_u)
        powers = (theta - 1) * (log_u + log_v) + (1 / theta - 2) * np.log(total)
        return powers + np.log(theta - 1 + total)
    gap = -np.expm1(-theta)
    below = gap - np.expm1(-theta * u) * np.expm1(-theta * v)
    return np.log(theta * gap) - theta * (u + v) - 2 * np.log(below)


def _minus_log(u, not_u):
    return np.where(u < 0.5, -np.log(u), -np.log1p(-not_u))


def draw(rng, copula, n_samples, n_pairs):
    """Return u, v of an Archimedean copula, each with 1 minus it, of shape (n_samples, n_pairs)."""
    theta, shape = PARAMETERS[copula], (n_samples, n_pairs)
    w = rng.uniform(size=shape)
    if copula == "gumbel":
        # Marshall and Olkin 1988: exponentials over a stable variable (Kanter 1975)
        alpha, angle = 1 / theta, np.pi * w
        stable = np.sin(alpha * angle) / np.sin(angle) ** theta
        mixing = np.sin((1 - alpha) * angle) / rng.standard_exponential(shape)
        stable = stable * mixing ** ((1 - alpha) / alpha)
        both = (rng.standard_exponential((2, *shape)) / stable) ** alpha
        return [(np.exp(-side), -np.expm1(-side)) for side in both]
    u = rng.uniform(size=shape)
    if copula == "clayton":
        v = (u**-theta * np.expm1(-theta / (1 + theta) * np.log(w)) + 1) ** (-1 / theta)
    elif copula == "frank":
        fall = np.exp(-theta * u)
        v = -np.log1p(w * np.expm1(-theta) / (w + (1 - w) * fall)) / theta
    else:
        return [(u, 1 - u), _joe_given(u, w, theta)]
    return [(side, 1 - side) for side in (u, v)]


def _joe_given(u, w, theta):
    """Return v where its distribution given u is w, by bisection in the logit."""
    low, high = np.full(u.shape, -45.0), np.full(u.shape, 45.0)
    power = (1 - u) ** theta
    for _ in range(60):
        middle = (low + high) / 2
        other = (1 + np.exp(middle)) ** -theta  # (1 - v)^theta
        given = (1 - other) * (1 - u) ** (theta - 1)
        given *= (power + other * (1 - power)) ** (1 / theta - 1)
        low, high = np.where(given < w, middle, low), np.where(given < w, high, middle)
    return 1 / (1 + np.exp(-low)), 1 / (1 + np.exp(low))


@lru_cache
def copula_mi_bits(copula, n_points=1601):
    """Return the mutual information of one pair of a copula, in bits.

    Trapezoid rule over normal scores; closed form for the Student t copula.
    """
    if copula == "student":
        matrix = np.array([[1, STUDENT_CORRELATION], [STUDENT_CORRELATION, 1]])
        return float(split_mi_bits(matrix, 1) + student_correction_bits(PARAMETERS[copula], 1, 1))
    from scipy.special import ndtr

    z = np.linspace(-8, 8, n_points)
    weights = np.exp(-(z**2) / 2)
    weights /= weights.sum()
    below, above = ndtr(z), ndtr(-z)
    nats = log_density(copula, (below[:, None], above[:, None]), (below, above))
    return float(weights @ (np.exp(nats) * nats) @ weights / np.log(2))


def _with_margin(side, margin):
    """Return uniform variables, given with 1 minus them, with another margin of unit variance."""
    from scipy.special import ndtri

    u, rest = side
    if margin == "uniform":
        return np.sqrt(12) * (u - 0.5)
    if margin == "exponential":
        return _minus_log(rest, u) - 1
    normal = np.where(u < 0.5, ndtri(u), -ndtri(rest))
    return normal if margin == "normal" else np.sinh(normal) / np.sqrt(np.sinh(1) * np.exp(1))


@task(
    copula=list(PARAMETERS),
    margin=list(MARGINS),
    n_samples=(2, None),
    n_pairs=(1, None),
    ambient=(1, None),
    noise=(0, None),
)
def copula_pairs(
    rng, copula="clayton", margin="normal", n_samples=2000, n_pairs=3, ambient=200, noise=0.5
):
    """Independent pairs of a copula, rotated among many features.

    `n_pairs` pairs have the copula and the margin given, of unit variance (heavy: the hyperbolic
    sine of a normal variable); x has the first members and ambient - n_pairs normal features of sd
    `noise`, turned by a random rotation; y the same of the second members. Copulas: Clayton
    (theta 3), Gumbel (2.5), Joe (3), Frank (5), Student t (correlation 0.7, 5 degrees of freedom).

    Truth: n_pairs times `copula_mi_bits(copula)`: margins and rotations do not change it.
    """
    if n_pairs > ambient:
        fail("copula_pairs", "n_pairs", f"at most ambient ({ambient})", n_pairs)
    if copula == "student":
        u, v, pointwise = _student(rng, n_samples, n_pairs)
    else:
        u, v = draw(rng, copula, n_samples, n_pairs)
        pointwise = log_density(copula, u, v).sum(axis=1) / np.log(2)
    x, y = (_hidden(rng, _with_margin(side, margin), ambient, noise) for side in (u, v))
    return finish(x, y, n_pairs * copula_mi_bits(copula), pointwise)


def _student(rng, n_samples, n_pairs):
    """Return pairs of the Student t copula, as `draw` does, and their pointwise information."""
    from scipy.special import stdtr

    dof = PARAMETERS["student"]
    scale = np.sqrt(dof / rng.chisquare(dof, (n_samples, n_pairs)))
    first, noise = rng.standard_normal((2, n_samples, n_pairs))
    second = STUDENT_CORRELATION * first + np.sqrt(1 - STUDENT_CORRELATION**2) * noise
    sides = scale * first, scale * second
    pointwise = sum(
        student_bits(x[:, None], y[:, None], dof, STUDENT_CORRELATION)[1]
        for x, y in zip(*(side.T for side in sides), strict=True)
    )
    return *((stdtr(dof, side), stdtr(dof, -side)) for side in sides), pointwise


def _hidden(rng, latent, ambient, noise):
    """Return the latents and normal features of sd `noise`, turned by a random rotation."""
    own = noise * rng.standard_normal((len(latent), ambient - latent.shape[1]))
    turn, _ = np.linalg.qr(rng.standard_normal((ambient, ambient)))
    return np.hstack([latent, own]) @ turn
