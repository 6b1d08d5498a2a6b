"""From a pair's embedding to bits: KSG, error bars, strata, the permutation null, flags.

May import: base, tasks, data, projection, ksg, and of embedding the result alone.
"""
