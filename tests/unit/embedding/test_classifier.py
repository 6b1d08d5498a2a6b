"""What features tell of a label, faintly: by the distances of class means, against known truths."""

import lmi
import numpy as np
import pandas as pd
import pytest
from lmi.embedding import classifier
from scipy.integrate import quad
from scipy.signal import lfilter
from scipy.stats import norm


def _truth(apart):
    """Return the bits that two equal classes of normal features so far apart share with them."""

    def bits(x):
        return norm.pdf(x - apart / 2) * np.log2(2 / (1 + np.exp(-apart * x)))

    return quad(bits, -12, 12)[0]


def _drawn(seed, n, n_features, apart):
    rng = np.random.default_rng(seed)
    label = rng.integers(0, 2, n)
    x = rng.standard_normal((n, n_features)) + apart / np.sqrt(n_features) * label[:, None]
    return x, label, rng.permutation(np.arange(n) % 6)


@pytest.mark.parametrize("n_features, apart", [(5, 0.4), (100, 0.8), (100, 0.0)])
def test_class_means_tell_what_there_is(n_features, apart):
    found = np.array([classifier.by_means(*_drawn(s, 800, n_features, apart)) for s in range(24)])
    bits, error = found.T
    assert abs(bits.mean() - _truth(apart)) < 3 * bits.std() / np.sqrt(len(bits)) + 0.002
    if not apart:
        assert 0.7 < bits.std() / error.mean() < 1.4


@pytest.mark.parametrize("time_series", [False, True])
def test_independent_labels_have_no_bits_whatever_the_features_correlate(time_series):
    """In a scale that labels have a part in, .17 and .11 bits."""
    found = []
    for seed in range(24):
        rng = np.random.default_rng(seed)
        if time_series:
            n, part = 1000, np.repeat(np.arange(6), 167)[:1000]
            noise = rng.standard_normal((n, 51))
            x = lfilter([1], [1, -0.9], noise, axis=0)
            x, label = x[:, 1:], np.digitize(x[:, 0], [-1.0, 1.0])
        else:
            n, part = 300, rng.permutation(np.arange(300) % 6)
            loading = np.random.default_rng(5).standard_normal((200, 200))
            x = rng.standard_normal((n, 200)) * np.arange(1, 201) ** -0.5 @ loading
            label = rng.integers(0, 2, n)
        found.append(classifier.by_means(x, label, part)[0])
    assert abs(np.mean(found)) < 3 * np.std(found) / np.sqrt(24)


def test_what_is_known_of_the_labels_tells_nothing_more():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((2000, 3))
    p = 1 / (1 + np.exp(-2 * x[:, 0]))
    label, part = (rng.random(2000) < p).astype(int), np.arange(2000) % 6
    known = np.column_stack([1 - p, p])
    bits, error = classifier.by_means(x, label, part, known)
    assert abs(bits) < 3 * error
    assert classifier.by_means(x, label, part)[0] > 0.2
    certain = np.eye(2)[label]
    assert classifier.by_means(x, label, part, certain) == (0.0, pytest.approx(0.0, abs=1e-12))


def test_expected_probabilities_are_those_of_classifiers_that_have_not_seen_the_sample():
    x, label, part = _drawn(1, 600, 4, 2.0)
    (gain,) = classifier.gains([x], label, part, classifier.EVERY)
    p = classifier.expected([x], label, part, gain.chosen)
    assert p.sum(axis=1) == pytest.approx(1.0)
    gained = np.log2(p[np.arange(600), label] * 2).mean()
    assert gained == pytest.approx(_truth(2.0), abs=0.08)
    assert gained == pytest.approx(gain.bits.mean(), abs=0.01)
    assert (classifier.expected([], label, part, []) == np.bincount(label) / 600).all()


@pytest.mark.parametrize("n_classes, n_features", [(2, 150), (6, 100)])
def test_a_label_that_goes_faintly_with_many_features_is_covered(n_classes, n_features):
    """Classifiers lose nearly all of it by learning."""
    off = []
    for seed in range(6):
        rng = np.random.default_rng(50 + seed)
        means = 0.6 * rng.standard_normal((n_classes, n_features)) / np.sqrt(n_features)
        label = rng.integers(0, n_classes, 600)
        x = means[label] + rng.standard_normal((600, n_features))
        many = rng.integers(0, n_classes, 50_000)
        score = (means[many] + rng.standard_normal((50_000, n_features))) @ means.T
        score -= 0.5 * (means**2).sum(axis=1)
        own = score[np.arange(50_000), many]
        truth = np.log2(n_classes) + np.log2(np.exp(own) / np.exp(score).sum(axis=1)).mean()
        names = pd.Series([f"class {code}" for code in label])
        result = lmi.estimate(x, names, n_permutations=0)
        off.append((result.mi_bits - truth) / result.sd_bits)
    assert np.abs(off).max() < 3
    assert abs(np.mean(off)) < 1
