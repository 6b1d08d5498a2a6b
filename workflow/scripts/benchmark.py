"""Rule benchmark: the table, the verdict, a table and a figure for each figure, and the page."""

from job import job

with job(snakemake):
    from pathlib import Path

    from lmi.benchmarks import page as benchmark_page

    results = Path(snakemake.output.tsv).parent
    benchmark_page.write(snakemake.params.settings, results, results)
