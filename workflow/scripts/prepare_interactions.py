"""Rule prepare_interactions: interacting proteins and their embeddings, in one file."""

from job import job

with job(snakemake):
    from lmi.benchmarks.real_data import interactions

    interactions.prepare(
        snakemake.input.table,
        snakemake.input.human,
        snakemake.output.h5,
        kind=snakemake.wildcards.interactions,
        truth=snakemake.input.get("truth"),
    )
