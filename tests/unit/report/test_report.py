"""The report: complete, self-contained, safe against names, and content with very little."""

import base64
import gzip
import hashlib
import json
import re
from html.parser import HTMLParser

import h5py
import numpy as np
import pandas as pd
import pytest
import yaml
from helpers.runs import MODULES, columns_of, write_results, write_tile
from lmi.base.errors import InputError
from lmi.base.files import SCHEMA, write
from lmi.base.reasons import Reason
from lmi.data import overview
from lmi.estimation import flags
from lmi.planning.config import load
from lmi.report import listing, payload, provenance, texts
from lmi.report import page as report
from lmi.report.details import read_details
from lmi.report.figures import NothingToShow, training
from lmi.results import columns, origin
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


def unpack(source, name):
    """Return the words and arrays that a page holds, as its script takes them apart."""
    text = re.search(rf'<script type="text/plain" id="{name}">(.*?)</script>', source).group(1)
    whole = gzip.decompress(base64.b64decode(text))
    start = 4 + int.from_bytes(whole[:4], "little")
    words, arrays = json.loads(whole[4:start]), {}
    for key, entry in words["arrays"].items():
        kind = np.dtype(entry["type"])
        assert (start + entry["start"]) % kind.itemsize == 0
        values = np.frombuffer(whole, kind, entry["length"], start + entry["start"])
        if "step" in entry:
            missing = values == np.iinfo(kind).max
            values = np.where(missing, np.nan, entry["low"] + entry["step"] * values.astype(float))
        arrays[key] = values
    return words, arrays


def column(source, name):
    words, arrays = unpack(source, "light")
    (entry,) = (one for one in words["columns"] if one["name"] == name)
    texts = words["variables"] if entry["kind"] == "variable" else entry.get("texts")
    return arrays[name] if texts is None else [texts[code] for code in arrays[name]]


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


def test_figures_are_saved_beside_the_page(demo):
    folder, config, page, _, _ = demo
    stems = listing.figure_stems(config["datasets"])
    assert {path.name for path in (folder / "figures").iterdir()} == {
        f"{stem}.{suffix}" for stem in stems for suffix in ("png", "svg")
    }
    assert page.all("img") == []


def test_the_page_holds_every_row_and_column(demo):
    _, _, _, source, table = demo
    for name in ("dataset", "x", "y", "flag", "reason"):
        assert column(source, name) == table[name].tolist()
    for name in ("mi_bits", "sd_bits", "null_sd_bits"):
        np.testing.assert_allclose(column(source, name), table[name], rtol=1e-6)
    np.testing.assert_array_equal(column(source, "q_value"), table["q_value"])
    words, _ = unpack(source, "light")
    names = {one["name"] for one in words["columns"]}
    # what no pair has is no column
    assert "lag" not in names and "swapped_bits" not in names and "truth_bits" in names


def test_heat_maps_and_networks_have_the_variables_of_their_dataset(demo):
    _, _, _, source, table = demo
    words, arrays = unpack(source, "light")
    cells, _, shifted, single = words["datasets"]
    assert cells["symmetric"] and "a list rather than a grid" in shifted["note"]
    assert "at least three" in single["note"]
    rows = [words["variables"][code] for code in arrays["rows-0"]]
    assert sorted(rows) == sorted(MODULES)
    nodes = {words["variables"][code]: i for i, code in enumerate(arrays["nodes-0"])}
    sure = table[(table["dataset"] == "cells") & table["significant"]]
    for name, place in nodes.items():
        its = sure[(sure["x"] == name) | (sure["y"] == name)]
        assert arrays["degree-0"][place] == len(its)
        np.testing.assert_allclose(arrays["hub-0"][place], its["mi_bits"].sum(), rtol=1e-5)
        assert (arrays["community-0"][place] > 0) == (len(its) > 0)
    assert np.isfinite(arrays["place_x-0"]).all()


def test_the_page_needs_nothing_else_and_runs_only_its_scripts(demo):
    _, _, page, source, _ = demo
    assert not page.all("link") and all("src" not in script for script in page.all("script"))
    assert "@import" not in source and "url(" not in source
    policy = next(meta["content"] for meta in page.all("meta") if "http-equiv" in meta)
    assert policy.startswith("default-src 'none'") and "unsafe-eval" not in policy
    script = re.search(r"<script>(.*?)</script>", source, re.DOTALL).group(1)
    codes = [script]
    for name in ("plotly", "tabulator"):
        text = re.search(rf'<script type="text/plain" id="{name}">(.*?)</script>', source).group(1)
        codes.append(gzip.decompress(base64.b64decode(text)).decode())
        assert "sourceMappingURL" not in codes[-1]
    digests = {base64.b64encode(hashlib.sha256(code.encode()).digest()).decode() for code in codes}
    assert set(re.findall(r"'sha256-([^']+)'", policy)) == digests


def test_libraries_are_those_that_their_list_says():
    folder = report.FOLDER / "vendor"
    lines = re.findall(
        r"^\| (\S+\.(?:js|css)) \|.*\| ([0-9a-f]{64}) \|$", (folder / "README.md").read_text(), re.M
    )
    assert {name for name, _ in lines} == {path.name for path in folder.glob("*.min.*")}
    for name, digest in lines:
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest


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
    assert "<script>alert" not in source
    assert column(source, "x").count(NAME) == 2 and "{{ 7 * 7 }}" in column(source, "y")
    assert len(page.all("script")) == 5
    assert page.all("img") == []
    assert not any(name.startswith("on") for _, attributes in page.tags for name in attributes)
    assert NAME in page.text
    stem = listing.figure_stem("heatmap", NAME)
    assert re.fullmatch(r"[\w.@+-]+", stem) and (tmp_path / "figures" / f"{stem}.svg").exists()


def test_a_run_that_kept_nothing_and_has_no_truth(tmp_path):
    path = tmp_path / "tile-000-000.h5"
    write_tile(path, "d", [("a", "b"), ("a", "c"), ("b", "c")], [0.5, 0.1, -0.1], keep=False)
    with h5py.File(path, "a") as tile:
        for name in ("loss_train", "loss_validation", "loss_step"):
            del tile[name]
    page, source, _ = render(tmp_path, [path], {"run": "r", "datasets": {"d": {}}}, "nowhere")
    words, _ = unpack(source, "heavy")
    assert words["details"][0]["pairs"] == words["details"][0]["trained"] == []
    assert page.all("div") and not [one for one in page.all("div") if one.get("id") == "truth-plot"]
    assert "No benchmark files were found" in page.text


def test_a_single_pair(tmp_path):
    path = tmp_path / "tile-000-000.h5"
    write_tile(path, "documented_example", [("x", "y")], [0.39], truth_bits=0.4037)
    page, _, _ = render(tmp_path, [path], {"datasets": {"documented_example": {"task": {}}}})
    assert "1 dataset, 1 pair" in page.text
    assert "1 pair of 2 variables, 700 samples. x with y: 0.39" in page.text
    assert "All 1 pair." in page.text


def test_all_pairs_failed(tmp_path):
    path = tmp_path / "tile-000-000.h5"
    write_tile(path, "d", [("a", "b"), ("a", "c"), ("b", "c")], [np.nan] * 3)
    page, _, _ = render(tmp_path, [path], {"run": "r", "datasets": {"d": {}}})
    assert "No pair has an estimate that can be trusted." in page.text
    assert "3 failed." in page.text
    assert (tmp_path / "figures" / "distribution.png").exists()


def test_without_error_bars_nothing_is_said_about_them(tmp_path):
    path = tmp_path / "tile-000-000.h5"
    write_tile(path, "d", [("a", "b"), ("a", "c"), ("b", "c")], [0.5, 0.1, -0.1])
    with h5py.File(path, "a") as tile:
        tile["sd_bits"][...] = tile["sd_ksg_bits"][...] = np.nan
    page, _, _ = render(tmp_path, [path], {"run": "r", "datasets": {"d": {}}})
    assert "standard deviations above zero" not in page.text
    assert "Strongest: a with b, 0.500 bits." in page.text


def test_too_many_pairs_are_shared_among_datasets_and_the_page_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(payload, "MAX_ROWS", 40)
    tiles = []
    for name, n in (("large", 60), ("small", 12)):
        tiles.append(tmp_path / f"{name}.h5")
        write_tile(tiles[-1], name, [(f"a{i}", "b") for i in range(n)], np.linspace(1, 0, n))
    page, source, table = render(
        tmp_path, tiles, {"run": "r", "datasets": {"large": {}, "small": {}}}
    )
    assert column(source, "dataset") == ["large"] * 28 + ["small"] * 12
    assert column(source, "x") == table["x"][:28].tolist() + table["x"][60:].tolist()
    assert "The strongest 40 of 72 pairs" in page.text
    _, arrays = unpack(source, "light")
    # the heat map has its cells nevertheless
    assert len(arrays["matrix-0"]) == len(arrays["rows-0"]) * len(arrays["columns-0"])
    assert "matrix-1" not in arrays


def test_a_heat_map_that_is_too_large_for_the_page_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(payload, "MAX_SIDE", 5)
    path = tmp_path / "tile-000-000.h5"
    pairs = [(f"a{i}", f"b{j}") for i in range(6) for j in range(3)]
    write_tile(path, "d", pairs, np.linspace(1, 0, 18))
    _, source, _ = render(tmp_path, [path], {"run": "r", "datasets": {"d": {}}})
    words, arrays = unpack(source, "light")
    assert words["datasets"][0]["note"].startswith("6 variables are more than")
    assert "rows-0" not in arrays and len(arrays["nodes-0"]) == 9


def test_pointwise_values_belong_to_the_samples_shown(tmp_path):
    path = tmp_path / "tile-000-000.h5"
    write_tile(path, "d", [("a", "b"), ("c", "d")], [0.2, 0.9], n_samples=3000)
    table = aggregate([path], tmp_path / "mi.tsv", tmp_path / "mi.parquet")
    details, _ = read_details(table, [path], 1)
    (panel,) = details["d"]["panels"]
    assert panel["row"] == 0
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
    with pytest.raises(InputError, match=f"expected schema version {SCHEMA}, found 1"):
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
    assert "2 pairs share features" in page.text and "CD4, <b>" not in source
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
    assert page.text.count("This control is not at zero") == 1


def test_what_a_dataset_asked_beside_information_is_told(demo):
    part = (
        demo[4]
        .head(4)
        .assign(
            q_conditional=[0.01, 0.5, np.nan, 0.04],
            q_delta=[0.2, 0.3, 0.01, np.nan],
            groups=["", "{} against control", "{} against control", ""],
            q_xy=[0.2, 0.01, np.nan, 0.3],
            q_yx=[0.01, 0.01, np.nan, 0.3],
        )
    )
    said = " ".join(texts.summary(part))
    assert "2 of 3 pairs share more than what is given explains." in said
    assert "1 of 3 pairs differ between the groups, {} against control." in said
    assert "Of 2 of 3 pairs the past of one tells of the other." in said
    steps = pd.DataFrame(
        {
            "target": ["fate", "fate", "size"],
            "variable": ["<cycle>", "stress", "cycle"],
            "total_bits": [0.5, 0.8, 0.3],
            "sd_total_bits": [0.1, 0.1, 0.02],
        }
    )
    said = " ".join(texts.summary(part, selected=steps))
    assert "<cycle> and stress together tell 0.80 ± 0.10 bits of fate." in said
    assert "cycle tells 0.30 ± 0.02 bits of size." in said
    plain = " ".join(texts.summary(demo[4].head(4), selected=steps.head(0)))
    assert not any(word in plain for word in ("tell", "given", "groups", "past"))


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
    assert column(source, "significant").sum() == table["significant"].sum()


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
    assert "No pair was tested" in page.text
    assert "standard deviations above zero" in page.text
    assert "q_value" not in {one["name"] for one in unpack(source, "light")[0]["columns"]}
    assert (tmp_path / "figures" / "volcano.svg").exists()


def test_lags_strata_and_thorough_checks_are_in_the_page(tmp_path):
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
    _, arrays = unpack(source, "light")
    assert column(source, "lag").tolist() == table["lag"].tolist()
    assert arrays["peak"].sum() == 3 and not arrays["peak"][3:].all()
    np.testing.assert_allclose(column(source, "swapped_bits"), 0.123, rtol=1e-6)
    heavy, _ = unpack(source, "heavy")
    # details are of the peak of each pair, which stands first
    assert [arrays["peak"][row] for row in heavy["details"][0]["pairs"]] == [1, 1, 1]
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


def test_details_are_those_of_their_rows(demo):
    folder, _, _, source, table = demo
    words, arrays = unpack(source, "heavy")
    its = words["details"][0]
    n = its["samples"]
    with h5py.File(folder / "cells" / "estimates" / "tile-000-000.h5") as tile:
        names = list(zip(tile["x"].asstr()[()], tile["y"].asstr()[()], strict=True))
        shown = tile["scatter_samples"][()]
        compared = 0
        for place, row in enumerate(its["pairs"]):
            pair = (table["x"][row], table["y"][row])
            if pair not in names:
                continue  # of the other tile
            at, of = names.index(pair), slice(place * n, (place + 1) * n)
            np.testing.assert_allclose(
                arrays["scatter_x-0"][of], tile["scatter"][at, :, 0], atol=2e-4
            )
            np.testing.assert_allclose(
                arrays["pointwise-0"][of], tile["pointwise"][at][shown], atol=2e-3
            )
            compared += 1
    assert compared == 48  # two of the tile's fifty failed


def test_blocks_tell_sizes_and_first_axes(tmp_path):
    path = tmp_path / "tile-000-000.h5"
    write_tile(path, "d", [("a", "b"), ("a", "c"), ("b", "c")], [0.5, 0.1, 0.3], n_samples=50)
    rng = np.random.default_rng(0)
    linear = rng.standard_normal((3, 50, 4)).astype(np.float32)
    block = tmp_path / "block-000.h5"
    write(
        block,
        {
            "name": ["a", "b", "c"],
            "error": ["", "", ""],
            "n_features": np.array([2, 1, 3]),
            "missing": np.array([0.0, 0.25, 0.0]),
            "n_scores": np.array([[2] * 3, [1] * 3, [3] * 3]),
            "linear": linear,
            "feature_name": ["<f1>", "f2", "g", "h1", "h2", "h3"],
            "zscores": rng.standard_normal((50, 6)).astype(np.float32),
            "sample_name": [f"<s>{i}" for i in range(50)],
            "sample_row": np.arange(50),
            "dropped_sample": ["s1", "s2"],
            "dropped_sample_reason": ["missing value"] * 2,
            "dropped_feature": ["<z>"],
            "dropped_feature_variable": np.array([0]),
            "dropped_feature_reason": ["does not vary"],
            "strata": np.arange(50) % 2,
            "strata_names": ["B & T", "NK"],
        },
        {"dataset": "d", "named_features": True},
    )
    aggregate([path], tmp_path / "mi.tsv", tmp_path / "mi.parquet")
    files = (tmp_path / "r.html", tmp_path / "figures", tmp_path / "mi.parquet", [path])
    config = {"run": "r", "datasets": {"d": {}}}
    report.write(*files, config, tmp_path, [block, tmp_path / "gone.h5"])
    source = (tmp_path / "r.html").read_text(encoding="utf-8")
    page = Page(source)
    assert "d 50 2 (missing value) 3 1–3 25 % 3" in page.text
    light, _ = unpack(source, "light")
    words, arrays = unpack(source, "heavy")
    its = words["details"][0]
    assert its["labels"] == [{"name": "stratum", "groups": ["B & T", "NK"]}]
    np.testing.assert_array_equal(arrays["label_0-0"], np.arange(50) % 2)
    a = its["embedded"].index(light["variables"].index("a"))
    b = its["embedded"].index(light["variables"].index("b"))
    np.testing.assert_allclose(
        arrays["axis_2-0"][a * 50 : (a + 1) * 50], linear[0, :, 1], atol=0.02
    )
    assert np.isnan(arrays["axis_2-0"][b * 50 : (b + 1) * 50]).all()
    features = {light["variables"][int(code)]: told for code, told in its["features"].items()}
    assert features["a"]["features"] == ["<f1>", "f2"] and features["c"]["n_features"] == 3
    assert features["a"]["dropped"] == [["does not vary", 1, ["<z>"]]]
    assert its["names"][3] == "<s>3"
    assert "<f1>" not in source and "<z>" not in source and "<s>3" not in source


def test_provenance_names_command_host_and_data_files_by_content(tmp_path, monkeypatch):
    data = tmp_path / "d.csv"
    data.write_text("a,b\n1,2\n")
    monkeypatch.setenv(provenance.COMMAND, "snakemake --cores 2")
    origin = {key: [] for key in ("seed", "preset", "k", "key", "versions")}
    told = dict(provenance.facts({"run": "r"}, origin))
    assert told["Command"] == "snakemake --cores 2" and told["Host"] and "numpy" in told["Versions"]
    config = {"datasets": {"d": {"source": str(data)}, "e": {"source": [str(data), "gone.csv"]}}}
    assert provenance.sources(config) == [
        {
            "path": str(data),
            "size": 8,
            "sha256": hashlib.sha256(data.read_bytes()).hexdigest(),
        },
        {"path": "gone.csv", "size": None, "sha256": ""},
    ]
    assert provenance.commit(tmp_path) == ""


def test_what_was_read_stands_in_the_page_as_text(tmp_path):
    values = np.random.default_rng(0).normal(size=(120, 2))
    pd.DataFrame(values, columns=["<b>a</b>", "b"]).to_csv(tmp_path / "t.csv", index=False)
    dataset = load({"datasets": {"d": {"source": str(tmp_path / "t.csv")}}})["datasets"]["d"]
    overview.write(tmp_path / "data.json", overview.describe("d", dataset))
    path = tmp_path / "tile.h5"
    write_tile(path, "d", [("<b>a</b>", "b")], [0.5])
    aggregate([path], tmp_path / "mi.tsv", tmp_path / "mi.parquet")
    files = (tmp_path / "r.html", tmp_path / "figures", tmp_path / "mi.parquet", [path])
    config = {"run": "r", "datasets": {"d": {}}}
    report.write(*files, config, tmp_path, (), [tmp_path / "data.json"])
    source = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "What was read of each dataset" in source
    assert "120 samples" in Page(source).text
    assert "<b>a</b>" not in source


def test_the_page_has_what_tells_of_a_target_and_the_pairs_that_are_explained(tmp_path):
    tile = tmp_path / "tile-000-000.h5"
    names = [("a <i>", "b"), ("b", "c"), ("a <i>", "c")]
    write_tile(tile, "d", names, [1.5, 1.2, 0.4])
    table = aggregate([tile], tmp_path / "mi.tsv", tmp_path / "mi.parquet")
    row = {column.name: 0.25 for column in columns.TARGETS}
    row |= {"target": "c", "step": 1, "variable": "a <i>", "n_candidates": 2}
    row |= {"flag": "ok", "reason": ""}
    selected = origin.arrays(origin.frame([row], columns.TARGETS))
    for name, key in (("d", origin.rows_key(table)), ("e", "another table")):
        write(tmp_path / name / "selection.h5", selected, {"rows_key": key})
    datasets = {"d": {"pairs": {"target": "c"}, "select": {}}}
    config = {"run": "r", "datasets": datasets, "report": {"fdr": 0.9}}
    files = tmp_path / "r.html", tmp_path / "figures", tmp_path / "mi.parquet", [tile]
    report.write(*files, config, tmp_path)
    source = (tmp_path / "r.html").read_text(encoding="utf-8")
    page = Page(source)
    assert "What tells of a target" in page.text and "a <i>" in page.text
    assert [one["id"] for one in page.all("div") if one.get("id", "").startswith("targets-")]
    assert (tmp_path / "figures" / "select-d.png").exists()
    light, arrays = unpack(source, "light")
    (drawn,) = light["datasets"][0]["selected"]
    assert drawn["variable"] == "a <i>" and drawn["added_bits"] == 0.25
    rows = list(zip(arrays["x"], arrays["y"], arrays["explained"], strict=True))
    named = {(light["variables"][x], light["variables"][y]): bool(of) for x, y, of in rows}
    assert named == {("a <i>", "b"): False, ("b", "c"): False, ("a <i>", "c"): True}
    assert light["datasets"][0]["explained_by"] == "data processing inequality"
    # without the key in the config, what an earlier one has left is not shown
    report.write(*files, config | {"datasets": {"d": {}}}, tmp_path)
    source = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "What tells of a target" not in source
