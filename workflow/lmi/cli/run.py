"""`lmi run`: Snakemake with a progress bar in place of its own words."""

import os
import re
import subprocess
import sys
from collections import deque
from pathlib import Path

from lmi.base.errors import InputError

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


def run(arguments, verbose=False):
    """Run Snakemake; return its exit code.

    Parameters
    ----------
    arguments : list of str
    verbose : bool
        Show what it prints as it is.
    """
    command = [sys.executable, "-m", "snakemake", *arguments]
    if verbose:
        return subprocess.call(command)
    from tqdm.auto import tqdm

    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )
    last = deque(maxlen=SHOWN_LINES)
    own = []
    try:
        with tqdm(unit="job", desc="lmi", dynamic_ncols=True, delay=0.5) as bar:
            for line in process.stdout:
                line = line.rstrip("\n")
                last.append(line)
                if steps := STEPS.match(line):
                    bar.total = int(steps[2])
                    bar.update(int(steps[1]) - bar.n)
                elif job := JOB.match(line):
                    bar.set_postfix_str(job[1])
                elif line.startswith(OWN_WORDS) or line.startswith("Nothing to be done"):
                    own.append(line)
                    bar.write(line, file=sys.stdout)
        code = process.wait()
    except KeyboardInterrupt:
        process.wait()  # Snakemake got the signal too, and cleans up
        raise
    if code:
        print("\n".join(line for line in last if line not in own), file=sys.stderr)
        print(
            "lmi: the run did not finish: the message is above. Mend the cause; the same command "
            "goes on with what is left",
            file=sys.stderr,
        )
    return 1 if code else 0
