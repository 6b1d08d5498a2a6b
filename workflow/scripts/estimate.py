"""Rule estimate: KSG on the embeddings of one tile."""

from job import job

with job(snakemake):
    from lmi.pipeline.estimate import estimate

    estimate(
        snakemake.output.estimates,
        snakemake.input.embeddings,
        settings=snakemake.params.settings,
        seed=snakemake.params.seed,
        threads=snakemake.threads,
        keep_pointwise=snakemake.params.keep_pointwise,
        shared=snakemake.config["cache"],
        given=snakemake.params.given,
        compare=snakemake.params.compare,
        transfer=snakemake.params.transfer,
        blocks=list(snakemake.input.blocks),
        names=snakemake.params.names,
    )
