"""The fewest samples that questions about groups and about the past can be asked of."""

MIN_GROUP = 150
"""Of a group that is compared, once the groups are of one size: an error bar takes so many."""
MIN_TIMES = 200
"""Times that have a past: the folds are halves of the recording."""
