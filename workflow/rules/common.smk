# Everything the rules share: the validated config, the plan of the run (lmi.planning.plan), and
# adapters from Snakemake's wildcards to its jobs. No rule stands here, and nothing is computed.
import contextlib
import os
import re
import shlex
import sys
from pathlib import Path

WORKFLOW = Path(workflow.current_basedir).parent
sys.path.insert(0, str(WORKFLOW))

import lmi
from lmi.base.errors import InputError
from lmi.benchmarks.real_data import catalogue
from lmi.planning import guard
from lmi.planning.command_line import typed
from lmi.planning.config import load
from lmi.planning.yaml_file import check_yaml
from lmi.planning.plan import Plan
from lmi.report import provenance

# For the report: jobs are processes of their own, which find here what started the first one.
os.environ.setdefault(provenance.COMMAND, shlex.join(["snakemake", *sys.argv[1:]]))


def stop_on_bad_input(function, *arguments):
    """Return what `function` returns; end Snakemake in the one message of an InputError."""
    try:
        return function(*arguments)
    except InputError as error:
        sys.exit(f"lmi-workflow: bad input: {error}")


for path in workflow.configfiles:
    stop_on_bad_input(check_yaml, path)
loaded = stop_on_bad_input(typed, dict(config), workflow.config_settings.config)
loaded = stop_on_bad_input(load, loaded)
config.clear()
config.update(loaded)

# What a module's `prefix:` would put before every path goes before the folder of the run alone: data
# lie where the config says, and are looked at there when the run is planned.
RESULTS = workflow.modifier.path_modifier.replace_prefix(f"results/{config['run']}")
workflow.modifier.path_modifier = type(workflow.modifier.path_modifier)(None, None, workflow)

PLAN = stop_on_bad_input(Plan, config, RESULTS)
stop_on_bad_input(PLAN.parts)  # variables and pairs that cannot be, before any rule asks for them
SETTINGS = PLAN.settings
# Where lmi.benchmarks.accuracy looks for the images.
MNIST = "resources/mnist_train.csv"
# Where the prepared data of the published figures lie, or their stand-ins.
REAL = catalogue.STANDIN if config["resources"]["standin"] else catalogue.FOLDER

# What this process holds until it ends.
HELD = contextlib.ExitStack()


def hold_run():
    """Stop where another Snakemake is at work on this run; see lmi.planning.guard."""
    executor = getattr(workflow.scheduler, "_executor", None)
    slurm_run = getattr(executor, "run_uuid", None)
    HELD.enter_context(stop_on_bad_input(guard.begin, RESULTS, slurm_run))
    if slurm_run:
        guard.keep_jobs(executor)


# Jobs that a killed Snakemake left on a cluster are cancelled before it is planned what to do.
# Snakemake leaves out the `onstart` of modules: they take hold of their run here.
guard.before_planning(
    workflow, RESULTS, None if workflow.modifier.is_main_snakefile() else hold_run
)


def job(name, what):
    """Return the function from wildcards to an attribute of a job: `what` of the rule `name`."""
    return lambda wildcards: stop_on_bad_input(
        lambda: getattr(PLAN.job(name, **dict(wildcards.items())), what)
    )


def growing(name, what):
    """Return the same function for a resource that grows with the attempt: a method of the job."""
    return lambda wildcards, attempt, threads: stop_on_bad_input(
        lambda: getattr(PLAN.job(name, **dict(wildcards.items())), what)(attempt, threads)
    )


def minutes(base):
    """Return a runtime that grows with the attempt: `base` minutes, then twice, three times."""
    return lambda wildcards, attempt: base * attempt


def truth_of(source):
    """Return the function from wildcards to the planted truth of a stand-in, if it is one."""
    truth = {"truth": f"{catalogue.STANDIN}/{source}/truth.json"}
    return lambda wildcards: truth if wildcards.root == catalogue.STANDIN else {}


def keep_embeddings(path):
    """Mark the embeddings as temporary unless the run keeps them."""
    return path if PLAN.kept["embeddings"] else temp(path)


def figure(kind, dataset=None):
    """Return a figure of the report (PNG), with its place in `snakemake --report`."""
    stem = kind if dataset is None else f"{kind}-{dataset}"
    return report(
        f"{RESULTS}/figures/{stem}.png",
        caption=f"../report/{kind}.rst",
        category="Figures",
        subcategory=dataset or "all datasets",
        labels={"figure": kind.replace("_", " ")},
    )


def figures(kind):
    """Return the figures of one kind, one a dataset that has it."""
    return [figure(kind, dataset) for dataset in PLAN.with_figure(kind)]
