"""From files to named matrices: formats, labels, variables, spike trains.

What is read is what is measured: names join, and a second reading of a file is refused.
May import: base, tasks.
"""
