"""Rule describe: what was read of a dataset, before anything is estimated."""

from job import job

with job(snakemake):
    from lmi.data import overview

    found = overview.describe(
        snakemake.wildcards.dataset,
        snakemake.params.dataset,
        snakemake.params.missing,
        snakemake.params.seed,
    )
    overview.write(snakemake.output.json, found)
