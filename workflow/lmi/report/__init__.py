"""From a run's table and parts to figures and one page that opens offline.

May import: base, results; neither embedding nor pipeline.
"""
