"""Rule project: one block of variables, read from the source and projected."""

from job import job

with job(snakemake):
    from lmi.benchmarks import published  # noqa: F401 - figures may bring tasks of their own
    from lmi.pipeline.project import project

    project(
        snakemake.output.block,
        dataset=snakemake.params.dataset,
        dataset_name=snakemake.wildcards.dataset,
        variables=snakemake.params.variables,
        settings=snakemake.params.settings,
        seed=snakemake.params.seed,
        shared=snakemake.config["cache"],
    )
