"""Rule pseudotime: pointwise mutual information with late relatives along pseudotime."""

from job import job

with job(snakemake):
    from lmi.base.files import replacing
    from lmi.benchmarks.real_data import pseudotime

    table = pseudotime.along_pseudotime(snakemake.input.h5, seed=snakemake.params.seed)
    with replacing(snakemake.output.tsv) as out:
        table.to_csv(out, sep="\t", index=False, float_format="%.6g")
    with replacing(snakemake.output.figure) as out:
        pseudotime.figure(table).savefig(out, dpi=150)
