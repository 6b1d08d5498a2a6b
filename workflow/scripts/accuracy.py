"""Rule accuracy: one table of all families, its summary and its figure."""

from job import job

with job(snakemake):
    from lmi.benchmarks import accuracy

    accuracy.collect(
        snakemake.input.tables,
        snakemake.output.tsv,
        snakemake.output.summary,
        snakemake.output.figure,
    )
