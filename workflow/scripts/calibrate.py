"""Rule calibrate: the planted pairs of all datasets, their summary, the figure and a line each."""

from job import job

with job(snakemake):
    from lmi.report import calibration

    lines = calibration.collect(
        snakemake.input.tables,
        snakemake.output.tsv,
        snakemake.output.summary,
        snakemake.output.png,
    )
    print(*lines, sep="\n", flush=True)
