"""Rule benchmark: truth, estimate and error of every task, estimator and seed."""

from job import job

with job(snakemake):
    from lmi import tables

    table = tables.aggregate(snakemake.input.parts, snakemake.output.tsv, snakemake.output.parquet)
    cell = table["dataset"].str.split("/", expand=True)
    table.insert(0, "task", cell[1])
    table.insert(1, "estimator", cell[2])
    table.insert(2, "seed", cell[3].str.removeprefix("seed-").astype(int))
    table["error_bits"] = table["mi_bits"] - table["truth_bits"]
    columns = ["task", "estimator", "seed", "n_samples", "n_features_x", "n_features_y"]
    columns += ["truth_bits", "mi_bits", "error_bits", "mi_ksg_bits", "sd_bits", "sd_ksg_bits"]
    columns += ["converged", "seconds", "flag", "reason"]
    tables.write_tsv(
        table[columns].sort_values(["task", "estimator", "seed"]), snakemake.output.tsv
    )
