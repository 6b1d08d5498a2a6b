# Files for other tools, made from the table, and the machine-readable record of the run. Copies of
# AnnData files are as large as these, and are made where they are asked for.


rule export:
    input:
        parquet=rules.aggregate.output.parquet,
        blocks=PLAN.blocks(),
        answers=PLAN.answers(),
    output:
        files=PLAN.exports(),
    log:
        "<logs>/export.log",
    benchmark:
        "<benchmarks>/export.tsv"
    conda:
        "../../envs/environment.yaml"
    threads: 1
    resources:
        mem_mb=growing("export", "mem_mb"),
        runtime=growing("export", "runtime"),
        expected_s=job("export", "expected_s"),
        expected_mb=job("export", "expected_mb"),
    params:
        version=lmi.__version__,
        fdr=config["report"]["fdr"],
        asked=PLAN.asked(),
    message:
        "export: matrices and networks of all datasets"
        " (about {resources.expected_s} s, {resources.mem_mb} MB, {resources.expected_mb} MB on disk)"
    script:
        "../scripts/export.py"


rule run_record:
    input:
        tsv=rules.aggregate.output.tsv,
        parquet=rules.aggregate.output.parquet,
        report=rules.report.output.html,
        exports=rules.export.output.files,
    output:
        record="<results>/ro-crate-metadata.json",
        config="<results>/exports/config.yaml",
    log:
        "<logs>/run_record.log",
    benchmark:
        "<benchmarks>/run_record.tsv"
    conda:
        "../../envs/environment.yaml"
    threads: 1
    resources:
        mem_mb=growing("run_record", "mem_mb"),
        runtime=growing("run_record", "runtime"),
        expected_s=job("run_record", "expected_s"),
        expected_mb=job("run_record", "expected_mb"),
    params:
        version=lmi.__version__,
        config=SETTINGS,
    message:
        "run_record: {output.record}"
        " (about {resources.expected_s} s, {resources.mem_mb} MB, {resources.expected_mb} MB on disk)"
    script:
        "../scripts/run_record.py"


rule annotate:
    input:
        parquet=rules.aggregate.output.parquet,
        source=lambda wildcards: PLAN.annotated()[wildcards.dataset],
    output:
        h5ad="<results>/exports/{dataset}/annotated.h5ad",
    log:
        "<logs>/annotate/{dataset}.log",
    benchmark:
        "<benchmarks>/annotate/{dataset}.tsv"
    wildcard_constraints:
        dataset="|".join(map(re.escape, PLAN.annotated())) or "(?!)",
    conda:
        "../../envs/environment.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, input, attempt: int(attempt * (1000 + 4 * input.size_mb)),
        runtime=minutes(30),
    params:
        version=lmi.__version__,
        # shown by sample, where the run keeps what they are by sample
        most=config["report"]["top_pairs"] if all(PLAN.kept.values()) else 0,
    message:
        "annotate {wildcards.dataset}: a copy of {input.source} with the results"
    script:
        "../scripts/annotate.py"


rule anndata:
    input:
        copies=lambda wildcards: stop_on_bad_input(PLAN.copies),
