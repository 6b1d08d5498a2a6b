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
        mem_mb=mem_mb("project"),
        runtime=runtime("project"),
        expected_s=expected("project", "seconds"),
        expected_mb=expected("project", "disk_mb"),
    params:
        version=lmi.__version__,
        dataset=data_of,
        variables=block_variables,
        settings=project_settings,
        seed=seed_of,
    message:
        "project {wildcards.dataset}, block {wildcards.block}"
        " (about {resources.expected_s} s, {resources.mem_mb} MB, {resources.expected_mb} MB on disk)"
    script:
        "../scripts/project.py"
