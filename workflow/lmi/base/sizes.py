"""How much is held in memory at a time, where variables are wide and samples many."""

AT_ONCE = 2**25
"""Values that are worked on in double precision at a time: all of a wide variable of many samples
would take many times as much memory as its values."""
KEPT_VALUES = 2**28
"""More standardised features than these, 1 GB, are read from their file each time they are asked
for."""
