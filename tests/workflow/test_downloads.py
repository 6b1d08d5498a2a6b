"""Real data through the workflow, from a local server with files of the real formats."""

import functools
import http.server
import threading

import pytest
from lmi.benchmarks.real_data import catalogue, standin


@pytest.fixture
def server(tmp_path):
    """Serve the stand-in of UniProt under the paths of UniProt; return the address."""
    standin.write("uniprot", tmp_path / "standin")
    for name, path in catalogue.FILES["uniprot"].items():
        (tmp_path / "served" / path).parent.mkdir(parents=True)
        (tmp_path / "standin" / name).rename(tmp_path / "served" / path)
    handler = functools.partial(
        http.server.SimpleHTTPRequestHandler, directory=str(tmp_path / "served")
    )
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_address[1]}"
        running.shutdown()


def test_proteins_from_a_server_to_the_task_and_a_missing_file(fresh, server):
    task = {"task": {"name": "gaussian_grid", "n_samples": 200}}
    resources = {"uniprot": server, "omnipath": f"{server}/nothing"}
    config = fresh.config("mine.yaml", {"datasets": {"x": task}, "resources": resources})
    run = ("--cores", "2", "--configfile", config, "--")
    fresh.snakemake(*run, "resources/proteins.h5")
    kept = sorted(path.name for path in (fresh.folder / "resources/uniprot").iterdir())
    names = ("athaliana.h5", "ecoli.h5")
    assert kept == sorted([*names, *(f"{name}.sha256" for name in names)])
    plan = fresh.plan(*run[2:], "resources/proteins.h5")
    assert plan == {}
    output = fresh.snakemake(*run, "resources/ligand_receptor.h5", fails=True)
    message = next(line for line in output.splitlines() if "expected a file to download" in line)
    assert f"{server}/nothing/interactions?datasets=ligrecextra" in message
    assert "Download it by hand to resources/omnipath/ligand_receptor.tsv" in message
