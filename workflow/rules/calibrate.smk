# What can these data resolve? Known mutual information planted in the variables of each dataset, and
# what the stages embed and estimate make of it. Synthetic tasks are left out.


rule calibrate_dataset:
    input:
        blocks=job("calibrate_dataset", "blocks"),
    output:
        tsv="<results>/calibration/{dataset}.tsv",
    log:
        "<logs>/calibrate/{dataset}.log",
    benchmark:
        "<benchmarks>/calibrate/{dataset}.tsv"
    conda:
        "../../envs/environment.yaml"
    threads: 1
    resources:
        mem_mb=growing("calibrate_dataset", "mem_mb"),
        runtime=minutes(120),
    params:
        version=lmi.__version__,
        pairs=job("calibrate_dataset", "pairs"),
        settings=lookup(dpath="calibrate", within=SETTINGS),
        embed=lookup(dpath="embed", within=SETTINGS),
        estimate=lookup(dpath="estimate", within=SETTINGS),
        seed=job("calibrate_dataset", "seed"),
    message:
        "calibrate {wildcards.dataset}: known information in its own variables"
    script:
        "../scripts/calibrate_dataset.py"


rule calibrate:
    input:
        tables=PLAN.calibrations(),
    output:
        tsv="<results>/calibration.tsv",
        summary="<results>/calibration_summary.tsv",
        png="<results>/figures/calibration.png",
        svg="<results>/figures/calibration.svg",
    log:
        "<logs>/calibrate.log",
    benchmark:
        "<benchmarks>/calibrate.tsv"
    conda:
        "../../envs/environment.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=minutes(10),
    params:
        version=lmi.__version__,
    message:
        "calibrate: power and bias of every dataset"
    script:
        "../scripts/calibrate.py"
