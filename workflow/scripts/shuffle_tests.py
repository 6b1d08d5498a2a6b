"""Rule shuffle_tests: information of real pairs, and of the same pairs shuffled."""

from job import job

with job(snakemake):
    from lmi.base.files import replacing
    from lmi.benchmarks.real_data import shuffle_tests

    table = shuffle_tests.run(snakemake.input.h5, seed=snakemake.params.seed)
    with replacing(snakemake.output.tsv) as out:
        table.to_csv(out, sep="\t", index=False, float_format="%.6g")
