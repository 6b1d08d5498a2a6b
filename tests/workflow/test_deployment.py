"""The workflow as others use it: as a module, by path or by tag, and from other folders."""

import os
import re
import shutil
import subprocess
import sys
import tomllib

import numpy as np
import pandas as pd
import pytest
import yaml
from conftest import ROOT, Project
from lmi.planning import guard

TINY = {
    "run": "tiny",
    "datasets": {"t": {"task": {"name": "gaussian_grid", "n_samples": 300}}},
}


class Elsewhere(Project):
    """A folder of another workflow, with nothing of ours in it but what a test writes there."""

    def __init__(self, folder):
        self.folder = folder
        (folder / "config").mkdir(parents=True)
        (folder / "workflow").mkdir()
        self.config("config/config.yaml", TINY)

    def module(self, snakefile=f'"{ROOT}/workflow/Snakefile"', more="", use="use rule * from lmi"):
        """Write a Snakefile that declares the workflow as a module, in snakedeploy's layout."""
        (self.folder / "workflow/Snakefile").write_text(
            'configfile: "config/config.yaml"\n\n'
            f"module lmi:\n    snakefile: {snakefile}\n    config: config\n{more}\n{use}\n"
        )

    def table_config(self):
        """Write a table of two variables, and the config that asks for it."""
        x = np.random.default_rng(0).normal(size=(300, 2))
        pd.DataFrame(x, columns=["a", "b"]).to_csv(self.folder / "table.csv", index=False)
        self.config(
            "config/config.yaml", {"run": "tiny", "datasets": {"t": {"source": "table.csv"}}}
        )

    def table(self, folder="results/tiny"):
        """Return the table of a run."""
        return pd.read_csv(self.folder / folder / "mi.tsv", sep="\t")


@pytest.fixture
def elsewhere(tmp_path):
    return Elsewhere(tmp_path / "elsewhere")


@pytest.fixture(scope="session")
def repository(tmp_path_factory):
    """Return a git repository of the project whose tag v1 has what its last commit lacks."""
    folder = tmp_path_factory.mktemp("repository")
    for name in ("workflow", "envs"):
        ignored = shutil.ignore_patterns("__pycache__", "*.so")
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    for name in ("Snakefile", "config.yaml", "setup.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy2(ROOT / name, folder / name)

    def git(*arguments):
        who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)

    git("init", "--quiet")
    git("add", ".")
    git("commit", "--quiet", "--message", "first")
    git("tag", "v1")
    git("rm", "-r", "--quiet", "workflow/rules", "workflow/scripts")
    git("commit", "--quiet", "--message", "second")
    return folder


# ---- a module with a local path


def test_a_module_runs_and_holds_its_run(elsewhere):
    elsewhere.module(use="use rule * from lmi as lmi_*")
    said = elsewhere.snakemake("--cores", "2")
    assert "lmi_embed" in said
    assert len(elsewhere.table()) == 1
    for name in ("report.html", "ro-crate-metadata.json", ".running"):
        assert (elsewhere.folder / "results/tiny" / name).exists()
    assert "Nothing to be done" in elsewhere.snakemake("--cores", "2")


def test_a_module_is_refused_while_its_run_is_held(elsewhere):
    elsewhere.module()
    held = guard.begin(elsewhere.folder / "results/tiny")
    said = elsewhere.snakemake("--cores", "1", fails=True)
    held.close()
    assert "another Snakemake is at work on results/tiny" in said


def test_a_module_leaves_the_default_target_of_the_workflow_around_it(elsewhere):
    elsewhere.module()
    path = elsewhere.folder / "workflow/Snakefile"
    path.write_text('rule mine:\n    output: "mine.txt"\n    shell: "x"\n\n' + path.read_text())
    assert elsewhere.plan() == {"mine": 1}


def test_a_single_rule_of_a_module_can_be_changed(elsewhere):
    changed = "use rule embed from lmi with:\n    threads: 1\n"
    elsewhere.module(use=f"use rule * from lmi exclude embed\n\n{changed}")
    assert elsewhere.plan()["embed"] == 1


def test_two_runs_are_two_modules(elsewhere):
    elsewhere.config("second.yaml", {**TINY, "run": "second"})
    moved = '    replace_prefix: {"results/": "out/"}\n'
    elsewhere.module(more=moved, use="use rule * from lmi as lmi_*")
    path = elsewhere.folder / "workflow/Snakefile"
    path.write_text(
        path.read_text() + "\nimport yaml\n\nmodule again:\n"
        f'    snakefile: "{ROOT}/workflow/Snakefile"\n'
        '    config: yaml.safe_load(open("second.yaml"))\n\n'
        "use rule * from again as again_*\n"
    )
    files = ("out/tiny/mi.tsv", "results/second/mi.tsv")
    counts = elsewhere.plan(*files)
    assert counts["lmi_embed"] == counts["again_embed"] == 1


# ---- prefix


def test_a_prefix_moves_results_and_data_stay_where_the_config_says(elsewhere):
    elsewhere.table_config()
    elsewhere.module(more='    prefix: "moved"\n')
    elsewhere.snakemake("--cores", "2", "moved/results/tiny/mi.tsv")
    assert len(elsewhere.table("moved/results/tiny")) == 1
    assert not (elsewhere.folder / "results").exists()


def test_a_prefix_holds_for_each_use_of_a_rule(elsewhere):
    changed = "use rule embed from lmi as lmi_embed with:\n    threads: 1\n"
    elsewhere.module(more='    prefix: "moved"\n', use=f"use rule * from lmi as lmi_*\n\n{changed}")
    said = elsewhere.snakemake("--dry-run")
    assert "moved/results/tiny/t/embeddings/tile-000-000.h5" in said
    assert "moved/moved" not in said


# ---- a tag of a repository


def test_a_tag_of_a_repository_runs_from_its_checkout(elsewhere, repository):
    elsewhere.module(f'gitfile("{repository}", path="workflow/Snakefile", tag="v1")')
    elsewhere.snakemake("--cores", "2", "results/tiny/mi.tsv")
    assert len(elsewhere.table()) == 1
    (checkout,) = (elsewhere.folder / ".snakemake/lmi-workflow").iterdir()
    assert (checkout / "workflow/scripts/job.py").is_file()


def test_a_tag_of_a_hosted_repository_is_planned_from_its_checkout(elsewhere, repository):
    # the clone that Snakemake makes of it, so that nothing is fetched
    clone = ".cache/snakemake/snakemake/source-cache/snakemake-git-cache/github.com/some/where"
    bare = ["git", "clone", "--quiet", "--bare", str(repository), str(elsewhere.folder / clone)]
    subprocess.run(bare, check=True)
    elsewhere.module('github("some/where", path="workflow/Snakefile", tag="v1")')
    assert elsewhere.plan()["embed"] == 1
    assert len(list((elsewhere.folder / ".snakemake/lmi-workflow").iterdir())) == 1


def test_the_other_snakefile_of_a_repository_is_refused_in_one_message(elsewhere, repository):
    elsewhere.module(f'gitfile("{repository}", path="Snakefile", tag="v1")')
    said = elsewhere.snakemake("--dry-run", fails=True)
    assert "expected path='workflow/Snakefile'" in said
    assert "Traceback" not in said


# ---- other folders


def test_another_working_directory_holds_config_data_and_results(elsewhere):
    elsewhere.table_config()
    shutil.move(elsewhere.folder / "config/config.yaml", elsewhere.folder / "config.yaml")
    home = elsewhere.folder
    elsewhere.folder = home.parent
    arguments = ("-s", f"{ROOT}/Snakefile", "--directory", str(home), "--cores", "2")
    elsewhere.snakemake(*arguments, "results/tiny/mi.tsv")
    elsewhere.folder = home
    assert len(elsewhere.table()) == 1


@pytest.mark.parametrize("snakefile", ["Snakefile", "workflow/Snakefile"])
def test_both_snakefiles_find_the_config_of_snakedeploys_layout(elsewhere, snakefile):
    assert elsewhere.plan("-s", f"{ROOT}/{snakefile}")["embed"] == 1


def test_snakedeploys_layout_plans_a_module_with_its_own_config(elsewhere):
    elsewhere.module()
    counts = elsewhere.plan()
    assert counts["embed"] == counts["aggregate"] == counts["report"] == 1


# ---- what is found by others


def test_the_catalogue_has_the_files_that_it_asks_for():
    entry = yaml.safe_load((ROOT / ".snakemake-workflow-catalog.yml").read_text())["usage"]
    assert set(entry) == {"software-stack-deployment", "report"}
    assert entry["software-stack-deployment"]["conda"] is True
    assert entry["report"] is True
    assert (ROOT / "workflow/Snakefile").is_file()
    assert (ROOT / "config/README.md").is_file()


def test_every_file_that_the_container_copies_exists():
    lines = (ROOT / "envs/Dockerfile").read_text().splitlines()
    ignored = (ROOT / "envs/Dockerfile.dockerignore").read_text().split()
    copied = [
        line.split()[1:-1] for line in lines if line.startswith("COPY") and "--from" not in line
    ]
    sources = [source for words in copied for source in words if not source.startswith("--")]
    assert sources
    for source in sources:
        assert (ROOT / source).exists(), source
        assert source.partition("/")[0] not in ignored, source


def test_the_container_runs_as_a_user_without_privileges():
    users = re.findall(r"^USER (\S+)", (ROOT / "envs/Dockerfile").read_text(), re.MULTILINE)
    assert users
    assert users[-1] not in ("root", "0")


CONDA = {
    "torch": "pytorch",
    "matplotlib": "matplotlib-base",
    "snakemake": "snakemake-minimal",
}


def test_the_conda_environment_is_pinned_to_the_versions_of_the_lock_file():
    environment = yaml.safe_load((ROOT / "envs/environment.yaml").read_text())
    pins = dict(entry.split(maxsplit=1) for entry in environment["dependencies"])
    assert {"c-compiler", "cxx-compiler", "setuptools"} <= set(pins)
    lock = (ROOT / "envs/requirements.txt").read_text()
    versions = dict(re.findall(r"^([\w.-]+)==([\w.]+)", lock, re.MULTILINE))
    versions |= dict(
        re.findall(r"^TORCH = (torch)==([\d.]+)", (ROOT / "Makefile").read_text(), re.M)
    )
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for needed in project["dependencies"]:
        name = re.match(r"[\w-]+", needed)[0]
        pin = pins[CONDA.get(name, name)]
        assert pin.startswith("=") and f"{versions[name]}.".startswith(f"{pin[1:]}."), name


STANDIN_CONDA = """#!{python}
import json, pathlib, sys, sysconfig, venv
words = sys.argv[1:]
if words == ["--version"]:
    print("conda 25.1.0")
elif words == ["info", "--json"]:
    print(json.dumps({{"conda_prefix": "{prefix}", "platform": "linux-64"}}))
elif words[:2] == ["config", "--get"]:
    print(json.dumps({{"get": {{"channel_priority": "strict"}}}}))
elif words[:2] == ["env", "create"]:
    made = words[words.index("--prefix") + 1]
    venv.create(made, symlinks=True)
    note = "import sys; open('{prefix}/ran', 'a').write(' '.join(sys.orig_argv) + chr(10))"
    (site,) = pathlib.Path(made).glob("lib/*/site-packages")
    site.joinpath("libraries.pth").write_text(sysconfig.get_path("purelib") + chr(10) + note)
    open("{prefix}/made", "a").write(made + chr(10))
elif words[:1] != ["clean"]:
    sys.exit("no conda: " + " ".join(words))
"""
"""What Snakemake asks of conda. An environment has the libraries of the one that made it, but not
the package, and notes what it runs."""


def test_jobs_run_in_the_conda_environment_which_is_made_once(tmp_path, monkeypatch):
    project, prefix = Project(tmp_path / "project"), tmp_path / "conda"
    for kernel in project.folder.glob("workflow/lmi/ksg/_ksg*.so"):
        kernel.unlink()
    fetched = project.folder / ".snakemake/lmi-workflow/abc"  # as modules of a tag are
    shutil.copytree(project.folder / "workflow", fetched / "workflow")
    for folder in (project.folder, fetched):
        for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE"):
            shutil.copy2(ROOT / name, folder)
    (prefix / "bin").mkdir(parents=True)
    (prefix / "bin/conda").write_text(STANDIN_CONDA.format(python=sys.executable, prefix=prefix))
    (prefix / "bin/conda").chmod(0o755)
    (prefix / "bin/activate").write_text('export PATH="$1/bin:$PATH"\n')
    monkeypatch.setenv("PATH", f"{prefix}/bin:{os.environ['PATH']}")
    project.config("tiny.yaml", TINY)
    table = "results/tiny/mi.tsv"
    run = (table, "--sdm", "conda", "--cores", "2", "--configfile", "tiny.yaml")
    project.snakemake(*run)
    assert len(pd.read_csv(project.folder / table, sep="\t")) == 1
    for folder in (project.folder, fetched):
        assert list(folder.glob("workflow/lmi/ksg/_ksg*.so"))
    ran = (prefix / "ran").read_text()
    for job in ("project", "embed", "estimate", "collect"):
        assert re.search(rf"\.snakemake/scripts/\S+{job}\.py", ran), ran
    project.snakemake(*run, "--forcerun", "embed")
    assert len((prefix / "made").read_text().splitlines()) == 1
