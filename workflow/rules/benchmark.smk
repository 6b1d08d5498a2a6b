# The published figures anew, by all estimators. Cells with as many samples are one dataset of many
# tasks below results/<run>/benchmark: the rules project, embed and estimate make the estimates of
# ours, and benchmark_function those of the others. See lmi.benchmarks.plan.


# A released package in an environment of its own, built when one of its estimators is asked for.
rule benchmark_environment:
    input:
        requirements=lambda wildcards: workflow.source_path(
            f"../../envs/{wildcards.package}/requirements.txt"
        ),
    output:
        stamp=".{package}/.installed",
    log:
        "<logs>/benchmark_environment/{package}.log",
    benchmark:
        "<benchmarks>/benchmark_environment/{package}.tsv"
    wildcard_constraints:
        package="latentmi|benchmark-mi",
    conda:
        "../../envs/environment.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=minutes(30),
    message:
        "install {wildcards.package} into an environment of its own"
    script:
        "../scripts/benchmark_environment.py"


rule benchmark_function:
    input:
        data=job("benchmark_function", "sources"),
        environment=job("benchmark_function", "environment"),
    output:
        tsv="<results>/{function}/block-{block}.tsv",
    log:
        "<logs>/{function}/block-{block}.log",
    benchmark:
        "<benchmarks>/{function}/block-{block}.tsv"
    wildcard_constraints:
        function="|".join(map(re.escape, PLAN.functions)) or "none",
    conda:
        "../../envs/environment.yaml"
    threads: 1
    resources:
        mem_mb=growing("benchmark_function", "mem_mb"),
        runtime=growing("benchmark_function", "runtime"),
    params:
        version=lmi.__version__,
        estimator=job("benchmark_function", "estimator"),
        settings=job("benchmark_function", "settings"),
        tasks=job("benchmark_function", "tasks"),
    message:
        "{wildcards.function}, block {wildcards.block}"
    script:
        "../scripts/benchmark_function.py"


rule benchmark:
    input:
        estimates=PLAN.benchmark_estimates(),
        functions=PLAN.benchmark_functions(),
    output:
        tsv="<results>/benchmark.tsv",
        parquet="<results>/benchmark.parquet",
        verdict="<results>/benchmark_verdict.tsv",
        environment="<results>/benchmark_environment.json",
        html="<results>/benchmark.html",
        tables=PLAN.benchmark_files("tsv"),
        png=PLAN.benchmark_files("png"),
        svg=PLAN.benchmark_files("svg"),
    log:
        "<logs>/benchmark.log",
    benchmark:
        "<benchmarks>/benchmark.tsv"
    conda:
        "../../envs/environment.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=minutes(20),
    params:
        version=lmi.__version__,
        settings=lookup(dpath="benchmark", within=SETTINGS),
    message:
        "benchmark: truth against estimate, published figures beside ours"
    script:
        "../scripts/benchmark.py"


# Accuracy over families of tasks, a job a family: the tasks are many and small.
rule accuracy_family:
    input:
        images=lambda wildcards: MNIST if wildcards.family in ("mnist", "mnist_tiles") else [],
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
