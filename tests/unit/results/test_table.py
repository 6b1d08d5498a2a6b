"""The table of all pairs, from synthetic estimate tiles."""

import h5py
import numpy as np
import pandas as pd
import pytest
from helpers.runs import write_results, write_tile
from lmi.base.errors import InputError
from lmi.base.files import SCHEMA, replacing
from lmi.results import table as tables
from lmi.results.columns import COLUMNS
from lmi.results.table import (
    aggregate,
    bits,
    printable,
    probability,
    signed,
    strongest,
    top_pairs_text,
    write_tsv,
)
from scipy.stats import false_discovery_control


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    tiles, config = write_results(folder)
    table = aggregate(tiles, folder / "mi.tsv", folder / "mi.parquet", order=config["datasets"])
    return folder, tiles, config, table


def test_columns_and_types(run):
    folder, _, _, table = run
    assert list(table) == list(COLUMNS)
    assert len(table) == 91 + 276 + 24 + 1
    assert table["converged"].dtype == bool
    assert table["n_samples"].dtype == "int64"
    pd.testing.assert_frame_equal(pd.read_parquet(folder / "mi.parquet"), table)


def test_sorted_by_dataset_then_strength_with_nan_last(run):
    _, _, config, table = run
    assert list(dict.fromkeys(table["dataset"])) == list(config["datasets"])
    for _, part in table.groupby("dataset"):
        mi = part["mi_bits"].to_numpy()
        n_good = np.isfinite(mi).sum()
        assert np.all(np.diff(mi[:n_good]) <= 0)
        assert np.all(np.isnan(mi[n_good:]))
    assert table["mi_bits"].min() < 0


def test_tsv_has_six_digits_and_says_nan(run):
    folder, _, _, table = run
    back = pd.read_csv(
        folder / "mi.tsv", sep="\t", keep_default_na=False, na_values={"mi_bits": "NaN"}
    )
    np.testing.assert_allclose(back["mi_bits"], table["mi_bits"], rtol=5.1e-6)
    assert back["reason"].tolist() == table["reason"].tolist()
    lines = (folder / "mi.tsv").read_text().splitlines()
    failed = next(line for line in lines if "\tfail\t" in line)
    first = lines[0].split("\t").index("mi_bits")
    assert failed.split("\t")[first] == "NaN"
    cells = [cell for line in lines[1:] for cell in line.split("\t")[first : first + 4]]
    digits = [cell.split("e")[0].replace(".", "").lstrip("-0") for cell in cells]
    assert max(len(cell) for cell in digits) <= 6


def test_order_of_files_does_not_matter(run, tmp_path):
    _, tiles, config, table = run
    other = aggregate(
        tiles[::-1], tmp_path / "mi.tsv", tmp_path / "mi.parquet", order=list(config["datasets"])
    )
    pd.testing.assert_frame_equal(other, table)


def test_order_defaults_to_that_of_the_files(run, tmp_path):
    _, tiles, _, _ = run
    table = aggregate(tiles[::-1], tmp_path / "mi.tsv", tmp_path / "mi.parquet", order=["neurons"])
    assert list(dict.fromkeys(table["dataset"])) == [
        "neurons",
        "documented_example",
        "neurons_shifted",
        "cells",
    ]


def test_hostile_names_survive_the_tsv(tmp_path):
    names = [
        ("tab\there", 'quote"d'),
        ("line\nbreak", "<script>alert(1)</script>"),
        ("NaN", "ü—漢"),
    ]
    write_tile(tmp_path / "tile-000-000.h5", "d", names, [0.3, 0.2, 0.1])
    table = aggregate([tmp_path / "tile-000-000.h5"], tmp_path / "mi.tsv", tmp_path / "mi.parquet")
    back = pd.read_csv(tmp_path / "mi.tsv", sep="\t", keep_default_na=False)
    assert back["x"].tolist() == table["x"].tolist() == [x for x, _ in names]
    assert back["y"].tolist() == [y for _, y in names]


@pytest.mark.parametrize(
    "value, expected",
    [
        (0.123456789, "0.123457"),
        (-0.0123456789, "-0.0123457"),
        (1234567.0, "1234567.0"),
        (1e-9, "1e-09"),
        (3e-27, "3e-27"),
        (-1.23456789e-18, "-1.23457e-18"),
        (9.9999999e-17, "1e-16"),
        (1.23456789e-300, "1.23457e-300"),
        (5e-324, "5e-324"),
        (np.float32(0.1), "0.1"),
        (0.3, "0.3"),
        (np.nan, "NaN"),
        (np.inf, "inf"),
        (0.0, "0.0"),
    ],
)
def test_six_digits(tmp_path, value, expected):
    write_tsv(pd.DataFrame({"mi_bits": [value]}), tmp_path / "t.tsv")
    assert (tmp_path / "t.tsv").read_text() == f"mi_bits\n{expected}\n"


def test_a_tile_without_pairs_adds_nothing(run, tmp_path):
    _, tiles, config, table = run
    write_tile(tmp_path / "empty.h5", "cells", [], [])
    other = aggregate(
        [*tiles, tmp_path / "empty.h5"],
        tmp_path / "mi.tsv",
        tmp_path / "mi.parquet",
        config["datasets"],
    )
    assert len(other) == len(table)


def edit(path, action):
    with h5py.File(path, "a") as tile:
        action(tile)


@pytest.mark.parametrize(
    "action, message",
    [
        (
            lambda tile: tile.attrs.modify("schema", 99),
            f"expected schema version {SCHEMA}, found 99.*--forcerun",
        ),
        (lambda tile: tile.attrs.pop("schema"), f"expected schema version {SCHEMA}, found none"),
        (lambda tile: tile.pop("sd_bits"), "expected sd_bits, found no such entry"),
        (lambda tile: tile.pop("truth_bits"), "expected truth_bits, found no such entry"),
        (
            lambda tile: (tile.pop("sd_bits"), tile.create_dataset("sd_bits", data=[0.1])),
            "expected 2 rows in 'sd_bits' as in 'x', found 1",
        ),
    ],
)
def test_a_bad_tile_is_one_clear_message(tmp_path, action, message):
    path = tmp_path / "tile-000-000.h5"
    write_tile(path, "d", [("a", "b"), ("a", "c")], [0.1, 0.2])
    edit(path, action)
    with pytest.raises(InputError, match=message) as error:
        aggregate([path], tmp_path / "mi.tsv", tmp_path / "mi.parquet")
    assert str(path) in str(error.value)
    assert not (tmp_path / "mi.tsv").exists()


def test_no_tile_missing_tile_and_not_hdf5(tmp_path):
    targets = tmp_path / "mi.tsv", tmp_path / "mi.parquet"
    with pytest.raises(InputError, match="at least one tile, found none"):
        aggregate([], *targets)
    with pytest.raises(
        InputError, match=r"nowhere.h5: expected an HDF5 file of the stage estimate"
    ):
        aggregate([tmp_path / "nowhere.h5"], *targets)
    (tmp_path / "half.h5").write_bytes(b"\x89HDF\r\n")
    with pytest.raises(InputError, match=r"half.h5: expected an HDF5 file of the stage estimate"):
        aggregate([tmp_path / "half.h5"], *targets)


def test_a_pair_in_two_tiles_is_refused(tmp_path):
    for number in range(2):
        write_tile(tmp_path / f"{number}.h5", "d", [("a", "b")], [0.1])
    with pytest.raises(InputError, match="each pair once, found 'a' with 'b'"):
        aggregate(
            [tmp_path / "0.h5", tmp_path / "1.h5"], tmp_path / "t.tsv", tmp_path / "t.parquet"
        )


def test_replacing_keeps_the_old_file_when_writing_fails(tmp_path):
    path = tmp_path / "sub" / "file.txt"
    with replacing(path) as name:
        name.write_text("old")
    with pytest.raises(RuntimeError), replacing(path) as name:
        name.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    assert list(path.parent.iterdir()) == [path]


def test_strongest_leaves_out_failed_pairs(run):
    table = run[3]
    top = strongest(table, 5)
    assert len(top) == 5
    assert np.all(np.isfinite(top["mi_bits"])) and not (top["flag"] == "fail").any()
    assert top["mi_bits"].is_monotonic_decreasing
    assert len(strongest(table)) == 91 + 276 + 24 + 1 - 2


def test_top_pairs_text(run):
    table = run[3]
    lines = top_pairs_text(
        table, 10, {"table": "results/demo/mi.tsv", "report": "r.html"}
    ).splitlines()
    assert lines[0] == (
        "Strongest 10 pairs of 392 (bits ± one standard deviation); "
        f"{table['significant'].sum()} significant (*)"
    )
    assert " lag " not in lines[1] and lines[1].split()[-3:] == ["p", "q", "flag"]
    assert " 1e-4  " in lines[2] and " *  " in lines[2]
    assert [line.split()[0] for line in lines[2:12]] == [str(rank) for rank in range(1, 11)]
    assert lines[-2:] == ["table   results/demo/mi.tsv", "report  r.html"]


def test_top_pairs_text_when_all_failed_or_names_are_hostile(tmp_path):
    write_tile(tmp_path / "t.h5", "d", [("a", "b")], [np.nan])
    table = aggregate([tmp_path / "t.h5"], tmp_path / "t.tsv", tmp_path / "t.parquet")
    assert top_pairs_text(table).startswith("No pair of 1 has an estimate")
    write_tile(tmp_path / "t.h5", "d", [("\x1b[31mred\n", "b")], [0.5])
    table = aggregate([tmp_path / "t.h5"], tmp_path / "t.tsv", tmp_path / "t.parquet")
    text = top_pairs_text(table)
    assert "\x1b" not in text and len(text.splitlines()) == 3


def test_top_pairs_text_shows_peaks_and_leaves_out_what_is_not_there(run):
    table = run[3].head(3)
    lagged = pd.concat([table, table.assign(lag=-2, mi_bits=table["mi_bits"] - 0.01)])
    lines = top_pairs_text(lagged).splitlines()
    assert lines[0].startswith("Strongest 3 pairs of 3 ")
    assert lines[1].split()[2] == "lag" and " 0 " in lines[2]
    untested = table.assign(p_value=np.nan, q_value=np.nan, significant=False)
    lines = top_pairs_text(untested).splitlines()
    assert "significant" not in lines[0] and lines[1].split()[-2:] == ["uncorrected", "flag"]


@pytest.mark.parametrize(
    "value, expected",
    [
        (np.nan, "\N{EN DASH}"),
        (1.0, "1"),
        (0.2134, "0.21"),
        (0.05, "0.05"),
        (0.00996, "0.01"),
        (0.0098, "1e-2"),
        (2e-4, "2e-4"),
        (1e-300, "1e-300"),
        (0.0, "0"),
    ],
)
def test_probability(value, expected):
    assert probability(value) == expected


def test_signed():
    assert [signed(lag) for lag in (2, 0, -1)] == ["+2", "0", "\N{MINUS SIGN}1"]


@pytest.mark.parametrize(
    "value, sd, expected",
    [
        (1.2345, 0.0456, "1.23 ± 0.05"),
        (0.4037, 0.0061, "0.404 ± 0.006"),
        (-0.0123, 0.02, "\N{MINUS SIGN}0.01 ± 0.02"),
        (-0.0001, 0.02, "0.00 ± 0.02"),
        (0.5, np.nan, "0.500"),
        (np.nan, np.nan, "\N{EN DASH}"),
    ],
)
def test_bits(value, sd, expected):
    assert bits(value, sd) == expected


def test_printable():
    assert printable("abc") == "abc"
    assert printable("a\x00b\nc") == "a\ufffdb\ufffdc"
    long = "gene set alpha of many words, variant 7"
    assert len(printable(long, 20)) == 20
    assert printable(long, 20).startswith("gene set") and printable(long, 20).endswith("variant 7")


def test_every_small_number_keeps_six_digits():
    rng = np.random.default_rng(0)
    values = rng.uniform(-1, 1, 20_000) * 10.0 ** rng.integers(-300, 5, 20_000)
    np.testing.assert_allclose(tables._six_digits(values), values, rtol=5.001e-6)
    # half to even or away from it: a tie of the decimal text is the only difference
    text = np.array([float(f"{value:.5e}") for value in values])
    assert (tables._six_digits(values) == text).mean() > 0.9999


def lagged(p, n_pairs=10):
    """Return a table of pairs with as many lags as there are columns in p; peaks come first."""
    n_lags = p.shape[1]
    return pd.DataFrame(
        {
            "dataset": "d",
            "x": np.repeat([f"v{i}" for i in range(n_pairs)], n_lags),
            "y": "w",
            "lag": np.tile(np.arange(n_lags), n_pairs),
            "mi_bits": np.tile(-np.arange(n_lags, dtype=float), n_pairs),
            "p_value": p.ravel(),
        }
    )


def test_with_lags_the_tests_are_the_pairs_and_their_peaks_count_all_lags():
    p = np.full((10, 5), 0.5)
    p[0, :3] = [0.0008, 0.5, 0.0001]
    p[1, 0] = 0.0018
    table = lagged(p)
    tables.add_q_values(table)
    peaks = tables.peaks(table)
    assert peaks["significant"].tolist() == [True, True] + [False] * 8
    counted = 1 - (1 - 0.0018) ** 5
    assert peaks["q_value"][1] == pytest.approx(counted * 10 / 2)
    assert peaks["q_value"][0] == pytest.approx((1 - (1 - 0.0008) ** 5) * 10)
    # a smaller p value beside the peak has a smaller q value; the other lags are not significant
    own = table[table["x"] == "v0"].set_index("lag")["q_value"]
    assert own[2] == pytest.approx((1 - (1 - 0.0001) ** 5) * 10)
    assert own[1] == own[3] > 0.9
    tables.add_q_values(table, method="by")
    own = table[table["x"] == "v0"].set_index("lag")["q_value"]
    of_ten = (1 / np.arange(1, 11)).sum()  # any dependence of the pairs
    assert own[2] == pytest.approx((1 - (1 - 0.0001) ** 5) * 10 * of_ten)


def test_with_lags_of_nothing_a_peak_is_as_rarely_significant_as_a_pair_without():
    rng = np.random.default_rng(0)
    n_any = 0
    for _ in range(400):
        p = np.sort(
            rng.random((10, 7)), axis=1
        )  # the peak has the smallest p value: the worst case
        table = lagged(p)
        tables.add_q_values(table)
        n_any += tables.peaks(table)["significant"].any()
    assert 0.02 < n_any / 400 < 0.08


@pytest.mark.parametrize("method", ["bh", "by"])
def test_one_lag_a_pair_gives_the_q_values_without_lags(method):
    p = np.random.default_rng(1).random((10, 1)) ** 3
    table = lagged(p)
    tables.add_q_values(table, method=method)
    with_lags = table.assign(lag=1)
    tables.add_q_values(with_lags, method=method)
    np.testing.assert_allclose(with_lags["q_value"], table["q_value"])


def test_what_is_significant_follows_the_level_that_was_asked_for():
    table = pd.DataFrame({"p_value": [0.001, 0.02, 0.09, 0.5]})
    for fdr, expected in ((0.002, 0), (0.01, 1), (0.05, 2), (0.2, 3)):
        tables.add_q_values(table, fdr)
        assert table["significant"].sum() == expected


def test_pairs_that_are_no_tests_do_not_count_among_the_tests():
    p = [0.001, 0.02, 0.03]
    table = pd.DataFrame({"p_value": [*p, 0.5, 0.6, 1e-9]})
    tables.add_q_values(table, left_out=np.array([False] * 3 + [True] * 3))
    alone = pd.DataFrame({"p_value": p})
    tables.add_q_values(alone)
    np.testing.assert_array_equal(table["q_value"][:3], alone["q_value"])
    assert table["q_value"][3:].isna().all() and not table["significant"][3:].any()


def test_directions_of_all_pairs_are_tests_of_one_false_discovery_rate():
    rng = np.random.default_rng(0)
    p = rng.uniform(size=(20, 2)) ** 3
    p[3] = np.nan
    table = pd.DataFrame(
        {"p_value": np.full(20, np.nan), "p_delta": p[:, 0], "p_xy": p[:, 0], "p_yx": p[:, 1]}
    )
    out = np.arange(20) == 5
    tables.add_q_values(table, left_out=out)
    tested = np.isfinite(p[:, 0]) & ~out
    both = false_discovery_control(p[tested].ravel()).reshape(-1, 2)
    np.testing.assert_allclose(table.loc[tested, ["q_xy", "q_yx"]], both)
    np.testing.assert_allclose(table.loc[tested, "q_delta"], false_discovery_control(p[tested, 0]))
    assert table.loc[~tested, ["q_delta", "q_xy", "q_yx"]].isna().all(axis=None)
    assert "q_conditional" not in table
