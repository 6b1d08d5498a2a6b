# One table over all tiles, the figures and the report.


rule aggregate:
    input:
        estimates=estimates_of(config["datasets"]),
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
        mem_mb=aggregate_mem_mb,
        runtime=minutes(20),
    params:
        version=lmi.__version__,
        order=list(config["datasets"]),
        fdr=config["report"]["fdr"],
        fdr_method=config["report"]["fdr_method"],
    message:
        "aggregate: one table over all tiles"
    script:
        "../scripts/aggregate.py"


rule report:
    input:
        parquet=rules.aggregate.output.parquet,
        estimates=rules.aggregate.input.estimates,
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
        lags=figures("lags", key="lags"),
        strata=figures("strata", key="strata"),
        embedding=figures("embedding"),
        training=figures("training"),
        svg=vector_figures(),
    log:
        "<logs>/report.log",
    benchmark:
        "<benchmarks>/report.tsv"
    conda:
        "../../envs/environment.yaml"
    threads: 1
    resources:
        mem_mb=aggregate_mem_mb,
        runtime=minutes(20),
    params:
        version=lmi.__version__,
        config=SETTINGS,
        benchmarks=f"{RESULTS}/benchmarks",
    message:
        "report: figures and report.html"
    script:
        "../scripts/report.py"
