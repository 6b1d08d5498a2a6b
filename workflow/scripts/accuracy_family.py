"""Rule accuracy_family: truth and estimate of all tasks of a family."""

from job import job

with job(snakemake):
    import torch
    from lmi import accuracy

    torch.set_num_threads(snakemake.threads)
    accuracy.run(
        snakemake.wildcards.family,
        snakemake.wildcards.estimator,
        int(snakemake.wildcards.seed),
        snakemake.output.tsv,
    )
