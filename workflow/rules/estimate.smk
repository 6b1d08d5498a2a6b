# KSG on held-out samples of the embeddings: pointwise MI, error bars, flags.


rule estimate:
    input:
        embeddings="<results>/{dataset}/embeddings/tile-{x}-{y}.h5",
        blocks=job("estimate", "asked_blocks"),
        labels=job("estimate", "group_files"),
    output:
        estimates="<results>/{dataset}/estimates/tile-{x}-{y}.h5",
    log:
        "<logs>/estimate/{dataset}/tile-{x}-{y}.log",
    benchmark:
        "<benchmarks>/estimate/{dataset}/tile-{x}-{y}.tsv"
    conda:
        "../../envs/environment.yaml"
    threads: job("estimate", "threads")
    resources:
        mem_mb=growing("estimate", "mem_mb"),
        runtime=growing("estimate", "runtime"),
        expected_s=job("estimate", "expected_s"),
        expected_mb=job("estimate", "expected_mb"),
    params:
        version=lmi.__version__,
        settings=job("estimate", "settings"),
        seed=job("estimate", "seed"),
        keep_pointwise=job("estimate", "keep_pointwise"),
        given=job("estimate", "given"),
        names=job("estimate", "names"),
        compare=job("estimate", "compare"),
        transfer=job("estimate", "transfer"),
    message:
        "estimate {wildcards.dataset}, tile {wildcards.x}-{wildcards.y}"
        " (about {resources.expected_s} s, {resources.mem_mb} MB, {resources.expected_mb} MB on disk)"
    script:
        "../scripts/estimate.py"
