"""The report: complete, self-contained, safe against names, and content with very little."""

import base64
import hashlib
import re
from html.parser import HTMLParser

import h5py
import numpy as np
import pytest
import yaml
from helpers.runs import MODULES, columns_of, write_results, write_tile
from lmi.base.errors import InputError
from lmi.base.reasons import Reason
from lmi.estimation import flags
from lmi.report import listing, texts
from lmi.report import page as report
from lmi.report.details import read_details
from lmi.report.figures import NothingToShow, training
from lmi.results.table import aggregate

VOID = {"meta", "img", "input", "br", "link", "hr"}


class Page(HTMLParser):
    """Tags, attributes and text of a page; refuses tags that do not nest."""

    def __init__(self, source):
        super().__init__()
        self.open, self.tags, self.words = [], [], []
        self.feed(source)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not self.open or self.open[-1] not in ("script", "style"):
            self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


def render(folder, tiles, config, benchmarks="benchmarks"):
    table = aggregate(tiles, folder / "mi.tsv", folder / "mi.parquet", list(config["datasets"]))
    report.write(
        folder / "report.html",
        folder / "figures",
        folder / "mi.parquet",
        tiles,
        config,
        folder / benchmarks,
    )
    source = (folder / "report.html").read_text(encoding="utf-8")
    return Page(source), source, table


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    tiles, config = write_results(folder)
    for rule, name, seconds in (
        ("embed", "cells/tile-000-000.tsv", 2.5),
        ("embed", "cells/tile-000-001.tsv", 3.5),
        ("project", "cells/block-000.tsv", 1.0),
    ):
        path = folder / "benchmarks" / rule / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"s\th:m:s\tmax_rss\tcpu_time\n{seconds}\t0:00:02\t{100 * seconds}\t1.5\n")
    (folder / "benchmarks" / "aggregate.tsv").write_text(
        "s\th:m:s\tmax_rss\tcpu_time\n0.8\t0:00:00\t-\tNA\n"
    )
    return folder, config, *render(folder, tiles, config)


def test_all_sections_and_numbers_are_there(demo):
    _, _, page, _, table = demo
    for word in (
        "4 datasets, 392 pairs; 2 pairs without an estimate",
        "91 pairs of 14 variables, 700 samples.",
        "Negative control: 24 pairs of 48 variables, 1,090 samples.",
        "(truth 0.404)",
        "y has no feature that varies",
        "Gowri",
        "Kraskov",
        "Holmes",
        "True MI is never negative",
        "mi_ksg_bits",
        "lmi 0.1.0",
    ):
        assert word in page.text
    first = table.iloc[0]
    value = report.bits(first["mi_bits"], first["sd_bits"])
    assert f"Strongest: {first['x']} with {first['y']}, {value} bits." in page.text
    for name in MODULES:
        assert name in page.text


def test_figures_are_embedded_and_saved(demo):
    folder, config, page, source, _ = demo
    stems = listing.figure_stems(config["datasets"])
    assert {path.name for path in (folder / "figures").iterdir()} == {
        f"{stem}.{suffix}" for stem in stems for suffix in ("png", "svg")
    }
    # the shifted pairs are no grid, and the single pair has no panel for one
    assert len(page.all("img")) == len(stems) - 2
    assert "a list rather than a grid" in page.text
    assert len(source) < 6_000_000
    for image in page.all("img"):
        kind, data = re.fullmatch(r"data:image/(svg\+xml|png);base64,(.*)", image["src"]).groups()
        assert base64.b64decode(data).startswith(b"\x89PNG" if kind == "png" else b"<?xml")
        assert 100 < int(image["width"]) < 1100 and image["alt"]


def test_the_page_needs_nothing_else_and_runs_only_its_script(demo):
    _, _, page, source, _ = demo
    assert not page.all("link") and all("src" not in script for script in page.all("script"))
    assert "@import" not in source and "url(" not in source
    policy = next(meta["content"] for meta in page.all("meta") if "http-equiv" in meta)
    assert policy.startswith("default-src 'none'")
    script = re.search(r"<script>(.*?)</script>", source, re.DOTALL).group(1)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy


def test_the_table_can_be_sorted_by_value(demo):
    _, _, page, source, table = demo
    rows = re.search(r'<table id="pairs">.*?</table>', source, re.DOTALL).group(0).count("<tr>") - 1
    assert rows == len(table)
    values = [cell["data-value"] for cell in page.all("td") if cell.get("class") == "number bar"]
    np.testing.assert_allclose(np.array(values, float), table["mi_bits"])


def test_provenance_has_config_and_times(demo):
    _, config, page, source, _ = demo
    shown = re.search(r"<pre>(.*?)</pre>", source, re.DOTALL).group(1)
    for escaped, character in (("&#39;", "'"), ("&#34;", '"'), ("&amp;", "&")):
        shown = shown.replace(escaped, character)
    assert yaml.safe_load(shown) == config
    assert "project 1 1.0 1.5 100 embed 2 6.0 3.0 350 aggregate 1 0.8" in page.text


NAME = "<script>alert('x')</script>\"><img src=x onerror=alert(1)>"


@pytest.mark.filterwarnings("ignore:Glyph")
def test_names_are_escaped_everywhere(tmp_path):
    path = tmp_path / "tile-000-000.h5"
    write_tile(path, NAME, [(NAME, "{{ 7 * 7 }}"), ("${x}", NAME), (NAME, "c")], [0.5, np.nan, 0.3])
    with h5py.File(path, "a") as tile:
        for name, values in columns_of([[Reason("unusable_data", {"message": NAME})]] * 3).items():
            tile[name][...] = values
        tile.attrs["preset"] = NAME
    config = {"run": NAME, "datasets": {NAME: {"source": NAME}}}
    page, source, _ = render(tmp_path, [path], config)
    assert "<script>alert" not in source and "49" not in re.findall(r"<td[^>]*>(.*?)</td>", source)
    assert len(page.all("script")) == 1
    assert all(image["src"].startswith("data:") for image in page.all("img"))
    assert not any(name.startswith("on") for _, attributes in page.tags for name in attributes)
    assert NAME in page.text and "{{ 7 * 7 }}" in page.text
    stem = listing.figure_stem("heatmap", NAME)
    assert re.fullmatch(r"[\w.@+-]+", stem) and (tmp_path / "figures" / f"{stem}.svg").exists()


def test_a_run_that_kept_nothing_and_has_no_truth(tmp_path):
    path = tmp_path / "tile-000-000.h5"
    write_tile(path, "d", [("a", "b"), ("a", "c"), ("b", "c")], [0.5, 0.1, -0.1], keep=False)
    with h5py.File(path, "a") as tile:
        for name in ("loss_train", "loss_validation", "loss_step"):
            del tile[name]
    page, source, _ = render(tmp_path, [path], {"run": "r", "datasets": {"d": {}}}, "nowhere")
    assert "No embedding was kept" in page.text
    assert "No training took place" in page.text
    assert "no pair whose true mutual information is known" in page.text
    assert "No benchmark files were found" in page.text
    assert ">Truth</button>" not in source


def test_a_single_pair(tmp_path):
    path = tmp_path / "tile-000-000.h5"
    write_tile(path, "documented_example", [("x", "y")], [0.39], truth_bits=0.4037)
    page, _, _ = render(tmp_path, [path], {"datasets": {"documented_example": {"task": {}}}})
    assert "1 dataset, 1 pair" in page.text
    assert "1 pair of 2 variables, 700 samples. x with y: 0.39" in page.text
    assert "All 1 pair." in page.text
    assert len(page.all("img")) == 5


def test_all_pairs_failed(tmp_path):
    path = tmp_path / "tile-000-000.h5"
    write_tile(path, "d", [("a", "b"), ("a", "c"), ("b", "c")], [np.nan] * 3)
    page, _, _ = render(tmp_path, [path], {"run": "r", "datasets": {"d": {}}})
    assert "No pair has an estimate that can be trusted." in page.text
    assert "3 failed." in page.text
    assert page.all("img") == []
    assert (tmp_path / "figures" / "distribution.png").exists()


def test_without_error_bars_nothing_is_said_about_them(tmp_path):
    path = tmp_path / "tile-000-000.h5"
    write_tile(path, "d", [("a", "b"), ("a", "c"), ("b", "c")], [0.5, 0.1, -0.1])
    with h5py.File(path, "a") as tile:
        tile["sd_bits"][...] = tile["sd_ksg_bits"][...] = np.nan
    page, _, _ = render(tmp_path, [path], {"run": "r", "datasets": {"d": {}}})
    assert "standard deviations above zero" not in page.text
    assert "Strongest: a with b, 0.500 bits." in page.text


def test_many_pairs_and_large_images_keep_the_page_small(tmp_path, monkeypatch):
    monkeypatch.setattr(report, "MAX_ROWS", 40)
    monkeypatch.setattr(report, "MAX_PAGE", 100_000)
    tiles = []
    for name, n in (("large", 60), ("small", 12)):
        tiles.append(tmp_path / f"{name}.h5")
        write_tile(tiles[-1], name, [(f"a{i}", "b") for i in range(n)], np.linspace(1, 0, n))
    page, source, _ = render(tmp_path, tiles, {"run": "r", "datasets": {"large": {}, "small": {}}})
    body = re.search(r"<tbody>(.*?)</tbody>", source, re.DOTALL).group(1)
    assert body.count("<tr>") == 40 and body.count(">small<") == 12
    assert "The strongest 40 of 72 pairs" in page.text
    assert "the figure is only in figures/" in page.text
    assert len(source) < 250_000


def test_pointwise_values_belong_to_the_samples_shown(tmp_path):
    path = tmp_path / "tile-000-000.h5"
    write_tile(path, "d", [("a", "b"), ("c", "d")], [0.2, 0.9], n_samples=3000)
    table = aggregate([path], tmp_path / "mi.tsv", tmp_path / "mi.parquet")
    details, _ = read_details(table, [path], 1)
    (panel,) = details["d"]["panels"]
    with h5py.File(path) as tile:
        np.testing.assert_array_equal(
            panel["pointwise"], tile["pointwise"][1][tile["scatter_samples"][()]]
        )
        np.testing.assert_array_equal(panel["scatter"], tile["scatter"][1])
        np.testing.assert_allclose(
            details["d"]["top"][0]["train"], tile["loss_train"][1].mean(axis=0), rtol=1e-6
        )
    assert (panel["x"], panel["y"]) == ("c", "d")


def without_training(path, n_points):
    with h5py.File(path, "a") as tile:
        n_pairs = tile["x"].shape[0]
        for name, shape in (("train", (n_pairs, 4)), ("validation", (n_pairs, 4)), ("step", ())):
            del tile[f"loss_{name}"]
            tile[f"loss_{name}"] = np.full((*shape, n_points), np.nan)


@pytest.mark.parametrize("n_points", [0, 1, 5])
def test_tiles_with_and_without_training_side_by_side(tmp_path, n_points):
    tiles = [tmp_path / "0.h5", tmp_path / "1.h5", tmp_path / "2.h5"]
    for number, path in enumerate(tiles):
        write_tile(path, "d", [(f"a{number}", "b"), (f"a{number}", "c")], [0.5, 0.1])
    without_training(tiles[0], n_points)
    without_training(tiles[2], n_points)
    table = aggregate(tiles, tmp_path / "mi.tsv", tmp_path / "mi.parquet")
    curves = read_details(table, tiles, 3)[0]["d"]
    with h5py.File(tiles[1]) as tile:
        np.testing.assert_allclose(curves["train"], tile["loss_train"][()].mean(axis=1), rtol=1e-6)
        np.testing.assert_array_equal(curves["step"], tile["loss_step"][()])
    assert [curve["x"] for curve in curves["top"]] == ["a1"]
    without_training(tiles[1], n_points)
    curves = read_details(table, tiles, 3)[0]["d"]
    with pytest.raises(NothingToShow, match="No training took place"):
        training(*(curves[key] for key in ("step", "train", "validation", "top")))


def test_another_schema_is_one_clear_message(tmp_path):
    path = tmp_path / "tile-000-000.h5"
    write_tile(path, "d", [("a", "b")], [0.2])
    aggregate([path], tmp_path / "mi.tsv", tmp_path / "mi.parquet")
    with h5py.File(path, "a") as tile:
        tile.attrs["schema"] = 1
    with pytest.raises(InputError, match="expected schema version 4, found 1"):
        report.write(
            tmp_path / "r.html", tmp_path / "f", tmp_path / "mi.parquet", [path], {}, tmp_path
        )
    assert not (tmp_path / "r.html").exists()


def test_flag_summary_groups_by_reason(demo):
    groups = texts.flag_summary(demo[4])
    assert groups[0]["flag"] == "fail" and groups[0]["n"] == 2 and len(groups[0]["examples"]) == 2
    assert sum(group["n"] for group in groups) == (demo[4]["flag"] != "ok").sum()


def test_pairs_that_share_features_are_listed(tmp_path):
    path = tmp_path / "tile-000-000.h5"
    write_tile(path, "d", [("a", "b"), ("a", "c"), ("b", "c")], [0.4, 0.9, 0.2])
    why = [
        [Reason("shared_features", {"n": 2, "shared": "CD4, <b>"})],
        [],
        [Reason("shared_features", {"n": 9, "shared": "CD4, KIT and 7 more"})],
    ]
    with h5py.File(path, "a") as tile:
        for name, values in columns_of(why).items():
            tile[name][...] = values
    page, source, table = render(tmp_path, [path], {"datasets": {"d": {"source": "d.csv"}}})
    assert table["q_value"].isna().tolist() == [False, True, True]
    assert "2 pairs share features" in page.text and "<b>" not in source
    assert "b c 9 CD4, KIT and 7 more" in page.text
    assert page.text.index("b c 9 CD4") < page.text.index("a b 2 CD4, <b>")


def test_reasons_that_differ_in_numbers_are_one(tmp_path):
    path = tmp_path / "tile-000-000.h5"
    write_tile(path, "d", [("a", "b"), ("a", "c"), ("b", "c"), ("b", "d")], [0.4, 0.3, 0.2, 0.1])
    with h5py.File(path, "a") as tile:
        why = [[Reason("duplicates", {"percent": percent})] for percent in (9, 20.5, 9)]
        for name, values in columns_of([*why, [Reason("not_converged")]]).items():
            tile[name][...] = values
    table = aggregate([path], tmp_path / "mi.tsv", tmp_path / "mi.parquet")
    groups = texts.flag_summary(table)
    assert [(group["reason"], group["n"]) for group in groups] == [
        ("9\N{EN DASH}20 % of the samples are duplicates: few distinct values", 3),
        ("training not converged: raise max_steps, or max_epochs of the preset paper", 1),
    ]


def test_a_control_that_is_not_at_zero_is_called_out(demo, tmp_path):
    table = demo[4]
    control = table[table["dataset"] == "neurons_shifted"]
    assert texts.control_warning(control) is None
    assert "This control" not in demo[2].text
    raised = control.assign(mi_bits=0.34)
    assert "This control is not at zero: its median is 0.340 bits." in texts.control_warning(raised)
    assert texts.control_warning(raised.assign(sd_bits=np.nan)) is None
    path = tmp_path / "tile-000-000.h5"
    write_tile(path, "c", [(f"u{i}", f"u{i}+") for i in range(9)], np.full(9, 0.34))
    page, _, _ = render(tmp_path, [path], {"run": "r", "datasets": {"c": {"pairs": "shifted"}}})
    assert page.text.count("This control is not at zero") == 2


def test_significant_controls_are_called_out(demo):
    table = demo[4]
    control = table[table["dataset"] == "neurons_shifted"]
    found = control.assign(significant=np.arange(24) < 3)
    assert "3 of 24 controls are significant" in texts.control_warning(found)
    assert texts.control_warning(control.assign(significant=np.arange(24) < 2)) is None
    marked = table.assign(significant=table["significant"] | (table.index == control.index[0]))
    said = " ".join(texts.evidence(marked, 0.05, {"neurons_shifted"}))
    assert "Of the negative controls, 1 of 24 are significant" in said


def test_evidence_is_counted_and_explained(demo):
    _, _, page, source, table = demo
    aside = table[table["dataset"] != "neurons_shifted"]
    n_significant, n_tested = aside["significant"].sum(), aside["q_value"].notna().sum()
    for word in (
        f"; {n_significant} of {n_tested} tested significant at a false discovery rate of 5 %, "
        "controls aside",
        "0 of 24 control pairs are significant",
        "Of the negative controls, 0 of 24 are significant",
        "390 permutation tests, with up to 9,999 permutations each.",
        "The smallest p value here is 1e-4",
        "false discovery rate: of all pairs",
    ):
        assert word in page.text
    assert source.count('title="significant"') == table["significant"].sum()
    assert ">Lag</button>" not in source and ">Within strata</button>" not in source
    assert "Thorough checks" not in page.text


def test_evidence_warns_of_few_permutations_and_tells_fitted_tails(demo):
    few = " ".join(texts.evidence(demo[4].assign(n_permutations=99)))
    assert "raise estimate.permutations.max" in few
    tail = " ".join(texts.evidence(demo[4].assign(p_method="moments"), method="by"))
    assert "beyond the largest permutation" in tail and "any dependence" in tail


def test_without_p_values_the_report_says_so(tmp_path):
    path = tmp_path / "tile-000-000.h5"
    write_tile(path, "d", [("a", "b"), ("a", "c"), ("b", "c")], [0.5, 0.1, -0.1])
    with h5py.File(path, "a") as tile:
        tile["p_value"][...] = np.nan
    page, source, _ = render(tmp_path, [path], {"run": "r", "datasets": {"d": {}}})
    assert "No pair was tested" in page.text and "No pair has a p value" in page.text
    assert "standard deviations above zero" in page.text
    assert ">q</button>" not in source
    assert (tmp_path / "figures" / "volcano.svg").exists()


def test_lags_strata_and_thorough_checks_are_shown(tmp_path):
    path = tmp_path / "tile-000-000.h5"
    pairs = [("a", "b"), ("a", "c"), ("b", "c")]
    write_tile(path, "d", 2 * pairs, [0.3, 0.1, 0.0, 0.5, 0.05, -0.1])
    with h5py.File(path, "a") as tile:
        tile["lag"][...] = [0, 0, 0, -2, -2, -2]
        tile["mi_within_bits"][...] = 0.07
        tile["sd_within_bits"][...] = 0.02
        for name in flags.CHECKS:
            tile[name][...] = 0.0 if name == "split_sd_bits" else 0.123
    datasets = {"d": {"lags": [0, -2], "strata": "batch"}}
    page, source, table = render(tmp_path, [path], {"run": "r", "datasets": datasets})
    assert {"lags-d", "strata-d"} <= set(listing.figure_stems(datasets))
    for stem in listing.figure_stems(datasets):
        assert (tmp_path / "figures" / f"{stem}.png").exists()
    assert "1 dataset, 3 pairs" in page.text
    assert "every lag of a pair is one" in page.text
    assert "bits at lag \N{MINUS SIGN}2." in page.text
    assert ">Lag</button>" in source and ">Within strata</button>" in source
    assert "Thorough checks" in page.text and page.text.count("0.123") == 3 * 4
    details, _ = read_details(report.peaks(table), [path], 1)
    with h5py.File(path) as tile:
        np.testing.assert_array_equal(details["d"]["panels"][0]["scatter"], tile["scatter"][3])


def test_heads_of_the_thorough_checks_are_complete():
    assert tuple(texts.THOROUGH) == flags.CHECKS


def test_several_reasons_count_one_by_one(demo):
    def rising(less):
        return Reason("rising_half", {"less": less, "mi": 0.5})

    why = [
        [Reason("few_samples", {"n": 80, "floor": 200}), rising(-0.1)],
        [
            Reason("unstable_halves", {"first": 0.1, "second": 0.5}),
            Reason("unstable_swapped", {"other": 0.2, "mi": 0.5}),
            rising(0.2),
        ],
        [Reason("unusable_data", {"message": "y: constant; nothing is left"})],
        [],
    ]
    table = demo[4].head(4).assign(**columns_of(why))
    assert table["flag"].tolist() == ["warn", "warn", "fail", "ok"]
    groups = {group["reason"]: group["n"] for group in texts.flag_summary(table)}
    rises = (
        "still rising with the number of samples: \N{MINUS SIGN}0.10\N{EN DASH}0.20 bits with half"
    )
    assert groups[f"{rises} of them, 0.50 with all; probably too low"] == 2
    assert groups["few samples: 80, fewer than 200"] == 1
    assert groups["y: constant; nothing is left"] == 1
    kinds = {kind["kind"]: kind["n"] for kind in texts.flag_kinds(table)}
    assert kinds == {"still rising": 2, "few samples": 1, "unstable": 1, "data cannot be used": 1}


def test_negative_controls_come_from_the_config(demo):
    assert report.negative_controls(demo[1]) == {"neurons_shifted"}
    assert report.negative_controls({}) == set()


def test_captions_are_there_for_every_figure():
    folder = report.Path(report.__file__).parents[2] / "report"
    for name in (
        *listing.DATASET_FIGURES,
        *listing.SETTING_FIGURES,
        *listing.RUN_FIGURES,
        "table",
        "report",
        "workflow",
    ):
        assert (folder / f"{name}.rst").read_text().strip()
