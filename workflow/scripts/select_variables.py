"""Rule select: which variables tell of a target, and what each adds."""

from job import job

with job(snakemake):
    from lmi.pipeline.select import select

    select(
        snakemake.output.selection,
        snakemake.input.parquet,
        list(snakemake.input.blocks),
        dataset_name=snakemake.wildcards.dataset,
        level=snakemake.params.level,
        settings=snakemake.params.settings,
        seed=snakemake.params.seed,
        threads=snakemake.threads,
        shared=snakemake.config["cache"],
        **snakemake.params.asks,
    )
