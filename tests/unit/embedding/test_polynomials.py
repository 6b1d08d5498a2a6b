"""What is shared of all polynomials of many coordinates, against sums that are written out."""

import itertools

import numpy as np
import pytest
from lmi.embedding import polynomials


def _hermite(values, degree):
    return {
        0: np.ones_like(values),
        1: values,
        2: (values**2 - 1) / np.sqrt(2),
        3: (values**3 - 3 * values) / np.sqrt(6),
    }[degree]


def _written_out(z, degree):
    """Return the sum over all orthonormal polynomials of a degree, with its diagonal at zero."""
    total = np.zeros((len(z), len(z)))
    for degrees in itertools.product(range(degree + 1), repeat=z.shape[1]):
        if sum(degrees) == degree:
            own = np.prod([_hermite(z[:, i], d) for i, d in enumerate(degrees)], axis=0)
            total += np.outer(own, own)
    total -= total.mean(axis=0)
    total -= total.mean(axis=1, keepdims=True)
    np.fill_diagonal(total, 0)
    return total


@pytest.mark.parametrize("degree", [2, 3])
def test_a_kernel_is_the_sum_of_all_polynomials_of_its_degree(degree):
    z = np.random.default_rng(0).standard_normal((30, 3))
    assert np.allclose(polynomials.kernels(z)[degree - 2], _written_out(z, degree))


@pytest.mark.parametrize("n", [7, 8])
def test_every_shift_is_summed(n):
    one, other = np.random.default_rng(1).standard_normal((2, n, n))
    one, other = (polynomials._centred(matrix + matrix.T) for matrix in (one, other))
    wanted = [(np.roll(one, (-k, -k), (0, 1)) * other).sum() for k in range(n)]
    assert np.allclose(polynomials._by_shift(one, other), wanted)


def _parts(rng, n, function):
    """Return two parts in which axes share a function of z, as half of their variance."""
    parts = []
    for _ in range(2):
        z = rng.standard_normal((n, 40))
        a, b = (np.sqrt(0.5) * (function(z) + rng.standard_normal((n, 1))) for _ in "ab")
        parts.append((a, b, z))
    return parts


def test_squares_along_a_direction_of_many_coordinates_are_found_and_measured():
    direction = np.random.default_rng(2).standard_normal(40)
    direction /= np.linalg.norm(direction)

    def square(z):
        return ((z @ direction) ** 2 - 1)[:, None] / np.sqrt(2)

    rng = np.random.default_rng(3)
    found = [polynomials.shared(_parts(rng, 700, square)) for _ in range(6)]
    assert (np.array(found).sum(axis=1) > 0).all()
    # nearly without bias, though there are 820 squares and products of 700 samples
    assert np.mean(found) == pytest.approx(0.45, abs=0.07)


@pytest.mark.parametrize("decay", [0.0, 0.9])
def test_independent_axes_share_nothing_of_z_in_time_series_too(decay):
    rng = np.random.default_rng(4)
    found = []
    for _ in range(40):
        parts = []
        for _ in range(2):
            values = rng.standard_normal((400, 16))
            for i in range(1, 400):
                values[i] += decay * values[i - 1]
            # what axes share beyond z is none of z
            a = values[:, :2] / values[:, :2].std(axis=0)
            parts.append((a, a + rng.standard_normal(a.shape), values[:, 2:]))
        found.append(polynomials.shared(parts).any())
    assert np.mean(found) <= 0.05


def test_scores_that_bend_are_found_among_others():
    rng = np.random.default_rng(5)
    z = rng.standard_normal((900, 30))
    scores = rng.standard_normal((900, 20))
    scores[:, 0] += z[:, 0] * z[:, 1] * 1.5
    axes = polynomials.bent(scores, z, np.arange(900) < 600)
    correlation = np.corrcoef(axes.T, z[:, 0] * z[:, 1])[-1, :-1]
    assert np.abs(correlation).max() > 0.7
