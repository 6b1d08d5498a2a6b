"""KSG within strata."""

import numpy as np
import pytest
from lmi.embedding.candidates import embed_nothing
from lmi.estimation.estimate import Samples
from lmi.estimation.within import within_strata
from lmi.ksg import kernel as ksg


def test_strata_weigh_as_many_samples_as_they_have():
    rng = np.random.default_rng(0)
    strata = np.repeat([0, 1], [600, 200])
    x = rng.standard_normal((800, 1))
    noise = rng.standard_normal((800, 1))
    y = np.where(strata[:, None] == 0, noise, x + 0.1 * noise)
    samples = Samples(strata=strata, strata_names=["large", "small"])
    mean, sd, texts = within_strata(embed_nothing(x, y), [np.arange(800)], samples, 3, 1)
    of_each = [ksg.mi(x[strata == code], y[strata == code], 3) for code in (0, 1)]
    assert of_each[1] - of_each[0] > 2
    assert mean == pytest.approx(0.75 * of_each[0] + 0.25 * of_each[1], abs=0.01)
    scatter = [
        np.std(ksg.pointwise_mi(x[strata == code], y[strata == code], 3), ddof=1) / np.sqrt(n)
        for code, n in enumerate((600, 200))
    ]
    assert sd == pytest.approx(np.hypot(0.75 * scatter[0], 0.25 * scatter[1]), rel=0.02)
    assert texts.startswith("large: ") and "small: " in texts
