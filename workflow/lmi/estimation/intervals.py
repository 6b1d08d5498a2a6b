"""The interval of a pair: the scatter of the estimator, and what is known of its bias.

Standard errors say how far estimates scatter around their own mean. That mean lies below the truth
where the encoders lose something, where boxes are large and no critic corrects them, and where
samples are few; it rarely lies above. So the interval reaches further up than down. Its terms are
added, since biases have a sign. How large they are was chosen on tasks of known information, seeds
below 200, and reported on others (docs/benchmarks.md).
"""

import numpy as np

SCATTER_SD = 2.3
"""Standard errors to either side: error bars are themselves estimates."""
FALLING = 0.5
"""Of what a third of the samples give more than all: how far all may still be above the truth."""
RISING = 1.0
"""Of what all samples give more than a third: how far the truth may be above them."""
UNCORRECTED = 0.25
"""Of the estimate: what KSG may lose where no critic is trusted to correct it, or where the axes do
not have the shape that it takes for granted."""
HIDDEN_BITS = 0.01
"""What may be missing of the faintest dependence, whatever the error bar."""
CORRECTED = 0.1
"""Of the correction: how much of it may be missing."""
LEARNED = 1.0
"""Of what is added for what encoders lose on samples that they were not learned from: how much more
may be missing. It is large where samples are few for the number of axes."""
TIED = 0.35
"""Of the estimate: how much may be missing where most features of a side have ties: axes mix their
steps, and neither boxes nor critics see them."""


def interval(mi, mi_ksg, sd, drift, trusted, has_ties=False, weak_bits=None, optimism=0.0):
    """Return the interval of the truth, as (low, high) in bits.

    Parameters
    ----------
    mi, mi_ksg, sd, drift : float
        `mi_bits`, `mi_ksg_bits`, `sd_bits`, `drift_bits`; NaN where there is no error bar.
    trusted : float
        Share of the encoders whose critic corrects, on axes that are Gaussian.
    has_ties : bool
        Whether most features of a side of several have ties.
    weak_bits : (float, float), optional
        From `canonical.weak_bits`: the interval reaches what many weak axes show.
    optimism : float
        What was added for what encoders lose on new samples.
    """
    low = mi - SCATTER_SD * sd - FALLING * max(-drift, 0.0)
    missing = (1 - trusted) * UNCORRECTED * max(mi, 0.0) + CORRECTED * abs(mi - mi_ksg)
    missing += TIED * max(mi, 0.0) * has_ties + LEARNED * optimism
    high = mi + SCATTER_SD * sd + RISING * max(drift, 0.0) + missing + HIDDEN_BITS
    if weak_bits is not None and weak_bits[0] > SCATTER_SD * weak_bits[1]:
        high = max(high, weak_bits[0] + SCATTER_SD * weak_bits[1])
    if not np.isfinite(low + high):
        return np.nan, np.nan
    return float(low), float(high)
