# Where the workflow lies: here, or, where a module names a tag of a repository (gitfile, github,
# gitlab), in a checkout of it below .snakemake/. Snakemake would fetch the rules and scripts one
# by one, and never the package that they call.
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path, PurePosixPath


def git(repository, *arguments):
    """Return what git prints; end Snakemake in one message where it fails."""
    command = ["git", "-C", str(repository), *arguments]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()
        sys.exit(f"lmi-workflow: {repository}: expected a repository with {arguments[-1]}: {said}")
    return done.stdout


def checkout(repository, reference):
    """Return the folder with the files of a repository at a reference, written once a commit."""
    commit = git(repository, "rev-parse", "--verify", f"{reference}^{{commit}}").decode().strip()
    folder = Path(".snakemake/lmi-workflow", commit).resolve()
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    new = tempfile.mkdtemp(dir=folder.parent)
    with tarfile.open(fileobj=io.BytesIO(git(repository, "archive", commit))) as files:
        files.extractall(new, filter="data")
    # the compiled part is optional: without a compiler this fails, and the run is slower
    build = [sys.executable, "setup.py", "--quiet", "build_ext", "--inplace"]
    subprocess.run(build, cwd=new, capture_output=True, check=False)
    try:
        os.rename(new, folder)
    except OSError:  # another process was first
        shutil.rmtree(new)
    return folder


def snakefile(here):
    """Return the Snakefile of the workflow whose folder of rules is `here`."""
    if hasattr(here, "__fspath__"):
        return Path(here).parents[1] / "Snakefile"
    if not hasattr(here, "ref"):
        sys.exit(
            f"lmi-workflow: {here}: expected a module with a path, gitfile, github or gitlab, found "
            "the address of a single file: the workflow has more. Name a tag of its repository: "
            'github("OWNER/REPOSITORY", path="workflow/Snakefile", tag="...")'
        )
    hosted = getattr(here, "hosted_repo", None)
    repository = hosted.repo_clone if hosted else here.repo_path
    return checkout(repository, here.ref) / PurePosixPath(here.path).parents[1] / "Snakefile"


SNAKEFILE = str(snakefile(workflow.current_basedir))
