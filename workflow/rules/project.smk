# Data projection, once a variable: source -> standardised, rotated matrices, a block a file.


rule project:
    input:
        source=sources,
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
        mem_mb=project_mem_mb,
        runtime=minutes(20),
    params:
        version=lmi.__version__,
        dataset=data_of,
        variables=block_variables,
        settings=lookup(dpath="project", within=SETTINGS),
        seed=seed_of,
    message:
        "project {wildcards.dataset}, block {wildcards.block}"
    script:
        "../scripts/project.py"
