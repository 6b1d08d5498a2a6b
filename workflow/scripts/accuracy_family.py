"""Rule accuracy_family: truth and estimate of all tasks of a family."""

from job import job

with job(snakemake):
    from lmi.benchmarks import accuracy

    accuracy.run(
        snakemake.wildcards.family,
        snakemake.wildcards.estimator,
        int(snakemake.wildcards.seed),
        snakemake.output.tsv,
    )
