"""Columns of the table and layouts of the files are what is declared, in the docs as well."""

import re
from pathlib import Path

import h5py
import numpy as np
import pytest
from helpers.settings import EMBED, ESTIMATE, NULLS
from lmi import tasks
from lmi.embedding import candidates
from lmi.estimation import flags
from lmi.pipeline.embed import embed
from lmi.pipeline.estimate import estimate
from lmi.pipeline.project import write_block
from lmi.projection import folds as split
from lmi.results import layout
from lmi.results.collect import collect
from lmi.results.columns import COLUMNS, DECLARED, NETWORK, TARGETS

N = 1000
CHOICE = ("separated_linear", "network", "linear")
STAGES = ("block", "embeddings", "estimates", "parts")
"""Kinds of files that are looked at here; those of direct and select are where these stages are."""
RESULTS = Path(__file__).resolve().parents[3] / "docs/results.md"


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Files of a tiny run with strata, a bad variable, a label, networks and mixtures, by kind."""
    folder = tmp_path_factory.mktemp("tiny")
    rng = np.random.default_rng(0)
    copulas = tasks.make("copula_pairs", 0, ambient=20, n_samples=N)
    matrices = [
        *rng.standard_normal((2, N, 3)),
        np.zeros((N, 0)),
        np.eye(3)[np.arange(N) % 3],
        *(side.astype(float) for side in (copulas.x, copulas.y)),
    ]
    paths = {kind: folder / f"{kind}.h5" for kind in STAGES}
    write_block(
        paths["block"],
        ["a", "b", "c", "d", "e", "f"],
        matrices,
        ["", "", "all of its 3 features are constant", "", "", ""],
        split.folds(N, seed=0, dataset="d", n_inner=3),
        dataset_name="d",
        settings={"n_components": 8, "clip": 10.0},
        seed=0,
        attributes={"key": "", "time_series": False, "overlap": 0, "n_dropped": 0},
        strata=rng.integers(2, size=N).astype(str),
        indicators=[False, False, False, True, False, False],
        interval=np.repeat([0, 1], N // 2),
        given=rng.integers(2, size=N).astype(str),
    )
    embed_settings = EMBED | {"train": "always"}
    block, tile, estimates, part = paths.values()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            candidates,
            "_best",
            lambda judged, *others: next(one for one in CHOICE if one in judged.axes[0]),
        )
        pairs = [(0, 1), (0, 2), (0, 3), (4, 5)]
        embed(tile, block, block, pairs=pairs, settings=embed_settings, seed=0)
    settings = ESTIMATE | {"permutations": NULLS | {"tail_fit": False}}
    estimate(estimates, tile, settings=settings, seed=0)
    collect(part, [estimates], n_top=1)
    return paths


@pytest.mark.parametrize("kind", STAGES)
def test_a_run_writes_what_is_declared_and_nothing_else(files, kind):
    with h5py.File(files[kind]) as file:
        assert layout.problems(file, kind) == []
        # the tiny run has everything, so that each declaration was looked at
        assert set(file) == set(layout.LAYOUTS[kind])
        axes = {}
        for name, declared in layout.LAYOUTS[kind].items():
            for axis, length in zip(declared.shape, file[name].shape, strict=True):
                axes.setdefault(axis, set()).add(length)
    # the same words, the same length
    assert all(len(lengths) == 1 for lengths in axes.values()), axes


def test_a_pair_without_an_estimate_has_the_declared_defaults(files):
    with h5py.File(files["estimates"]) as file:
        assert file["flag"].asstr()[1] == "fail"
        assert file["reason_codes"].asstr()[1] == "unusable_data"
        for column in DECLARED:
            if column.default is None or column.held == "run" or column.name.startswith("reason_"):
                continue
            values = file[column.name]
            found = values.asstr()[1] if column.dtype == "str" else values[1]
            np.testing.assert_equal(found, column.default, err_msg=column.name)
        for name, declared in layout.ESTIMATES.items():
            if declared.optional and declared.shape[0] in ("pair", "detailed pair"):
                assert np.isnan(file[name][1]).all(), name


def test_a_file_that_differs_from_its_layout_is_told(files, tmp_path):
    other = tmp_path / "other.h5"
    other.write_bytes(files["block"].read_bytes())
    with h5py.File(other, "a") as file:
        del file["inner"], file["missing"]
        file["extra"] = 1
        file["missing"] = np.zeros((3, 2), np.float32)
        assert layout.problems(file, "block") == [
            "'extra' is not declared",
            "'inner' is not there",
            "'missing': expected the axes ('variable',), found (3, 2)",
            "'missing': expected float64, found float32",
        ]


def test_the_readme_names_all_columns_and_no_others():
    table = RESULTS.read_text(encoding="utf-8").partition("| column | meaning |")[2]
    rows = table.partition("\n\n")[0].splitlines()[2:]
    named = [name for row in rows for name in re.findall(r"`([^`]+)`", row.split("|")[1])]
    assert sorted(named) == sorted(COLUMNS) and len(set(named)) == len(named)


@pytest.mark.parametrize("file, declared", [("network.tsv", NETWORK), ("targets.tsv", TARGETS)])
def test_the_page_of_results_names_the_columns_of_other_tables(file, declared):
    section = RESULTS.read_text(encoding="utf-8").partition(f"## {file}\n")[2].partition("\n## ")[0]
    named = set(re.findall(r"`([a-z_]+)`", section))
    left = {column.name for column in declared} - named
    assert left <= {"x", "y"}


def test_columns_of_the_thorough_checks_are_columns():
    assert set(flags.CHECKS) <= set(COLUMNS)
    assert all(column.unit == "bits" for column in DECLARED if column.name.endswith("_bits"))
    assert all(column.description and " " in column.description for column in DECLARED)
