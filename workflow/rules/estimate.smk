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
    threads: 1
    resources:
        mem_mb=estimate_mem_mb,
        runtime=minutes(30),
    params:
        version=lmi.__version__,
        settings=estimate_settings,
        seed=seed_of,
        keep_pointwise=keeps_pointwise,
    message:
        "estimate {wildcards.dataset}, tile {wildcards.x}-{wildcards.y}"
    script:
        "../scripts/estimate.py"
