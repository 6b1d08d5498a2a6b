"""Rules standin_*: files of the formats of a source, with planted information."""

from job import job

with job(snakemake):
    from pathlib import Path

    from lmi.benchmarks.real_data import standin

    standin.write(snakemake.params.source, Path(snakemake.output.files[0]).parent)
