"""Rule aggregate: one table over all estimate tiles."""

from job import job

with job(snakemake):
    from lmi.results import table as tables

    tables.aggregate(
        snakemake.input.parts,
        snakemake.output.tsv,
        snakemake.output.parquet,
        order=snakemake.params.order,
        fdr=snakemake.params.fdr,
        fdr_method=snakemake.params.fdr_method,
    )
