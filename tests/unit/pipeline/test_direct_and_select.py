"""The stages direct and select, on a chain of variables and a label that two of them tell of."""

import h5py
import numpy as np
import pandas as pd
import pytest
from helpers.settings import EMBED, ESTIMATE
from lmi.estimation import conditional
from lmi.pipeline import direct as stage
from lmi.pipeline.conditional import Variables
from lmi.pipeline.embed import embed
from lmi.pipeline.estimate import estimate
from lmi.pipeline.project import write_block
from lmi.pipeline.select import select
from lmi.projection import folds as split
from lmi.results import direct, layout, targets
from lmi.results.collect import collect
from lmi.results.table import aggregate

N = 500
NAMES = ["a", "b", "c", "copy", "other", "fate"]
SETTINGS = {"embed": EMBED, "estimate": ESTIMATE | {"error_bars": False}}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A chain a, b, c; a noisy copy of b; one that is alone; a fate of two signs."""
    folder = tmp_path_factory.mktemp("direct")
    rng = np.random.default_rng(1)
    a, e, f, other = rng.standard_normal((4, N, 1))
    b = 0.8 * a + 0.6 * e
    c = 0.8 * b + 0.6 * f
    latents = [a, b, c, b + 0.4 * rng.standard_normal((N, 1)), other]
    matrices = [
        latent @ rng.standard_normal((1, 4)) + 0.2 * rng.standard_normal((N, 4))
        for latent in latents
    ]
    noise = 0.5 * rng.standard_normal((2, N))
    fate = 2 * (b[:, 0] + noise[0] > 0) + (other[:, 0] + noise[1] > 0)
    matrices.append(np.eye(4)[fate])
    block, tile = folder / "block.h5", folder / "tile.h5"
    write_block(
        block,
        NAMES,
        matrices,
        [""] * len(NAMES),
        split.folds(N, seed=0, dataset="d", n_inner=3),
        dataset_name="d",
        settings={"n_components": 16, "clip": 10.0},
        seed=0,
        attributes={"key": "a", "time_series": False, "overlap": 0, "n_dropped": 0},
        indicators=[False] * 5 + [True],
    )
    pairs = [(i, j) for i in range(len(NAMES)) for j in range(i + 1, len(NAMES))]
    embed(tile, block, block, pairs=pairs, settings=SETTINGS["embed"], seed=0)
    estimates, part = folder / "estimates.h5", folder / "part.h5"
    estimate(estimates, tile, settings=SETTINGS["estimate"], seed=0)
    collect(part, [estimates], n_top=1)
    table = folder / "mi.parquet"
    aggregate([part], folder / "mi.tsv", table, ["d"])
    return folder, table, block


def _ask(finished, out, part=0, n_parts=1, most=1000, **options):
    _, table, block = finished
    stage.ask(
        out,
        table,
        [block],
        dataset_name="d",
        part=part,
        n_parts=n_parts,
        most=most,
        level=0.05,
        settings=SETTINGS,
        seed=0,
        **options,
    )
    return pd.read_parquet(table)


@pytest.fixture(scope="module")
def asked(finished):
    out = finished[0] / "part-000.h5"
    return out, _ask(finished, out, shared=finished[0] / "cache")


def test_the_ends_of_a_chain_are_no_direct_edge(asked):
    out, rows = asked
    edges = direct.network(rows[rows["significant"]], direct.read([out], rows))
    verdict = edges.set_index(["x", "y"])["direct_conditional"]
    assert verdict["a", "b"] == "yes"
    assert verdict["a", "c"] == "no"
    assert verdict["a", "copy"] == "no"
    row = edges.set_index(["x", "y"]).loc["a", "c"]
    assert row["via_conditional"] in ("b", "copy") and row["p_direct"] > 0.05
    assert abs(row["cmi_bits"]) < 0.08 < row["mi_bits"]


def test_the_file_of_answers_is_as_declared(asked):
    with h5py.File(asked[0]) as file:
        assert layout.problems(file, "direct") == []


def test_an_edge_is_asked_until_a_third_variable_explains_it(asked):
    answers = direct.read([asked[0]], asked[1])
    for _, own in answers.groupby(["x", "y"]):
        assert not own["explains"].iloc[:-1].any()
    assert answers["explains"].any()


def test_jobs_share_the_edges_and_find_the_same(finished, asked, tmp_path):
    out, rows = asked
    share = tmp_path / "part-001.h5"
    _ask(finished, share, 1, 4)
    own, every = direct.read([share], rows), direct.read([out], rows)
    assert 0 < len(own) < len(every)
    same = every.set_index(["x", "y", "z"]).loc[list(own[["x", "y", "z"]].itertuples(index=False))]
    pd.testing.assert_frame_equal(own.set_index(["x", "y", "z"]), same)


def test_answers_are_found_in_the_cache_and_those_of_another_table_are_left(
    finished, asked, tmp_path, monkeypatch
):
    def never(*_, **__):
        raise AssertionError("computed again")

    monkeypatch.setattr(stage, "Variables", never)
    out = tmp_path / "again.h5"
    rows = _ask(finished, out, shared=finished[0] / "cache")
    assert out.read_bytes() == asked[0].read_bytes()
    assert direct.read([out], rows.assign(mi_bits=rows["mi_bits"] + 1)) is None


def test_more_triangles_than_may_be_asked_are_told_and_left_open(finished, tmp_path, caplog):
    out = tmp_path / "few.h5"
    rows = _ask(finished, out, most=2)
    assert "expected at most 2 triangles (direct.max_triangles), found" in caplog.text
    edges = direct.network(rows[rows["significant"]], direct.read([out], rows))
    assert (edges["direct_conditional"] == "open").sum() >= len(edges) - 2


def test_a_label_that_is_given_is_a_label(finished):
    block = finished[2]
    variables = Variables([block], NAMES, SETTINGS, 0)
    own, row = variables.place["fate"]
    assert own.kind[row] == "label"
    found = variables.beyond("b", "other", ("fate",))
    assert isinstance(found, conditional.Conditional) and np.isfinite(found.cmi_bits)


def test_the_variables_that_tell_of_a_label_are_selected_and_their_copy_is_not(finished, tmp_path):
    _, table, block = finished
    out = tmp_path / "selection.h5"
    own = {"dataset_name": "d", "target": "fate", "most": 4, "level": 0.05, "seed": 0}
    select(out, table, [block], settings=SETTINGS, **own)
    rows = pd.read_parquet(table)
    found = targets.read(out, rows)
    assert set(found["variable"]) in ({"b", "other"}, {"copy", "other"})
    assert found["total_bits"].iloc[-1] == pytest.approx(found["added_bits"].sum())
    assert (found["unique_bits"] > 0.2).all()
    with h5py.File(out) as file:
        assert layout.problems(file, "selection") == []
    assert targets.read(out, rows.iloc[1:]) is None
