"""What everything stands on: errors, words of messages, seeds, threads, atomic files.

Knows nothing of mutual information. May import: nothing else of the package.
"""
