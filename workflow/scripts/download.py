"""Rule download: a file of the published figures, from its server."""

from job import job

with job(snakemake):
    from lmi.benchmarks.real_data.download import fetch

    fetch(snakemake.params.url, snakemake.output.file)
