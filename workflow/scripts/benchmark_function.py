"""Rule benchmark_function: cells of a block, by an estimator that is a function."""

from job import job

with job(snakemake):
    from lmi.benchmarks import plan as benchmark

    benchmark.call(
        snakemake.output.tsv,
        estimator=snakemake.params.estimator,
        tasks=snakemake.params.tasks,
        settings=snakemake.params.settings,
    )
