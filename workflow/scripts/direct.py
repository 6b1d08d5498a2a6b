"""Rule direct: conditional information of significant pairs, given third variables."""

from job import job

with job(snakemake):
    from lmi.pipeline.direct import ask

    ask(
        snakemake.output.asked,
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
