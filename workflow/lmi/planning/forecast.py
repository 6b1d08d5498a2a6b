"""What a run will cost before it starts: jobs, CPU and GPU hours, memory and disk, by stage.

    python -m lmi.planning.forecast --configfile mine.yaml
    python -m lmi.planning.forecast --check --configfile mine.yaml

All arguments go to `snakemake --dry-run`; `--check` shows the plan beside what a finished run has
taken. The figures of each job are those of `lmi.planning.costs`, which stand in the messages of a
dry run. Where the run has finished jobs, their measured times correct those of the jobs to come.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd

from lmi.base.devices import devices
from lmi.results.stage_times import stage_times

_JOB = re.compile(
    r"^Job \d+: (?P<stage>\w+)\b.* \(about (?P<seconds>\d+) s,"
    r"(?: up to (?P<gpus>\d+) GPU,)? (?P<memory_mb>\d+) MB, (?P<disk_mb>\d+) MB on disk\)$",
    re.MULTILINE,
)
ELSEWHERE = {"--profile", "--executor", "-e"}
"""Options of Snakemake that may send jobs to other machines."""
SINGLE = ("project",)
"""Stages whose rules take one thread, however long a job is."""
_REPORT = re.compile(r"^Job \d+: report: figures and (.+)/report\.html \(about", re.MULTILINE)


def dry_run(arguments):
    """Return the jobs of a dry run, a row each, how many others there are, and the run's folder.

    Parameters
    ----------
    arguments : list of str
        For Snakemake.

    Returns
    -------
    jobs : DataFrame
        stage, seconds, gpus, memory_mb, disk_mb. Jobs of this machine get no GPU where it has none.
    n_others : int
        Jobs that say nothing of their cost.
    results : str
        Empty where no report is to be written.

    Raises
    ------
    SystemExit
        Where the dry run fails, with its message.
    """
    command = [sys.executable, "-m", "snakemake", "--dry-run", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    said = done.stdout + done.stderr
    if done.returncode:
        sys.exit(said.rstrip())
    jobs = pd.DataFrame([match.groupdict() for match in _JOB.finditer(said)])
    if len(jobs):
        numbers = ["seconds", "gpus", "memory_mb", "disk_mb"]
        jobs[numbers] = jobs[numbers].fillna(0).astype(int)
        if _run_here(arguments) and not devices():
            jobs["gpus"] = 0
    n_all = sum(int(n) for n in re.findall(r"^total +(\d+)$", said, re.MULTILINE)[:1])
    n_targets = sum(int(n) for n in re.findall(r"^all +(\d+)$", said, re.MULTILINE)[:1])
    report = _REPORT.search(said)
    return jobs, n_all - n_targets - len(jobs), report.group(1) if report else ""


def cores_here(arguments):
    """Return how many cores of this machine a run takes; 0 where jobs go elsewhere."""
    return (os.cpu_count() or 1) if _run_here(arguments) else 0


def _run_here(arguments):
    """Whether jobs run on this machine: Snakemake is told of no cluster."""
    names = {word.partition("=")[0] for word in arguments}
    return not names & ELSEWHERE and "SNAKEMAKE_PROFILE" not in os.environ


def by_stage(jobs):
    """Sum jobs by stage, in their order: jobs, CPU and GPU hours, largest memory, disk."""
    jobs = jobs.assign(gpu_seconds=jobs["seconds"] * jobs["gpus"])
    groups = jobs.groupby("stage", sort=False)
    return groups.agg(
        jobs=("seconds", "size"),
        seconds=("seconds", "sum"),
        gpu_seconds=("gpu_seconds", "sum"),
        memory_mb=("memory_mb", "max"),
        disk_mb=("disk_mb", "sum"),
    )


def corrected(stages, everything, measured):
    """Scale the seconds of each stage by what finished jobs of the run took.

    Parameters
    ----------
    stages, everything : DataFrame
        From `by_stage`: of the jobs to come, and of all jobs of the run.
    measured : dict of str to (int, float)
        Stage -> number of finished jobs and their seconds.

    Returns
    -------
    DataFrame
        A copy of `stages`, and the column `measured_jobs`.
    """
    stages = stages.astype(float).assign(measured_jobs=0)
    for stage, (n_jobs, seconds) in measured.items():
        if stage in stages.index and n_jobs:
            expected = everything.loc[stage, "seconds"] / everything.loc[stage, "jobs"]
            ratio = seconds / n_jobs / expected
            stages.loc[stage, ["seconds", "gpu_seconds"]] *= ratio
            stages.loc[stage, "measured_jobs"] = n_jobs
    return stages


def from_nothing(plan):
    """Return what all jobs of a run without results will cost on this machine, by stage.

    The same as `expected` says, without Snakemake, which takes some milliseconds a job.

    Parameters
    ----------
    plan : lmi.planning.plan.Plan
    """
    n_gpus, n_cores = int(bool(devices())), cores_here([])
    rows = []
    for stage, job in plan.jobs():
        threads = 1 if stage in SINGLE else min(getattr(job, "threads", 1), n_cores)
        sizes = {"seconds": job.expected_s, "disk_mb": job.expected_mb}
        sizes |= {"memory_mb": job.mem_mb(1, threads), "gpus": n_gpus if stage == "embed" else 0}
        rows.append({"stage": stage} | sizes)
    stages = by_stage(pd.DataFrame(rows))
    return corrected(stages, stages, {})


def _hours(seconds):
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:,.1f} h"


def _size(megabytes):
    return f"{megabytes:,.0f} MB" if megabytes < 1000 else f"{megabytes / 1000:,.1f} GB"


def _lines(rows):
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return [
        "  ".join(
            cell.rjust(width) if i else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]


def told(stages, n_others=0, n_cores=0):
    """Return the plan as text; with the hours that so many cores take, where they are given."""
    if not len(stages):
        return f"{n_others} jobs whose cost is not known" if n_others else "nothing to be done"

    def row(name, of):
        gpu = _hours(of["gpu_seconds"]) if of["gpu_seconds"] else "-"
        sizes = _size(of["memory_mb"]), _size(of["disk_mb"])
        return (name, f"{of['jobs']:,.0f}", _hours(of["seconds"]), gpu, *sizes)

    total = dict(stages.sum()) | {"memory_mb": stages["memory_mb"].max()}
    lines = _lines(
        [
            ("stage", "jobs", "CPU time", "GPU time", "memory", "disk"),
            *(row(stage, of) for stage, of in stages.iterrows()),
            row("all", total),
        ]
    )
    said = "CPU time: as on one core; memory: what the largest job asks for"
    if n_cores > 1:
        # the last stages are single jobs
        alone = stages["seconds"][stages["jobs"] == 1].sum()
        shared = (stages["seconds"].sum() - alone) / n_cores
        lines.append(f"on the {n_cores} cores of this machine: about {_hours(alone + shared)}")
    if total["gpu_seconds"]:
        said += "; GPU time: as long as on one CPU core"
    lines.append(said)
    if (stages["measured_jobs"] > 0).any():
        lines.append("times corrected by the finished jobs of this run")
    if n_others:
        lines.append(f"{n_others} more jobs whose cost is not known")
    return "\n".join(lines)


def check(everything, measured):
    """Return expected beside measured seconds of a finished run, as text."""

    def row(name, n_jobs, expected, taken):
        return (name, n_jobs, f"{expected:.0f} s", f"{taken:.0f} s", f"{expected / taken:.2f}")

    there = {stage: of for stage, of in measured.items() if stage in everything.index}
    each = everything["seconds"] / everything["jobs"]
    expected = {stage: each[stage] * n_jobs for stage, (n_jobs, _) in there.items()}
    rows = [row(stage, str(n), expected[stage], taken) for stage, (n, taken) in there.items()]
    taken = sum(seconds for _, seconds in there.values())
    head = ("stage", "jobs", "expected", "measured", "ratio")
    return "\n".join(_lines([head, *rows, row("all", "", sum(expected.values()), taken)]))


def _measured(results):
    """Return number and seconds of the finished jobs of a run, by stage."""
    return {
        # a core each; Snakemake's count of CPU seconds lags behind by up to half a minute
        row["stage"]: (row["jobs"], row["seconds"])
        for row in stage_times(Path(results, "benchmarks"))
        if row["seconds"] > 0
    }


def expected(arguments):
    """Return what the jobs to come will cost, by stage, and how many others there are.

    Parameters
    ----------
    arguments : list of str
        For Snakemake.

    Returns
    -------
    stages : DataFrame
        From `corrected`; no rows where nothing is to be done.
    n_others : int
        Jobs that say nothing of their cost.
    """
    jobs, n_others, results = dry_run(arguments)
    if not len(jobs):
        return jobs, n_others
    stages = by_stage(jobs)
    measured = _measured(results) if results else {}
    everything = by_stage(dry_run([*arguments, "--forceall"])[0]) if measured else stages
    return corrected(stages, everything, measured), n_others


def main():
    """Print the plan of a run, or check that of a finished one."""
    arguments = [word for word in sys.argv[1:] if word != "--check"]
    if {"-h", "--help"} & set(arguments):
        print(__doc__)
        return
    if "--check" in sys.argv:
        everything, _, results = dry_run([*arguments, "--forceall"])
        measured = _measured(results) if results else {}
        if not measured:
            sys.exit(f"lmi-workflow: no benchmark files in {results}: run the workflow first")
        print(check(by_stage(everything), measured))
        return
    print(told(*expected(arguments), cores_here(arguments)))


if __name__ == "__main__":
    main()
