"""Rule calibrate_dataset: known mutual information planted in a dataset, and its estimates."""

from gpu import gpu
from job import job

# no GPU is asked for: training then stays away from those that embed jobs hold
with job(snakemake), gpu(snakemake.resources):
    from lmi.pipeline import calibrate

    calibrate.run(
        snakemake.output.tsv,
        snakemake.input.blocks,
        snakemake.params.pairs,
        dataset_name=snakemake.wildcards.dataset,
        levels_bits=snakemake.params.settings["levels_bits"],
        n_pairs=snakemake.params.settings["n_pairs"],
        embed_settings=snakemake.params.embed,
        estimate_settings=snakemake.params.estimate,
        seed=snakemake.params.seed,
        threads=snakemake.threads,
    )
