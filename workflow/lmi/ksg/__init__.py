"""The Kraskov-Stoegbauer-Grassberger estimator: the compiled kernel, and guided by a critic.

`lmi.ksg.mi(x, y)` and `lmi.ksg.pointwise_mi(x, y)` are public and need nothing else of the package.
May import: base, tasks, data.
"""

from lmi.ksg.kernel import ceiling_bits, compiled, mi, pointwise_mi

__all__ = ["ceiling_bits", "compiled", "mi", "pointwise_mi"]
