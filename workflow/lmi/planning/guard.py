"""One Snakemake a run, also after one that was killed."""

import contextlib
import fcntl
import functools
import logging
import re
import shutil
import subprocess
import time
from pathlib import Path

from lmi.base.errors import InputError

log = logging.getLogger("lmi")

NAME = re.compile(r"\w[\w.:-]{0,199}", re.ASCII)
"""A name of SLURM jobs."""


def begin(results, slurm_run=None):
    """Take hold of a run until this process ends, in whatever way, and clear up after the last.

    Snakemake's own lock outlives a Snakemake that was killed, and so do its jobs on a cluster:
    the same command would be refused, and the old jobs would write the files of the new ones.

    Parameters
    ----------
    results : str or Path
        Folder of the run.
    slurm_run : str, optional
        Name that the run's SLURM jobs will have.

    Returns
    -------
    file
        To be kept: the run is held until it is closed.

    Raises
    ------
    InputError
        Where another process holds the run.
    """
    path = Path(results, ".running")
    path.parent.mkdir(parents=True, exist_ok=True)
    file = open(path, "a+", encoding="utf-8", errors="replace")  # noqa: SIM115 - it stays open
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise InputError(
            f"another Snakemake is at work on {results}: wait for it, or end it"
        ) from None
    except OSError:
        pass  # a file system without locks
    file.seek(0)
    last = file.read(1000).strip()
    if NAME.fullmatch(last):
        cancel_slurm_jobs(last)
    elif last:
        log.warning(
            "%s: expected the name of SLURM jobs, found %.40r: no jobs of the last run are "
            "cancelled. See with `squeue --me` whether any are left",
            path,
            last,
        )
    file.truncate(0)
    file.write(slurm_run or "")
    file.flush()
    return file


def clear_up(results):
    """Cancel the jobs that the last Snakemake left behind, unless it is still at work.

    To be called before it is planned what is left to do: a job that is cancelled takes its output
    with it, be it finished.

    Parameters
    ----------
    results : str or Path
        Folder of the run.
    """
    with contextlib.suppress(InputError):
        begin(results).close()


def before_planning(workflow, results, at_start=None):
    """Let Snakemake `clear_up` each time before it plans what is left to do, where jobs are to run.

    Whether they are is not known yet when the Snakefile is read, and `onstart` comes after
    planning: as of version 9, Snakemake has no hook in between. Nothing is done in dry runs, in
    the processes of jobs, or where nothing is executed (`--report`, `--lint`).

    Parameters
    ----------
    workflow : snakemake.workflow.Workflow
    results : str or Path
        Folder of the run. Once a folder: a module is read again for each `use rule`.
    at_start : callable, optional
        What is done before the `onstart` of the main Snakefile.
    """
    runs = workflow.__dict__.setdefault("_lmi_runs", set())
    if results in runs:
        return
    runs.add(results)
    build = workflow._build_dag

    @functools.wraps(build)
    def build_cleared():
        nonlocal at_start
        if workflow.is_main_process and workflow.executor_plugin and not workflow.dryrun:
            clear_up(results)
            if at_start:
                workflow._onstart = _both(at_start, workflow._onstart)
                at_start = None
        return build()

    workflow._build_dag = build_cleared


def _both(first, then):
    """Return the handler of Snakemake that calls `first`, and then the handler `then`."""

    def handler(log):
        first()
        then(log)

    return handler


def cancel_slurm_jobs(name, seconds=120):
    """Cancel this user's SLURM jobs of a name; return when they have left the queue.

    Parameters
    ----------
    name : str
    seconds : float
        Longest wait.
    """
    if not shutil.which("squeue"):
        return
    query = ["squeue", "--me", "--noheader", "--format=%i", "--name", name]
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        jobs = subprocess.run(query, capture_output=True, text=True, check=False).stdout.split()
        if not jobs:
            return
        subprocess.run(["scancel", "--quiet", *jobs], check=False)
        time.sleep(1)


def keep_jobs(executor):
    """Let Snakemake's SLURM executor ask again for jobs that it could not get an answer about.

    As of version 2.8 of the plugin it drops them when SLURM does not answer, as while its
    controller is restarted, and waits for ever.

    Parameters
    ----------
    executor : snakemake_interface_executor_plugins.executors.remote.RemoteExecutor
    """
    check = executor.check_active_jobs
    ended = set()

    def noting(report):
        def noted(job, *args, **kwargs):
            ended.add(job.external_jobid)
            report(job, *args, **kwargs)

        return noted

    async def check_all(jobs):
        kept = [job async for job in check(jobs)]
        for job in jobs:
            if job in kept or job.external_jobid not in ended:
                yield job

    executor.report_job_success = noting(executor.report_job_success)
    executor.report_job_error = noting(executor.report_job_error)
    executor.check_active_jobs = check_all
