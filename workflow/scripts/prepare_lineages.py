"""Rule prepare_lineages: expression of cells with clones, preprocessed, in one file."""

from job import job

with job(snakemake):
    from lmi.benchmarks.real_data import lineages

    lineages.prepare(
        snakemake.input.counts,
        snakemake.input.clones,
        snakemake.input.metadata,
        snakemake.input.genes,
        snakemake.input.pseudotime,
        snakemake.output.h5,
        truth=snakemake.input.get("truth"),
    )
