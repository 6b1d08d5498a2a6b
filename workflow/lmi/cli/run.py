"""`lmi run`: Snakemake with a progress bar in place of its own words."""

import os
import re
import subprocess
import sys
import threading
from collections import deque
from pathlib import Path

from lmi.base.errors import InputError

NOW = re.compile(r"now pair (\d+ of \d+: .*)")
"""In the log of a job: where it is in its tile."""
TILE = re.compile(r"^(\w+) (.+), tile (\d+-\d+)$")
LOOK_EVERY_S = 2
STEPS = re.compile(r"^(\d+) of (\d+) steps")
JOB = re.compile(r"^Job \d+: (.+?)(?: \(about .*)?$")
OWN_WORDS = "lmi-workflow"
SHOWN_LINES = 60
"""Lines of Snakemake's that are shown where it fails: enough for the message of a job."""


def snakefile(given=None):
    """Return the Snakefile of the workflow: the one given, that of this folder, the package's own.

    Raises
    ------
    InputError
        There is none: the package was installed without the workflow.
    """
    import lmi

    if given:
        if not Path(given).is_file():
            raise InputError(f"--snakefile: expected a file at {given}, found none")
        return str(given)
    package = Path(lmi.__file__).resolve().parent
    places = [Path("Snakefile"), Path("workflow/Snakefile"), package.parents[1] / "Snakefile"]
    for path in places:
        if path.is_file():
            return str(path)
    raise InputError(
        "expected the Snakefile of lmi-workflow here or beside the package, found none. Call lmi "
        "in a checkout of the workflow, or say where it is: --snakefile FILE"
    )


def arguments(config, snakefile_given, others):
    """Return the arguments of Snakemake.

    Parameters
    ----------
    config : str
    snakefile_given : str or None
    others : sequence of str
        Passed on as they are.
    """
    others = list(others)
    said = ["--snakefile", snakefile(snakefile_given), "--configfile", config]
    names = {word.partition("=")[0] for word in others}
    if not names & {"--cores", "-c", "--profile", "--workflow-profile", "--executor", "-e"}:
        said = ["--cores", "all", *said]
    return [*said, *others]


def current_pair(job, logs):
    """Return where a job is in its tile, as its log says; nothing where it does not.

    Parameters
    ----------
    job : str
        As Snakemake names it: stage, dataset and tile.
    logs : Path
        Folder of the logs of the run.
    """
    if not (tile := TILE.match(job)):
        return ""
    stage, dataset, numbers = tile.groups()
    try:
        said = (logs / stage / dataset / f"tile-{numbers}.log").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
    found = NOW.findall(said)
    return f", pair {found[-1]}" if found else ""


def _watch(bar, jobs, logs, ended):
    """Show the last job that was started, and its current pair, until all has ended."""
    while not ended.wait(LOOK_EVERY_S):
        if jobs:
            bar.set_postfix_str(jobs[-1] + current_pair(jobs[-1], logs))


def run(arguments, verbose=False, logs=Path("results/logs")):
    """Run Snakemake; return its exit code.

    Parameters
    ----------
    arguments : list of str
    verbose : bool
        Show what it prints as it is.
    logs : Path
        Folder of the logs of the run.
    """
    command = [sys.executable, "-m", "snakemake", *arguments]
    if verbose:
        return subprocess.call(command)
    from lmi.base import progress

    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )
    last = deque(maxlen=SHOWN_LINES)
    own, jobs, ended = [], deque(maxlen=1), threading.Event()
    try:
        with progress.bar(unit="job", desc="lmi", dynamic_ncols=True, delay=0.5) as bar:
            watching = (bar, jobs, logs, ended)
            threading.Thread(target=_watch, args=watching, daemon=True).start()
            for line in process.stdout:
                line = line.rstrip("\n")
                last.append(line)
                if steps := STEPS.match(line):
                    bar.total = int(steps[2])
                    bar.update(int(steps[1]) - bar.n)
                elif job := JOB.match(line):
                    jobs.append(job[1])
                    bar.set_postfix_str(job[1])
                elif line.startswith(OWN_WORDS) or line.startswith("Nothing to be done"):
                    own.append(line)
                    bar.write(line, file=sys.stdout)
            ended.set()
        code = process.wait()
    except KeyboardInterrupt:
        process.wait()  # Snakemake got the signal too, and cleans up
        raise
    finally:
        ended.set()
    if code:
        print("\n".join(line for line in last if line not in own), file=sys.stderr)
        print(
            "lmi: the run did not finish: the message is above. Mend the cause; the same command "
            "goes on with what is left",
            file=sys.stderr,
        )
    return 1 if code else 0
