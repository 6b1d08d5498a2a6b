# One table over all tiles, in two steps, the figures and the report.


rule collect:
    input:
        estimates=job("collect", "estimates"),
    output:
        part="<results>/{dataset}/parts/part-{part}.h5",
    log:
        "<logs>/collect/{dataset}/part-{part}.log",
    benchmark:
        "<benchmarks>/collect/{dataset}/part-{part}.tsv"
    conda:
        "../../envs/environment.yaml"
    threads: 1
    resources:
        mem_mb=growing("collect", "mem_mb"),
        runtime=growing("collect", "runtime"),
        expected_s=job("collect", "expected_s"),
        expected_mb=job("collect", "expected_mb"),
    params:
        version=lmi.__version__,
        top_pairs=lookup(dpath="report/top_pairs", within=SETTINGS),
        names=job("collect", "names"),
    message:
        "collect {wildcards.dataset}, part {wildcards.part}"
        " (about {resources.expected_s} s, {resources.mem_mb} MB, {resources.expected_mb} MB on disk)"
    script:
        "../scripts/collect.py"


rule aggregate:
    input:
        parts=PLAN.parts(),
    output:
        tsv=report(
            "<results>/mi.tsv",
            caption="../report/table.rst",
            category="Table",
        ),
        parquet="<results>/mi.parquet",
    log:
        "<logs>/aggregate.log",
    benchmark:
        "<benchmarks>/aggregate.tsv"
    conda:
        "../../envs/environment.yaml"
    threads: 1
    resources:
        mem_mb=growing("aggregate", "mem_mb"),
        runtime=growing("aggregate", "runtime"),
        expected_s=job("aggregate", "expected_s"),
        expected_mb=job("aggregate", "expected_mb"),
    params:
        version=lmi.__version__,
        order=list(config["datasets"]),
        fdr=config["report"]["fdr"],
        fdr_method=config["report"]["fdr_method"],
    message:
        "aggregate: one table over all tiles"
        " (about {resources.expected_s} s, {resources.mem_mb} MB, {resources.expected_mb} MB on disk)"
    script:
        "../scripts/aggregate.py"


rule report:
    input:
        parquet=rules.aggregate.output.parquet,
        parts=rules.aggregate.input.parts,
        blocks=PLAN.blocks(),
        data=PLAN.overviews(),
        answers=PLAN.answers(),
    output:
        html=report(
            "<results>/report.html",
            caption="../report/report.rst",
            category="Report",
        ),
        distribution=figure("distribution"),
        volcano=figure("volcano"),
        truth=figure("truth"),
        heatmap=figures("heatmap"),
        top_pairs=figures("top_pairs"),
        lags=figures("lags"),
        strata=figures("strata"),
        select=figures("select"),
        embedding=figures("embedding"),
        training=figures("training"),
        svg=PLAN.vector_figures(),
    log:
        "<logs>/report.log",
    benchmark:
        "<benchmarks>/report.tsv"
    conda:
        "../../envs/environment.yaml"
    threads: 1
    resources:
        mem_mb=growing("report", "mem_mb"),
        runtime=growing("report", "runtime"),
        expected_s=job("report", "expected_s"),
        expected_mb=job("report", "expected_mb"),
    params:
        version=lmi.__version__,
        config=SETTINGS,
        benchmarks=f"{RESULTS}/benchmarks",
    message:
        "report: figures and {output.html}"
        " (about {resources.expected_s} s, {resources.mem_mb} MB, {resources.expected_mb} MB on disk)"
    script:
        "../scripts/report.py"
