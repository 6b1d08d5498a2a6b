# KSG on held-out samples of the embeddings: pointwise MI, error bars, flags.


rule estimate:
    input:
        embeddings="<results>/{dataset}/embeddings/tile-{x}-{y}.h5",
    output:
        estimates="<results>/{dataset}/estimates/tile-{x}-{y}.h5",
    log:
        "<logs>/estimate/{dataset}/tile-{x}-{y}.log",
    benchmark:
        "<benchmarks>/estimate/{dataset}/tile-{x}-{y}.tsv"
    conda:
        "../../envs/environment.yaml"
    threads: threads_of("estimate")
    resources:
        mem_mb=mem_mb("estimate"),
        runtime=runtime("estimate"),
        expected_s=expected("estimate", "seconds"),
        expected_mb=expected("estimate", "disk_mb"),
    params:
        version=lmi.__version__,
        settings=estimate_settings,
        seed=seed_of,
        keep_pointwise=keeps_pointwise,
    message:
        "estimate {wildcards.dataset}, tile {wildcards.x}-{wildcards.y}"
        " (about {resources.expected_s} s, {resources.mem_mb} MB, {resources.expected_mb} MB on disk)"
    script:
        "../scripts/estimate.py"
