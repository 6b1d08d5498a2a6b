"""Rule pair_prediction: which unseen proteins interact, by pointwise mutual information."""

from job import job

with job(snakemake):
    from lmi.base.files import replacing
    from lmi.benchmarks.real_data import prediction

    table = prediction.predict(snakemake.input.h5, seed=snakemake.params.seed)
    with replacing(snakemake.output.tsv) as out:
        table.to_csv(out, sep="\t", index=False, float_format="%.6g")
