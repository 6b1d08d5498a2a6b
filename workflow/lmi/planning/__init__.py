"""Before any job: the checked config, the plan of datasets and jobs, costs, one Snakemake a run.

Imports neither torch nor matplotlib: the Snakefile is parsed in every cluster job.
May import: the layers below, benchmarks and report for their lists of figures and estimators.
"""
