"""The Kraskov-Stoegbauer-Grassberger estimator: the compiled kernel, and guided by a critic.

`lmi.ksg.mi(x, y)` and `lmi.ksg.pointwise_mi(x, y)` are public: they read and check what they are
given. Within the package `lmi.ksg.kernel` is called, and `lmi.ksg.permuted` for permuted pairings,
with coordinates whose ties are broken.
May import: base, tasks, data.
"""

from lmi.ksg.kernel import ceiling_bits
from lmi.ksg.points import compiled
from lmi.ksg.public import mi, pointwise_mi

__all__ = ["ceiling_bits", "compiled", "mi", "pointwise_mi"]
