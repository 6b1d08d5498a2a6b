# Tasks with known MI, through the same three rules: each task, estimator and seed is a dataset
# below results/<run>/benchmark.


rule benchmark:
    input:
        estimates=estimates_of(BENCHMARK),
    output:
        tsv="<results>/benchmark.tsv",
        parquet="<results>/benchmark.parquet",
    log:
        "<logs>/benchmark.log",
    benchmark:
        "<benchmarks>/benchmark.tsv"
    conda:
        "../../envs/environment.yaml"
    threads: 1
    resources:
        mem_mb=aggregate_mem_mb,
        runtime=minutes(20),
    params:
        version=lmi.__version__,
    message:
        "benchmark: truth against estimate over all tasks"
    script:
        "../scripts/benchmark.py"
