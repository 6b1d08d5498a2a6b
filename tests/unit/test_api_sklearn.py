"""`lmi.LatentMI` behaves as estimators of scikit-learn do."""

import inspect

import lmi
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

FAST = {"error_bars": False, "n_permutations": 0, "train": "never", "n_latent": 3}


@pytest.fixture(scope="module")
def pair():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((400, 4))
    return x, x + 0.7 * rng.standard_normal((400, 4))


def test_it_fits_as_the_function_estimates_and_transforms_as_its_model(pair):
    x, y = pair
    fitted = lmi.LatentMI(seed=2, **FAST).fit(x[:300], y[:300])
    result = lmi.estimate(x[:300], y[:300], seed=2, **FAST)
    assert fitted.mi_bits_ == result.mi_bits
    np.testing.assert_array_equal(fitted.transform(x[:300]), result.embedding[0])
    new = fitted.transform(x[300:], y[300:])
    np.testing.assert_array_equal(new[1], result.model.transform(y[300:], side="y"))
    assert fitted.score(x[:300], y[:300]) == pytest.approx(result.mi_bits)
    assert fitted.score(x[300:], y[300:]) == pytest.approx(result.mi_bits, abs=0.4)


def test_it_is_cloned_with_its_settings_and_without_what_it_learned(pair):
    fitted = lmi.LatentMI(seed=5, **FAST).fit(*pair)
    copy = clone(fitted)
    assert copy.get_params() == fitted.get_params()
    assert not hasattr(copy, "model_")
    with pytest.raises(NotFittedError):
        copy.transform(pair[0])


def test_it_stands_in_a_pipeline(pair):
    x, y = pair
    line = make_pipeline(StandardScaler(), lmi.LatentMI(**FAST)).fit(x, y)
    assert line.transform(x).shape == (400, 4)
    assert line.score(x, y) == pytest.approx(line[-1].mi_bits_)
    line.set_output(transform="pandas")
    assert list(line.transform(x).columns) == ["axis0", "axis1", "axis2", "axis3"]


def test_names_of_features_are_kept(pair):
    frame = pd.DataFrame(pair[0], columns=list("abcd"))
    assert list(lmi.LatentMI(**FAST).fit(frame, pair[1]).feature_names_in_) == list("abcd")


def test_its_settings_are_options_of_the_function():
    own = inspect.signature(lmi.estimate).parameters
    for name, parameter in inspect.signature(lmi.LatentMI).parameters.items():
        assert name in ("n_latent", "train") or own[name].default == parameter.default
