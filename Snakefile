# The whole workflow on one page: what is asked for (config.yaml), the rules in the order of the
# data (project, embed, estimate, aggregate and report), and the targets.
#   snakemake --cores all             every dataset of the config -> results/<run>/mi.tsv, report.html
#   snakemake --cores all benchmark   tasks with known MI         -> results/<run>/benchmark.tsv
#   snakemake --cores all calibrate   MI planted in the data      -> results/<run>/calibration.tsv
#   snakemake --cores all anndata     copies of .h5ad sources     -> results/<run>/exports/<dataset>/
#   snakemake --cores all real_data   data of the published study -> results/<run>/real_data/
#   snakemake --profile slurm         the same on a cluster
import os
import sys

from snakemake.utils import min_version

min_version("9.14")


# Of a repository (gitfile, github) Snakemake fetches this file alone.
if not hasattr(workflow.current_basedir, "__fspath__"):
    sys.exit("lmi-workflow: expected path='workflow/Snakefile' in the module, found 'Snakefile'")


# A file given with --configfile that has its own datasets stands alone; a shorter one, and
# --config key=value, changes single keys of config.yaml, of its datasets too. Other workflows keep
# theirs in config/.
if config.get("datasets") == workflow.config_settings.config.get("datasets"):

    configfile: next(filter(os.path.exists, ("config.yaml", "config/config.yaml")), "config.yaml")


include: "workflow/rules/common.smk"


pathvars:
    results=RESULTS,
    logs=f"{RESULTS}/logs",
    benchmarks=f"{RESULTS}/benchmarks",


wildcard_constraints:
    dataset="|".join(map(re.escape, PLAN.datasets)),
    block=r"\d\d\d+",
    x=r"\d\d\d+",
    y=r"\d\d\d+",
    part=r"\d\d\d+",


include: "workflow/rules/project.smk"
include: "workflow/rules/embed.smk"
include: "workflow/rules/estimate.smk"
include: "workflow/rules/conditional.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/export.smk"
include: "workflow/rules/real_data.smk"
include: "workflow/rules/benchmark.smk"
include: "workflow/rules/calibrate.smk"


rule all:
    default_target: True
    input:
        table=rules.aggregate.output.tsv,
        parquet=rules.aggregate.output.parquet,
        report=rules.report.output.html,
        exports=rules.export.output.files,
        record=rules.run_record.output.record,
        # named although the table is made from them: a deleted one is made again
        estimates=PLAN.estimates(),


onstart:
    hold_run()
    logger.info(PLAN.asks_for())


onsuccess:
    logger.info(PLAN.done())
