"""A report with names that are no markup, opened in a headless Chromium without a network."""

import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest
from helpers.runs import ASKED, columns_of, write_results, write_tile
from lmi.base.files import write
from lmi.base.reasons import Reason
from lmi.data import overview
from lmi.data.overview import Overview
from lmi.data.sample_labels import Label
from lmi.report import page as report
from lmi.results import columns, origin
from lmi.results.table import aggregate
from playwright.sync_api import sync_playwright

HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "\"quoted\" & 'single'",
    "</script><script>alert(2)</script>",
    "two\nlines\tand a tab",
    "µ–漢字 🧬 name",
    "%{customdata} $\\frac{1}{2}$ <b>bold</b>",
)
STRATA = ["B & <i>T</i>", "NK"]
LIMIT_MS = 20_000


def hostile(folder):
    """Write a dataset whose names would be markup: its tile and its block."""
    pairs = [(x, y) for i, x in enumerate(HOSTILE) for y in HOSTILE[i + 1 :]]
    mi = np.linspace(0.9, -0.05, len(pairs))
    mi[4] = np.nan
    lags = np.repeat([0, 2], len(pairs))
    tile = folder / "hostile" / "estimates" / "tile-000-000.h5"
    write_tile(tile, "hostile", 2 * pairs, np.r_[mi, mi - 0.1], n_samples=300)
    why = [[Reason("few_samples", {"n": 80, "floor": 200})], *[[]] * (2 * len(pairs) - 1)]
    with h5py.File(tile, "a") as file:
        file["lag"][...] = lags
        file["mi_within_bits"][...] = 0.05
        for name in ASKED:  # groups that are compared, and transfer
            file[name][...] = np.linspace(0.001, 0.3, 2 * len(pairs))
        file["groups"][...] = 2 * len(pairs) * ["<i>treated</i> against control"]
        drawn = np.random.default_rng(1).normal(0.0, 0.02, (2 * len(pairs), 40))
        file["null_bits"] = np.pad(drawn, ((0, 0), (0, 60)), constant_values=np.nan)
        labels = np.full((2 * len(pairs), 2, 300), np.nan, np.float32)
        labels[0, 0] = np.arange(300) % 3
        labels[0, 1] = np.arange(300) % 2
        file["label"] = labels
        file["within_strata"][0] = f"{STRATA[0]}: 0.100 (n 150); {STRATA[1]}: -0.010 (n 150)"
        for name, values in columns_of(why).items():
            file[name][...] = values
    rng = np.random.default_rng(0)
    block = folder / "hostile" / "variables" / "block-000.h5"
    block.parent.mkdir()
    write(
        block,
        {
            "name": list(HOSTILE),
            "error": [""] * 6,
            "n_features": np.array([3, 2, 1, 1, 1, 1]),
            "missing": np.zeros(6),
            "kind": ["wide"] * 6,
            "value": np.zeros((6, 300), np.float32),
            "n_scores": np.full((6, 3), 2),
            "linear": rng.standard_normal((6, 300, 2)).astype(np.float32),
            "feature_name": ["<u>one", *[f"<u>{name}" for name in HOSTILE], "<u>last"],
            "zscores": rng.standard_normal((300, 8)).astype(np.float32),
            "sample_row": np.arange(300),
            "sample_name": [f"<s>{i}" for i in range(300)],
            "dropped_sample": ["s1", "s2"],
            "dropped_sample_reason": ["missing value"] * 2,
            "dropped_feature": ["<z>"],
            "dropped_feature_variable": np.array([0]),
            "dropped_feature_reason": ["does not vary"],
            "strata": np.arange(300) % 2,
            "strata_names": STRATA,
        },
        {"dataset": "hostile", "named_features": True},
    )
    groups = [f"<i>group</i> {i}" for i in range(9)]
    labels = [
        Label("<u>donor", groups, [None, *(np.arange(299) % 9).tolist()]),
        Label("<b>depth", [], [None, *np.linspace(0.0, 5.0, 299).tolist()]),
    ]
    data = folder / "hostile" / "data.json"
    rows = list(range(300))
    overview.write(data, Overview("hostile", "source", 300, label_rows=rows, labels=labels))
    return tile, block, data


def selection(folder, table):
    """Write what two variables of that dataset, one without an error bar, tell of a third."""
    row = {column.name: 0.25 for column in columns.TARGETS}
    row |= {"target": HOSTILE[0], "n_candidates": 5, "flag": "ok", "reason": ""}
    rows = [
        row | {"step": 1, "variable": HOSTILE[1]},
        row | {"step": 2, "variable": HOSTILE[5], "added_bits": 0.1, "sd_added_bits": np.nan},
    ]
    written = origin.arrays(origin.frame(rows, columns.TARGETS))
    key = origin.rows_key(table[table["dataset"] == "hostile"])
    write(folder / "hostile" / "selection.h5", written, {"rows_key": key})


@pytest.fixture(scope="session")
def run(tmp_path_factory):
    """Return the path of a report and its table."""
    folder = tmp_path_factory.mktemp("report")
    tiles, config = write_results(folder)
    tile, block, data = hostile(folder)
    its = {"source": "<s>.csv", "lags": [0, 2], "strata": "cell type", "select": {}}
    config["datasets"]["hostile"] = its
    files = (folder / "mi.tsv", folder / "mi.parquet")
    table = aggregate([*tiles, tile], *files, list(config["datasets"]))
    selection(folder, table)
    path = folder / "report.html"
    figures = folder / "figures"
    draw, report._write_figures = report._write_figures, lambda *arguments: None
    try:
        report.write(path, figures, files[1], [*tiles, tile], config, folder, [block], [data])
    finally:
        report._write_figures = draw
    return path, table


@pytest.fixture(scope="session")
def chromium():
    """Return a Chromium, the same for all tests."""
    names = ("chromium", "chromium-browser", "google-chrome")
    path = next((found for name in names if (found := shutil.which(name))), None)
    assert path, "no Chromium: tests/browser/install.sh installs one"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


class Tab:
    """A report in a tab of its own.

    Attributes
    ----------
    page : playwright.sync_api.Page
    said : list of str
        Errors and warnings of the console, dialogs, and requests other than for the file.
    """

    def __init__(self, chromium, path, **options):
        options = {"viewport": {"width": 1400, "height": 900}} | options
        self.context = chromium.new_context(accept_downloads=True, **options)
        self.page = self.context.new_page()
        self.page.set_default_timeout(LIMIT_MS)
        self.said = []
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.said.append("dialog"), dialog.dismiss()))
        address = Path(path).as_uri()
        self.page.on("request", lambda request: self._request(request.url, address))
        self.page.goto(address)
        self.page.wait_for_selector("html[data-ready]")

    def _console(self, message):
        if message.type in ("error", "warning", "trace"):  # traces are Plotly's warnings
            self.said.append(message.text)

    def _request(self, url, address):
        if url.partition("#")[0] != address and not url.startswith(("data:", "blob:")):
            self.said.append(url)

    def show(self, name):
        """Scroll to a plot, wait until it is drawn, and return it."""
        place = self.page.locator(f"#{name}")
        place.scroll_into_view_if_needed()
        # until the browser tells that it is in view, what was chosen before may be there
        self.page.wait_for_selector(f"#{name}:not([data-stale]) .main-svg")
        return place

    def click(self, selector):
        """Click on the first such element once it keeps its place.

        Plots that come into view on the way to it are drawn late on a busy machine, and move it.
        """
        before, kept = None, 0
        while kept < 3:
            box = self.page.evaluate(
                """selector => {
                    const one = document.querySelector(selector);
                    one?.scrollIntoView({block: "center"});
                    return one && JSON.stringify(one.getBoundingClientRect());
                }""",
                selector,
            )
            before, kept = box, kept + 1 if box and box == before else 0
            self.page.wait_for_timeout(150)
        self.page.locator(selector).first.click()

    def rows(self):
        """Return the texts of the cells of the first rows, by column."""
        return self.page.evaluate(
            """() => Array.from(document.querySelectorAll("#pairs .tabulator-row"), row =>
                Object.fromEntries(Array.from(row.querySelectorAll(".tabulator-cell"), cell =>
                    [cell.getAttribute("tabulator-field"), cell.textContent])))"""
        )

    def wait(self, expression):
        """Wait until a JavaScript expression holds."""
        self.page.wait_for_function(f"() => {expression}")


@pytest.fixture
def open_report(chromium, run):
    """Return what opens the report; whatever a test did, nothing was asked for or complained of."""
    tabs = []

    def opened(**options):
        tabs.append(Tab(chromium, run[0], **options))
        return tabs[-1]

    yield opened
    said = [text for tab in tabs for text in tab.said]
    for tab in tabs:
        tab.context.close()
    assert said == []
