"""Rule collect: estimate tiles of a dataset, joined into one part."""

from job import job

with job(snakemake):
    from lmi.results.collect import collect

    names = snakemake.params.names
    collect(
        snakemake.output.part,
        snakemake.input.estimates,
        snakemake.params.top_pairs,
        [[names["blocks"][block] for block in tile] for tile in names["tiles"]],
    )
