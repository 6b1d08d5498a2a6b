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


# Accuracy over families of tasks, a job a family: the tasks are many and small.
rule accuracy_family:
    input:
        images=images_of,
    output:
        tsv="<results>/accuracy/{family}/{estimator}/seed-{seed}.tsv",
    log:
        "<logs>/accuracy/{family}/{estimator}/seed-{seed}.log",
    benchmark:
        "<benchmarks>/accuracy/{family}/{estimator}/seed-{seed}.tsv"
    wildcard_constraints:
        family=r"\w+",
        estimator=r"\w+",
        seed=r"\d+",
    conda:
        "../../envs/environment.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=minutes(240),
    params:
        version=lmi.__version__,
    message:
        "accuracy of {wildcards.estimator} on {wildcards.family}, seed {wildcards.seed}"
    script:
        "../scripts/accuracy_family.py"


rule accuracy:
    input:
        tables=expand(
            rules.accuracy_family.output.tsv,
            family=lookup(dpath="accuracy/families", within=SETTINGS),
            estimator=lookup(dpath="accuracy/estimators", within=SETTINGS),
            seed=lookup(dpath="accuracy/seeds", within=SETTINGS),
        ),
    output:
        tsv="<results>/accuracy.tsv",
        summary="<results>/accuracy_summary.tsv",
        figure="<results>/figures/accuracy.png",
    log:
        "<logs>/accuracy.log",
    benchmark:
        "<benchmarks>/accuracy.tsv"
    conda:
        "../../envs/environment.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=minutes(10),
    message:
        "accuracy: errors by family and estimator"
    script:
        "../scripts/accuracy.py"
