"""The notebooks of the tutorials run as they stand, and print what they are shown to print."""

import copy
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "docs/tutorials").glob("*.ipynb"))


def printed(cell):
    return "".join(
        one["text"] for one in cell.outputs if one.output_type == "stream" and one.name == "stdout"
    )


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_and_prints_what_it_shows(path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    stored = nbformat.read(path, 4)
    nbformat.validate(stored)
    code = [cell for cell in stored.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    fresh = copy.deepcopy(stored)
    NotebookClient(fresh, timeout=600, resources={"metadata": {"path": str(ROOT)}}).execute()
    again = [cell for cell in fresh.cells if cell.cell_type == "code"]
    assert [printed(cell) for cell in again] == [printed(cell) for cell in code]


def test_the_code_of_the_published_example_is_there():
    text = "".join(cell.source for cell in nbformat.read(NOTEBOOKS[0], 4).cells)
    assert "pmis, embedding, model = lmi.estimate(Xs, Ys, quiet=False)" in text
