"""Rule report: figures and the report, from the table and the estimate tiles."""

from pathlib import Path

from job import job

with job(snakemake):
    from lmi.report import page as report

    report.write(
        snakemake.output.html,
        Path(snakemake.output.html).with_name("figures"),
        snakemake.input.parquet,
        snakemake.input.parts,
        snakemake.params.config,
        snakemake.params.benchmarks,
        snakemake.input.blocks,
        snakemake.input.data,
    )
