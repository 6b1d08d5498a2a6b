"""Rule annotate: a copy of an AnnData file with the results of its dataset."""

from pathlib import Path

from job import job

with job(snakemake):
    from lmi.base.files import replacing
    from lmi.results import annotate, load

    dataset = snakemake.wildcards.dataset
    run = load.load(Path(snakemake.input.parquet).parent)
    pairs = annotate.strongest(run, dataset, snakemake.params.most)
    with replacing(snakemake.output.h5ad) as path:
        run.to_anndata(snakemake.input.source, dataset, pairs).write_h5ad(path)
