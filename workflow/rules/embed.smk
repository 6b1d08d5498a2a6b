# Paired autoencoders for all pairs of a tile, trained together. The one rule that wants a GPU:
# the resource becomes --gpus=1 in SLURM jobs; elsewhere a job waits until a GPU is free, if there
# are any (scripts/gpu.py). With gpu=0 it trains on the CPU, with jobs_per_gpu=2 two share a GPU.


rule embed:
    input:
        x=job("embed", "x"),
        y=job("embed", "y"),
    output:
        embeddings=keep_embeddings("<results>/{dataset}/embeddings/tile-{x}-{y}.h5"),
    log:
        "<logs>/embed/{dataset}/tile-{x}-{y}.log",
    benchmark:
        "<benchmarks>/embed/{dataset}/tile-{x}-{y}.tsv"
    conda:
        "../../envs/environment.yaml"
    threads: job("embed", "threads")
    resources:
        gpu=1,
        mem_mb=growing("embed", "mem_mb"),
        runtime=growing("embed", "runtime"),
        expected_s=job("embed", "expected_s"),
        expected_mb=job("embed", "expected_mb"),
    params:
        version=lmi.__version__,
        pairs=job("embed", "pairs"),
        names=job("embed", "names"),
        lags=job("embed", "lags"),
        settings=job("embed", "settings"),
        seed=job("embed", "seed"),
    message:
        "embed {wildcards.dataset}, tile {wildcards.x}-{wildcards.y}"
        " (about {resources.expected_s} s, up to {resources.gpu} GPU, {resources.mem_mb} MB, {resources.expected_mb} MB on disk)"
    script:
        "../scripts/embed.py"
