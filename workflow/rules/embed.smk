# Paired autoencoders for all pairs of a tile, trained together. The one rule that wants a GPU:
# the resource becomes --gpus=1 in SLURM jobs; elsewhere a job waits until a GPU is free, if there
# are any (scripts/gpu.py). With gpu=0 it trains on the CPU, with jobs_per_gpu=2 two share a GPU.


rule embed:
    input:
        x=block_x,
        y=block_y,
    output:
        embeddings=keep_embeddings("<results>/{dataset}/embeddings/tile-{x}-{y}.h5"),
    log:
        "<logs>/embed/{dataset}/tile-{x}-{y}.log",
    benchmark:
        "<benchmarks>/embed/{dataset}/tile-{x}-{y}.tsv"
    conda:
        "../../envs/environment.yaml"
    threads: threads_of("embed")
    resources:
        gpu=1,
        mem_mb=mem_mb("embed"),
        runtime=runtime("embed"),
        expected_s=expected("embed", "seconds"),
        expected_mb=expected("embed", "disk_mb"),
    params:
        version=lmi.__version__,
        pairs=pairs_of,
        lags=lags_of,
        settings=embed_settings,
        seed=seed_of,
    message:
        "embed {wildcards.dataset}, tile {wildcards.x}-{wildcards.y}"
        " (about {resources.expected_s} s, {resources.gpu} GPU, {resources.mem_mb} MB, {resources.expected_mb} MB on disk)"
    script:
        "../scripts/embed.py"
