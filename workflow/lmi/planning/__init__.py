"""Before any job: the checked config, blocks and tiles, what they cost, one Snakemake a run.

Imports neither torch nor matplotlib: the Snakefile is parsed in every cluster job.
May import: the layers below, benchmarks for its lists of figures and estimators.
"""
