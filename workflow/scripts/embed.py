"""Rule embed: paired autoencoders for the pairs of one tile."""

from gpu import gpu
from job import job

with job(snakemake), gpu(snakemake.resources):
    from lmi.pipeline.embed import embed

    embed(
        snakemake.output.embeddings,
        snakemake.input.x,
        snakemake.input.y,
        pairs=snakemake.params.pairs,
        names=snakemake.params.names,
        settings=snakemake.params.settings,
        seed=snakemake.params.seed,
        lags=snakemake.params.lags,
        threads=snakemake.threads,
        shared=snakemake.config["cache"],
    )
