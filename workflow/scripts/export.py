"""Rule export: matrices and networks for other tools."""

from pathlib import Path

from job import job

with job(snakemake):
    from lmi.results import exports, load

    folder = Path(snakemake.input.parquet).parent
    params = snakemake.params
    exports.write(load.load(folder), folder / "exports", params.fdr, params.asked)
