"""Rule run_record: what went into a run and what came out, for machines."""

from job import job

with job(snakemake):
    from lmi.results import record

    record.write(
        snakemake.output.record,
        snakemake.output.config,
        snakemake.params.config,
        list(snakemake.input),
    )
