"""Parts: the same table and the same details of the strongest pairs as from the tiles."""

import h5py
import numpy as np
import pandas as pd
from helpers.runs import write_results, write_tile
from lmi.report.details import read_details
from lmi.results import collect as collecting
from lmi.results.collect import collect
from lmi.results.table import aggregate


def test_parts_give_the_same_table_and_the_same_details(tmp_path):
    tiles, config = write_results(tmp_path)
    order = list(config["datasets"])
    parts = []
    for dataset in order:
        its = [tile for tile in tiles if tile.parent.parent.name == dataset]
        parts.append(tmp_path / f"{dataset}.h5")
        collect(parts[-1], its, n_top=4)
    wanted = aggregate(tiles, tmp_path / "a.tsv", tmp_path / "a.parquet", order)
    found = aggregate(parts, tmp_path / "b.tsv", tmp_path / "b.parquet", order)
    pd.testing.assert_frame_equal(found, wanted)
    assert (tmp_path / "a.tsv").read_bytes() == (tmp_path / "b.tsv").read_bytes()

    from_tiles, _ = read_details(wanted, tiles, 4)
    from_parts, _ = read_details(wanted, parts, 4)
    for dataset, details in from_tiles.items():
        for kind in ("panels", "top"):
            assert len(from_parts[dataset][kind]) == len(details[kind])
            for one, other in zip(details[kind], from_parts[dataset][kind], strict=True):
                assert one.keys() == other.keys()
                for name in one:
                    np.testing.assert_array_equal(one[name], other[name])
        np.testing.assert_array_equal(from_parts[dataset]["step"], details["step"])


def test_details_are_those_of_the_strongest_pairs_at_their_peak(tmp_path, monkeypatch):
    monkeypatch.setattr(collecting, "MAX_VALUES", 0)
    names = [("a", "b"), ("a", "c"), ("b", "c")] * 2
    write_tile(tmp_path / "tile.h5", "d", names, [0.1, 0.5, 0.3, 0.9, 0.2, 0.4])
    with h5py.File(tmp_path / "tile.h5", "a") as tile:
        tile["lag"][...] = [0, 0, 0, 1, 1, 1]
        del tile["loss_train"], tile["loss_validation"], tile["loss_step"]
    collect(tmp_path / "part.h5", [tmp_path / "tile.h5"], n_top=2)
    with h5py.File(tmp_path / "part.h5") as part, h5py.File(tmp_path / "tile.h5") as tile:
        assert list(part["detail_row"]) == [1, 3]
        np.testing.assert_array_equal(part["pointwise"], tile["pointwise"][()][[1, 3]])
        assert len(part["mi_bits"]) == 6


def test_details_of_more_pairs_are_kept_where_they_are_small(tmp_path, monkeypatch):
    write_tile(tmp_path / "tile.h5", "d", [(f"a{i}", "b") for i in range(9)], np.arange(9) / 10)
    with h5py.File(tmp_path / "tile.h5", "a") as tile:
        del tile["loss_train"], tile["loss_validation"], tile["loss_step"]
    monkeypatch.setattr(collecting, "DETAILED_PAIRS", 6)
    for n_values, expected in ((10**6, [3, 4, 5, 6, 7, 8]), (4 * 700, [5, 6, 7, 8]), (0, [8])):
        monkeypatch.setattr(collecting, "MAX_VALUES", n_values)
        collect(tmp_path / "part.h5", [tmp_path / "tile.h5"], n_top=1)
        with h5py.File(tmp_path / "part.h5") as part:
            assert list(part["detail_row"]) == expected


def test_tiles_that_kept_different_things_are_joined(tmp_path):
    write_tile(tmp_path / "kept.h5", "d", [("a", "b")], [0.5])
    write_tile(tmp_path / "bare.h5", "d", [("a", "c")], [0.4], keep=False)
    with h5py.File(tmp_path / "bare.h5", "a") as tile:
        shorter = {name: tile[name][()][..., :7] for name in ("loss_train", "loss_validation")}
        shorter["loss_step"] = tile["loss_step"][:7]
        for name, values in shorter.items():
            del tile[name]
            tile[name] = values
    collect(tmp_path / "part.h5", [tmp_path / "bare.h5", tmp_path / "kept.h5"], n_top=5)
    with h5py.File(tmp_path / "part.h5") as part:
        assert np.isnan(part["scatter"][0]).all()
        assert np.isfinite(part["scatter"][1]).all()
        assert part["loss_train"].shape[-1] == len(part["loss_step"]) == 31
        assert np.isnan(part["loss_train"][0, :, 7:]).all()
