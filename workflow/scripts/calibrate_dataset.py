"""Rule calibrate_dataset: known mutual information planted in a dataset, and its estimates."""

from job import job

with job(snakemake):
    from lmi import calibrate

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
