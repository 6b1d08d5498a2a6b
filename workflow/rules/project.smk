# Data projection, once a variable: source -> standardised, rotated matrices, a block a file.


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
