"""The command line: what each command prints, how it ends, and how soon it starts."""

import json
import os
import re
import subprocess
import sys

import h5py
import lmi
import numpy as np
import pandas as pd
import pytest
import yaml
from anndata import AnnData
from anndata.io import write_elem
from helpers.finished import write_data, write_run
from lmi.cli import app, run
from lmi.planning.forecast import by_stage


@pytest.fixture
def lmi_command(capsys, tmp_path, monkeypatch):
    """Call a command in a folder of its own; return its exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        with pytest.raises(SystemExit) as ended:
            app.main([str(one) for one in arguments])
        said = capsys.readouterr()
        return ended.value.code or 0, said.out, said.err

    return call


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return write_run(tmp_path_factory.mktemp("finished"))[0]


def every_command(group=app.cli, path=()):
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from every_command(command, (*path, name))
        else:
            yield (*path, name)


# ---- help, errors, start


@pytest.mark.parametrize("path", list(every_command()), ids=" ".join)
def test_each_command_has_help_with_examples(lmi_command, path):
    code, out, _ = lmi_command(*path, "--help")
    assert code == 0
    assert f"Usage: lmi {' '.join(path)}" in out
    assert f"  lmi {' '.join(path)}" in out.partition("Examples:")[2]


def test_help_comes_at_once_and_loads_nothing_heavy():
    code = (
        "import sys; from lmi.cli import app\n"
        "try: app.main(['--help'])\nexcept SystemExit: pass\n"
        "print({'numpy', 'pandas', 'torch', 'h5py', 'matplotlib'} & set(sys.modules))"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    before = os.times()
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    after = os.times()
    assert done.stdout.splitlines()[-1] == "set()"
    # processor time of the child: a busy machine does not count
    user, system = (
        getattr(after, f"children_{kind}") - getattr(before, f"children_{kind}")
        for kind in ("user", "system")
    )
    assert user + system < 0.5


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["frobnicate"], 2, "No such command 'frobnicate'"),
        (["show"], 2, "Missing argument 'RESULTS'"),
        (["cache", "prune", "x"], 2, "say --days, --gb or both"),
        (["show", "results/none"], 1, "lmi: results/none: expected the folder of a finished run"),
        (["check", "-c", "none.yaml"], 1, "lmi: --config: expected a file at none.yaml"),
        (["init", "none.csv"], 1, "none.csv"),
        (["cache", "list", "none"], 1, "expected a folder at none"),
        (["estimate", "none.npy", "none.npy"], 1, "none.npy"),
        (["run", "-c", "none.yaml"], 1, "expected a file at none.yaml"),
    ],
)
def test_a_mistake_ends_in_one_message_and_its_code(lmi_command, arguments, code, words):
    found, out, err = lmi_command(*arguments)
    assert found == code
    assert words in err
    assert not out
    assert "Traceback" not in err


# ---- init and check


def test_init_writes_a_config_that_check_accepts(lmi_command, tmp_path):
    write_data(tmp_path)
    code, out, err = lmi_command("init", "cells.csv", "--json")
    said = json.loads(out)
    assert (code, err) == (0, "")
    assert (said["samples"], said["features"], said["missing_samples"]) == (240, 6, 2)
    assert (said["variables"], said["pairs"]) == (6, 15)
    assert 0 < said["hours"] < 1
    text = (tmp_path / "cells.yaml").read_text()
    config = yaml.safe_load(text)
    assert config["project"] == {"missing": "drop_samples"}
    assert config["datasets"]["cells"]["variables"] == "each"
    assert "# 6 variables, 15 pairs" in text
    code, out, _ = lmi_command("check", "-c", "cells.yaml")
    assert code == 0
    assert "cells: 240 samples, 6 variables of 1 feature, 15 pairs in" in out
    assert lmi_command("init", "cells.csv")[0] == 1
    assert lmi_command("init", "cells.csv", "--force")[0] == 0


def test_init_leaves_out_columns_of_text_and_offers_them_as_strata(lmi_command, tmp_path):
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.standard_normal((150, 3)), columns=["a", "b", "c"])
    table.insert(0, "cell", [f"cell{i}" for i in range(150)])
    table["batch"] = ["one", "two", "three"] * 50
    table.to_csv("table.csv", index=False)
    assert lmi_command("init", "table.csv")[0] == 0
    text = (tmp_path / "table.yaml").read_text()
    assert yaml.safe_load(text)["datasets"]["table"]["drop_columns"] == ["batch"]
    assert "# strata: batch    # 3 groups" in text
    assert lmi_command("check", "-c", "table.yaml")[0] == 0


@pytest.mark.parametrize("kind", ["table", "annotated", "spikes"])
def test_what_init_offers_instead_is_a_config_that_check_accepts(lmi_command, tmp_path, kind):
    rng = np.random.default_rng(0)
    values = pd.DataFrame(rng.standard_normal((150, 4)), columns=["a", "b: c", "d", "e"])
    labels = pd.Series(["one", "two", None] + ["one", "B # 2"] * 73 + ["one"], name="batch")
    if kind == "table":
        path = "data.csv"
        values.assign(batch=labels).to_csv(path, index=False)
    elif kind == "annotated":
        path = "data.h5ad"
        AnnData(values, pd.DataFrame({"batch": pd.Categorical(labels.fillna("one"))})).write(path)
    else:
        path = "data.npz"
        np.savez(path, times=np.sort(rng.uniform(0, 60, 3000)), units=rng.integers(0, 3, 3000))
    assert lmi_command("init", path)[0] == 0
    text = (tmp_path / "data.yaml").read_text()
    lines, offered = text.splitlines(), 0
    keys = ("time_series", "strata", "lags", "variables", "pairs")
    for line in lines:
        key = line.removeprefix("    # ").partition(":")[0]
        if not line.startswith("    # ") or key not in keys or "sets.gmt" in line:
            continue
        if kind == "table" and ("strata" in line or "labels" in line):
            continue  # refused while a label is missing
        others = [one for one in lines if not one.startswith(f"    {key}:")]
        others.insert(others.index(line), line.replace("# ", "", 1))
        if "shifted" in line:
            others.insert(others.index("      bin_ms: 20"), "      shift_s: 10")
        (tmp_path / "other.yaml").write_text("\n".join(others))
        code, out, err = lmi_command("check", "--headers", "-c", "other.yaml")
        assert code == 0, (line, out, err)
        offered += 1
    assert offered >= {"table": 3, "annotated": 5, "spikes": 4}[kind]


def test_init_makes_each_matrix_of_a_file_a_variable(lmi_command, tmp_path):
    rng = np.random.default_rng(0)
    np.savez(
        tmp_path / "areas.npz",
        v1=rng.standard_normal((150, 4)),
        m1=rng.standard_normal((150, 3)),
        time=np.arange(150) / 10,
    )
    code, out, _ = lmi_command("init", "areas.npz")
    assert code == 0 and "2 matrices: v1 has 4 features, m1 has 3 features" in out
    assert "2 variables, 1 pair," in out
    its = yaml.safe_load((tmp_path / "areas.yaml").read_text())["datasets"]["areas"]
    assert its["key"] == ["v1", "m1"] and its["variables"] == "files"
    code, out, _ = lmi_command("check", "-c", "areas.yaml")
    assert code == 0 and "2 variables of up to 4 features, 1 pair in 1 tile" in out


def test_init_tells_columns_that_may_be_labels(lmi_command, tmp_path):
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.standard_normal((150, 4)), columns=list("abcd"))
    table["batch"] = rng.integers(1, 4, 150)
    table.to_csv(tmp_path / "cells.csv", index=False)
    code, out, _ = lmi_command("init", "cells.csv")
    assert code == 0 and "columns of few whole numbers: batch:" in out
    text = (tmp_path / "cells.yaml").read_text()
    assert "# drop_columns: [batch]    # if these are labels" in text
    counts = pd.DataFrame(rng.poisson(2, (150, 4)), columns=list("abcd"))
    counts.to_csv(tmp_path / "counts.csv", index=False)
    assert "whole numbers" not in lmi_command("init", "counts.csv")[1]


def test_init_sees_spike_times_for_what_they_are(lmi_command, tmp_path):
    rng = np.random.default_rng(0)
    times = np.sort(rng.uniform(0, 60, 3000))
    np.savez("spikes.npz", times=times, units=rng.integers(0, 3, 3000))
    assert lmi_command("init", "spikes.npz")[0] == 0
    assert yaml.safe_load((tmp_path / "spikes.yaml").read_text())["datasets"]["spikes"]["spikes"]
    said = json.loads(lmi_command("check", "-c", "spikes.yaml", "--json")[1])
    assert said["datasets"]["spikes"]["pairs"] == 3
    assert said["datasets"]["spikes"]["features_max"] == 5


def test_init_sees_a_folder_of_kilosort_and_the_modalities_of_a_file(lmi_command, tmp_path):
    rng = np.random.default_rng(0)
    (tmp_path / "phy").mkdir()
    np.save("phy/spike_times.npy", np.sort(rng.integers(0, 60 * 30000, 3000)))
    np.save("phy/spike_clusters.npy", rng.integers(0, 3, 3000))
    (tmp_path / "phy" / "params.py").write_text("sample_rate = 30000.\n")
    (tmp_path / "phy" / "cluster_group.tsv").write_text(
        "cluster_id\tgroup\n0\tgood\n1\tgood\n2\tnoise\n"
    )
    assert lmi_command("init", "phy")[0] == 0
    said = json.loads(lmi_command("check", "-c", "phy.yaml", "--json")[1])
    assert said["datasets"]["phy"]["pairs"] == 1
    with h5py.File("cite.h5mu", "w") as file:
        obs = pd.DataFrame(index=[f"cell{i}" for i in range(150)])
        for name in ("rna", "prot"):
            write_elem(file, f"mod/{name}", AnnData(rng.standard_normal((150, 3)), obs))
        write_elem(file, "obs", obs)
        file["mod"].attrs["mod-order"] = ["rna", "prot"]
    assert lmi_command("init", "cite.h5mu")[0] == 0
    said = json.loads(lmi_command("check", "-c", "cite.yaml", "--json")[1])
    assert (said["datasets"]["cite"]["samples"], said["datasets"]["cite"]["pairs"]) == (150, 1)


def test_init_says_in_the_config_what_is_refused(lmi_command, tmp_path):
    np.save("few.npy", np.random.default_rng(0).standard_normal((20, 3)))
    code, out, _ = lmi_command("init", "few.npy")
    assert code == 0
    assert "the config needs you first" in out
    assert "# MEND THIS FIRST: dataset 'few': " in (tmp_path / "few.yaml").read_text()
    assert lmi_command("check", "-c", "few.yaml")[0] == 1


def test_check_shows_strata_and_what_the_data_lack(lmi_command, tmp_path):
    write_data(tmp_path)
    dataset = {
        "source": "cells.csv",
        "variables": {"list": {"a": ["a0", "none"], "b": ["b0"]}, "unknown_features": "drop"},
        "strata": {"table": "batch.csv", "column": "batch"},
    }
    config = {"datasets": {"d": dataset}, "project": {"missing": "drop_samples"}}
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(config))
    _, out, _ = lmi_command("check", "-c", "c.yaml")
    assert "strata     one (160), two (80)" in out
    assert "left out   1 features that the data lack" in out


# ---- estimate, show, export, cache


def test_estimate_gives_the_numbers_of_the_function(lmi_command, tmp_path):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((200, 3))
    y = x + rng.standard_normal((200, 3))
    np.save("x.npy", x)
    np.save("y.npy", y)
    options = ("--permutations", "99", "--seed", "2", "--pointwise", "bits.tsv")
    code, out, _ = lmi_command("estimate", "x.npy", "y.npy", *options, "--json")
    result = lmi.estimate(x, y, seed=2, n_permutations=99)
    assert code == 0
    assert json.loads(out)["mi_bits"] == result.mi_bits
    found = pd.read_csv("bits.tsv", sep="\t")["pointwise_bits"]
    np.testing.assert_allclose(found, result.pmis, rtol=1e-5)
    _, out, _ = lmi_command("estimate", "x.npy", "y.npy", "--permutations", "0")
    assert " bits (uncorrected " in out and "200 samples, flag " in out
    np.save("z.npy", x + 0.1 * rng.standard_normal((200, 3)))
    _, out, _ = lmi_command("estimate", "x.npy", "y.npy", "--given", "z.npy", "--json")
    beyond = lmi.estimate(x, y, given=np.load("z.npy"))
    assert json.loads(out)["cmi_bits"] == beyond.cmi_bits


def test_show_prints_the_strongest_pairs_of_a_variable(lmi_command, finished):
    code, out, _ = lmi_command("show", finished, "--variable", "é")
    assert code == 0
    assert "pairs of 2" in out
    rows = json.loads(lmi_command("show", finished, "--top", "1", "--json")[1])
    assert len(rows) == 1
    assert rows[0]["mi_bits"] == lmi.load(finished).table["mi_bits"].max()
    code, _, err = lmi_command("show", finished, "--variable", "e")
    assert code == 1
    assert "--variable: expected a variable" in err


def test_export_writes_files_and_copies_of_the_data(lmi_command, finished, tmp_path):
    import anndata

    code, out, _ = lmi_command("export", finished, "--out", "files", "--q", "0.01")
    assert code == 0
    assert (tmp_path / "files/cells/network.graphml").is_file()
    assert len(out.split()) == 10
    names = lmi.load(finished).samples("cells").index
    anndata.AnnData(pd.DataFrame({"a": 1.0}, index=names)).write_h5ad("data.h5ad")
    arguments = ("--anndata", "data.h5ad", "--dataset", "cells", "--pair", "b", "é")
    code, out, err = lmi_command("export", finished, *arguments, "--out", "copy.h5ad")
    assert (code, out.strip(), err) == (0, "copy.h5ad", "")
    assert "lmi b | é" in anndata.read_h5ad("copy.h5ad").obs
    code, _, err = lmi_command("export", finished, *arguments, "--out", "data.h5ad")
    assert code == 1
    assert "another file than the data" in err


def test_the_cache_is_listed_and_pruned(lmi_command, tmp_path):
    shelf = tmp_path / "cache" / "embed" / "ab"
    shelf.mkdir(parents=True)
    (shelf / "abcd-ef.h5").write_bytes(b"x" * 10)
    entries = json.loads(lmi_command("cache", "list", "cache", "--json")[1])
    assert [entry["bytes"] for entry in entries] == [10]
    assert "removed 1 files" in lmi_command("cache", "prune", "cache", "--gb", "0")[1]
    assert "embed" not in lmi_command("cache", "list", "cache")[1]


# ---- plan and run: Snakemake stands behind them, and a small one here


FAKE = """
import sys
print("Job 3: embed cells, tile 0 (about 3 s, 400 MB, 1 MB on disk)", flush=True)
print("1 of 2 steps (50%) done")
print("lmi-workflow: done. table: results/x/mi.tsv")
if "--fail" in sys.argv: print("embed: it went wrong"); sys.exit(7)
"""


@pytest.fixture
def fake(monkeypatch, tmp_path):
    (tmp_path / "snakemake.py").write_text(FAKE)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)


def test_run_shows_what_matters_and_passes_the_code_on(fake, capfd):
    assert run.run([]) == 0
    said = capfd.readouterr()
    assert said.out.strip() == "lmi-workflow: done. table: results/x/mi.tsv"
    assert run.run(["--fail"]) == 1
    assert "embed: it went wrong" in capfd.readouterr().err


def test_run_tells_the_pair_that_a_job_is_at(tmp_path):
    log = tmp_path / "embed/two words/tile-000-001.log"
    log.parent.mkdir(parents=True)
    job = "embed two words, tile 000-001"
    assert run.current_pair(job, tmp_path) == ""
    log.write_text("INFO embed: now pair 1 of 120: a – b\nINFO embed: 64 of 120 pairs done\n")
    assert run.current_pair(job, tmp_path) == ", pair 1 of 120: a – b"
    with open(log, "a", encoding="utf-8") as file:
        file.write("INFO embed: now pair 65 of 120: c – d, tile\n")
    assert run.current_pair(job, tmp_path) == ", pair 65 of 120: c – d, tile"
    assert run.current_pair("report: figures and x/report.html", tmp_path) == ""


def test_run_names_the_snakefile_and_all_cores_unless_told_otherwise(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    own = run.snakefile()
    assert own.endswith("Snakefile") and os.path.isfile(own)
    (tmp_path / "Snakefile").touch()
    head = ["--snakefile", "Snakefile", "--configfile", "c.yaml"]
    assert run.arguments("c.yaml", None, ["-n"]) == ["--cores", "all", *head, "-n"]
    for others in (["--cores", "2"], ["--profile=slurm"]):
        assert run.arguments("c.yaml", None, others) == [*head, *others]


def test_plan_prints_what_the_forecast_says(lmi_command, tmp_path, monkeypatch):
    from lmi.planning import forecast

    write_data(tmp_path)
    lmi_command("init", "cells.csv")
    jobs = pd.DataFrame(
        [{"stage": "embed", "seconds": 60, "gpus": 0, "memory_mb": 500, "disk_mb": 2}] * 3
    )
    code, out, _ = lmi_command("plan", "-c", "cells.yaml")  # without results, without Snakemake
    assert code == 0 and re.search(r"embed +1 ", out) and "run_record" in out
    (tmp_path / "results/cells").mkdir(parents=True)
    monkeypatch.setattr(forecast, "dry_run", lambda arguments: (jobs, 0, ""))
    code, out, _ = lmi_command("plan", "-c", "cells.yaml")
    assert code == 0
    assert "embed" in out and "3 min" in out
    said = json.loads(lmi_command("plan", "-c", "cells.yaml", "--json")[1])
    assert said["stages"]["embed"]["seconds"] == by_stage(jobs).loc["embed", "seconds"]
