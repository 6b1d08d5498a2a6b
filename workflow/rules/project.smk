# What was read of a dataset, for the user's eyes; and data projection, once a variable:
# source -> standardised, rotated matrices, a block a file.


rule describe:
    input:
        source=job("describe", "sources"),
    output:
        json="<results>/{dataset}/data.json",
    log:
        "<logs>/describe/{dataset}.log",
    benchmark:
        "<benchmarks>/describe/{dataset}.tsv"
    conda:
        "../../envs/environment.yaml"
    threads: 1
    resources:
        mem_mb=growing("describe", "mem_mb"),
        runtime=growing("describe", "runtime"),
        expected_s=job("describe", "expected_s"),
        expected_mb=job("describe", "expected_mb"),
    params:
        version=lmi.__version__,
        dataset=job("describe", "data"),
        contents=job("describe", "contents"),
        missing=job("describe", "missing"),
        seed=job("describe", "seed"),
    message:
        "describe {wildcards.dataset}: what was read"
        " (about {resources.expected_s} s, {resources.mem_mb} MB, {resources.expected_mb} MB on disk)"
    script:
        "../scripts/describe.py"


rule project:
    input:
        source=job("project", "sources"),
    output:
        block="<results>/{dataset}/variables/block-{block}.h5",
    log:
        "<logs>/project/{dataset}/block-{block}.log",
    benchmark:
        "<benchmarks>/project/{dataset}/block-{block}.tsv"
    conda:
        "../../envs/environment.yaml"
    threads: 1
    resources:
        mem_mb=growing("project", "mem_mb"),
        runtime=growing("project", "runtime"),
        expected_s=job("project", "expected_s"),
        expected_mb=job("project", "expected_mb"),
    params:
        version=lmi.__version__,
        dataset=job("project", "data"),
        contents=job("project", "contents"),
        variables=job("project", "variables"),
        settings=job("project", "settings"),
        seed=job("project", "seed"),
    message:
        "project {wildcards.dataset}, block {wildcards.block}"
        " (about {resources.expected_s} s, {resources.mem_mb} MB, {resources.expected_mb} MB on disk)"
    script:
        "../scripts/project.py"
