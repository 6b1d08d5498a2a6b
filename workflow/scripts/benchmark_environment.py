"""Rule benchmark_environment: a released package in an environment of its own, by its lock file."""

from job import job

with job(snakemake):
    from pathlib import Path

    from lmi.benchmarks import peers

    peers.install(Path(snakemake.output.stamp).parent, snakemake.input.requirements)
    Path(snakemake.output.stamp).touch()
