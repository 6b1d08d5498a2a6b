"""What depends on one variable alone, once a variable: views of its features, and the folds.

May import: base, tasks, data.
"""
