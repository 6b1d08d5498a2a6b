"""Rule export: matrices and networks for other tools."""

from pathlib import Path

from job import job

with job(snakemake):
    from lmi.results import exports, load

    folder = Path(snakemake.input.parquet).parent
    exports.write(load.load(folder), folder / "exports", snakemake.params.fdr)
