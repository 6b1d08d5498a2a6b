# Questions that the table raises: which significant pairs are direct, and which variables tell of a
# target. A job reads the table and the blocks of its dataset; how many there are follows from the
# config, whatever the table holds.


rule direct:
    input:
        parquet="<results>/mi.parquet",
        blocks=job("direct", "blocks"),
    output:
        asked="<results>/{dataset}/direct/part-{part}.h5",
    log:
        "<logs>/direct/{dataset}/part-{part}.log",
    benchmark:
        "<benchmarks>/direct/{dataset}/part-{part}.tsv"
    conda:
        "../../envs/environment.yaml"
    threads: job("direct", "threads")
    resources:
        mem_mb=growing("direct", "mem_mb"),
        runtime=growing("direct", "runtime"),
        expected_s=job("direct", "expected_s"),
        expected_mb=job("direct", "expected_mb"),
    params:
        version=lmi.__version__,
        asks=job("direct", "asks"),
        level=job("direct", "level"),
        settings=job("direct", "settings"),
        seed=job("direct", "seed"),
    message:
        "direct {wildcards.dataset}, part {wildcards.part}"
        " (about {resources.expected_s} s, {resources.mem_mb} MB, {resources.expected_mb} MB on disk)"
    script:
        "../scripts/direct.py"


rule select:
    input:
        parquet="<results>/mi.parquet",
        blocks=job("select", "blocks"),
    output:
        selection="<results>/{dataset}/selection.h5",
    log:
        "<logs>/select/{dataset}.log",
    benchmark:
        "<benchmarks>/select/{dataset}.tsv"
    conda:
        "../../envs/environment.yaml"
    threads: job("select", "threads")
    resources:
        mem_mb=growing("select", "mem_mb"),
        runtime=growing("select", "runtime"),
        expected_s=job("select", "expected_s"),
        expected_mb=job("select", "expected_mb"),
    params:
        version=lmi.__version__,
        asks=job("select", "asks"),
        level=job("select", "level"),
        settings=job("select", "settings"),
        seed=job("select", "seed"),
    message:
        "select {wildcards.dataset}: what tells of its target"
        " (about {resources.expected_s} s, {resources.mem_mb} MB, {resources.expected_mb} MB on disk)"
    script:
        "../scripts/select_variables.py"
