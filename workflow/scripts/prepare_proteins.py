"""Rule prepare_proteins: embeddings of two proteomes, in one file."""

from job import job

with job(snakemake):
    from lmi.benchmarks.real_data import proteins

    proteins.prepare(
        snakemake.input.ecoli,
        snakemake.input.athaliana,
        snakemake.output.h5,
        standin=snakemake.params.standin,
    )
