"""The report in a browser: what it shows and does, without a network and without complaint."""

import csv
import re

import numpy as np
import pytest
from browser.conftest import HOSTILE, STRATA

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


@pytest.fixture
def tab(open_report):
    return open_report()


def choose(tab, dataset):
    tab.page.select_option("#dataset", label=dataset)
    tab.show("heatmap")
    tab.wait(f"document.getElementById('dataset-name').textContent === '{dataset}'")


def open_first(tab, query):
    tab.page.fill("#query", query)
    tab.wait("document.getElementById('count').textContent.includes(' of ')")
    tab.click("#pairs .open")
    tab.page.wait_for_selector("#panel[open]")


def test_it_opens_and_every_plot_is_drawn(tab):
    ready = float(tab.page.evaluate("document.documentElement.dataset.ready"))
    size = tab.page.evaluate("document.documentElement.outerHTML.length")
    print(f"report of {size / 1e6:.1f} MB ready after {ready:.0f} ms")
    for name in ("heatmap", "network", "strongest", "distribution", "volcano", "truth-plot"):
        tab.show(name)
    assert tab.page.locator("#failed").is_hidden()


def test_differences_between_groups_and_directions_are_drawn_and_told(tab):
    choose(tab, "hostile")
    for name in ("groups", "changes", "transfer"):
        tab.show(name)
        assert tab.page.locator(f"#{name} .point, #{name} path.point").count() > 0
    said = tab.page.evaluate("document.querySelector('#changes').textContent")
    assert "<i>treated</i> against control" in said
    choose(tab, "cells")
    for name in ("groups", "changes", "transfer"):  # not asked of this one
        assert not tab.page.locator(f"#figure-{name}").is_visible()


def test_the_table_has_all_rows_and_sorts_by_value(tab, run):
    table = run[1][~run[1].duplicated(["dataset", "x", "y"])]
    assert tab.page.text_content("#count") == f"{len(table)} rows"
    for order, expected in (
        ("descending", table["mi_bits"].max()),
        ("ascending", table["mi_bits"].min()),
    ):
        tab.click("#pairs .tabulator-col[tabulator-field=mi_bits] .tabulator-col-title")
        tab.page.wait_for_selector(
            f"#pairs .tabulator-col[tabulator-field=mi_bits][aria-sort={order}]"
        )
        first = float(tab.rows()[0]["mi_bits"].replace("−", "-"))
        assert first == pytest.approx(expected, abs=1e-3)
    # missing values come last either way
    assert tab.rows()[0]["mi_bits"] != "–"


@pytest.mark.parametrize(
    "query, keep",
    [
        ("q < .01", lambda t: t["q_value"] < 0.01),
        ("mi > .2 and q<=.04", lambda t: (t["mi_bits"] > 0.2) & (t["q_value"] <= 0.04)),
        (
            "neurons mi >= 0.1",
            lambda t: t["dataset"].str.contains("neurons") & (t["mi_bits"] >= 0.1),
        ),
        ("monocyte CELLS", lambda t: (t["x"] + t["y"]).str.contains("monocyte")),
        ('"B cell"', lambda t: (t["x"] == "B cell") | (t["y"] == "B cell")),
        ("fail", lambda t: t["flag"] == "fail"),
    ],
)
def test_filters_over_all_columns(tab, run, query, keep):
    table = run[1][~run[1].duplicated(["dataset", "x", "y"])]
    tab.page.fill("#query", query)
    n = int(keep(table).sum())
    assert 0 < n < len(table)
    tab.wait(f"document.getElementById('count').textContent === '{n} of {len(table)} rows'")


def test_a_column_that_is_not_there_is_told(tab):
    tab.page.fill("#query", "weight > 3")
    tab.wait("document.getElementById('count').textContent.includes(\"called 'weight'\")")


def test_filters_of_columns_and_the_column_chooser(tab, run):
    table = run[1][~run[1].duplicated(["dataset", "x", "y"])]
    for head, asked in (("MI", "0.2 .. 0.6"), ("Dataset", "cells")):
        tab.page.locator(f"#pairs input[aria-label='Filter {head}']").press_sequentially(asked)
    n = int((table["mi_bits"].between(0.2, 0.6) & (table["dataset"] == "cells")).sum())
    tab.wait(f"document.getElementById('count').textContent === '{n} of {len(table)} rows'")
    assert "n_permutations" not in tab.rows()[0] or not tab.page.is_visible(
        "#pairs .tabulator-col[tabulator-field=n_permutations]"
    )
    tab.page.click(".chooser summary")
    tab.page.check("#columns label:has-text('n_permutations') input")
    tab.page.wait_for_selector("#pairs .tabulator-col[tabulator-field=n_permutations]")
    tab.page.click("#clear")
    tab.wait(f"document.getElementById('count').textContent === '{len(table)} rows'")


def test_lags_are_shown_when_asked_for(tab, run):
    tab.page.check("#every-lag")
    tab.wait(f"document.getElementById('count').textContent === '{len(run[1])} rows'")


def test_what_is_filtered_can_be_downloaded_with_all_columns(tab, run):
    table = run[1][~run[1].duplicated(["dataset", "x", "y"])]
    expected = table[table["dataset"] == "hostile"]
    tab.page.fill("#query", "hostile")
    tab.wait("document.getElementById('count').textContent.includes(' of ')")
    with tab.page.expect_download() as download:
        tab.page.click("#download")
    with open(download.value.path(), encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["x"] for row in rows] == expected["x"].tolist()
    values = np.array([row["mi_bits"] for row in rows], float)
    np.testing.assert_allclose(values, expected["mi_bits"], rtol=1e-5)
    assert {"null_mean_bits", "reason_codes", "n_features_x"} <= set(rows[0])


def test_names_are_text_wherever_they_stand(tab):
    tab.page.fill("#query", "hostile")
    tab.wait("document.getElementById('count').textContent.includes(' of ')")
    rows = tab.rows()
    shown = {row["x"] for row in rows} | {row["y"] for row in rows}
    assert {name for name in HOSTILE if "\n" not in name} <= shown
    assert "two�lines�and a tab" in shown
    choose(tab, "hostile")
    labels = tab.page.locator("#heatmap .ytick text").all_text_contents()
    assert len(labels) == len(HOSTILE)
    assert any("<img src=x" in text for text in labels)
    assert any("</" in text for text in labels)
    for name in ("network", "strongest", "volcano", "distribution"):
        tab.show(name)
    assert tab.page.locator("img, #heatmap b, #pairs b").count() == 0
    open_first(tab, "hostile mi > .8")
    assert tab.page.text_content("#panel-title").startswith(HOSTILE[0])
    for name in (
        "pair-xy",
        "pair-x",
        "pair-y",
        "pair-loadings-x",
        "pair-loadings-y",
        "pair-null",
        "pair-lag",
        "pair-size",
        "pair-strata",
        "pair-taken",
    ):
        tab.show(name)
    assert "100 of 300 samples get their own label" in tab.page.locator("#panel").text_content()
    features = tab.page.locator("#pair-loadings-x .ytick text").all_text_contents()
    assert len(features) == 3 and "<u>one" in features
    assert STRATA[0] in " ".join(tab.page.locator("#pair-strata .ytick text").all_text_contents())
    assert tab.page.locator("img, #panel i, #panel u").count() == 0


def test_a_pair_has_its_figures_and_what_its_flag_asks_for(tab):
    open_first(tab, "hostile warn")
    panel = tab.page.locator("#panel")
    assert "few samples: 80, fewer than 200" in panel.text_content()
    assert "What to do (few samples)" in panel.text_content()
    tab.show("pair-training")
    tab.show("pair-xy")
    colours = (
        "Array.from(document.querySelectorAll('#pair-xy .points path'), p => p.style.fill).join()"
    )
    before = tab.page.evaluate(colours)
    for label, n_groups in (("stratum", 2), ("<u>donor", 9), ("<b>depth", 0)):
        tab.page.select_option("#colour-by", label=label)
        tab.wait(f"document.querySelectorAll('#sample-groups .group').length === {n_groups}")
        tab.page.wait_for_function(f"before => {colours} !== before", arg=before)
        before = tab.page.evaluate(colours)
    assert "<b>depth" in tab.page.text_content("#pair-xy .cbtitle")
    tab.page.keyboard.press("Escape")
    tab.wait("!document.getElementById('panel').open")


def test_the_observed_value_stands_beside_those_of_permutations(tab):
    open_first(tab, "hostile mi > .8")
    tab.show("pair-null")
    caption = tab.page.text_content("figure:has(#pair-null) figcaption")
    assert "Bars: the uncorrected estimate of 40 permutations" in caption
    bars = "Array.from(document.querySelectorAll('#pair-null .bars path'), p => p.getBBox())"
    boxes = tab.page.evaluate(f"{bars}.map(box => [box.x, box.width * box.height])")
    assert sum(area > 0 for _, area in boxes) > 3
    # the line of the observed value is right of all of them
    lines = "document.querySelectorAll('#pair-null .scatterlayer .js-line')"
    observed = tab.page.evaluate(f"Array.from({lines}).at(-1).getBBox().x")
    assert observed > max(x for x, _ in boxes)


@pytest.mark.parametrize("options", [{}, PHONE], ids=["wide", "phone"])
def test_no_name_in_the_network_covers_another(open_report, options):
    tab = open_report(**options)
    choose(tab, "cells")
    tab.show("network")
    boxes = tab.page.evaluate(
        """() => Array.from(document.querySelectorAll("#network .textpoint text"))
            .filter(text => text.textContent).map(text => text.getBoundingClientRect())
            .map(box => [box.left, box.top, box.right, box.bottom])"""
    )
    assert len(boxes) >= 5
    for i, (left, top, right, bottom) in enumerate(boxes):
        for x0, y0, x1, y1 in boxes[:i]:
            across, down = min(right, x1) - max(left, x0), min(bottom, y1) - max(top, y0)
            assert across < 2 or down < 4


def test_the_flag_is_in_view_without_scrolling_the_table(tab):
    head = tab.page.locator("#pairs .tabulator-col[tabulator-field=flag]").bounding_box()
    table = tab.page.locator("#pairs").bounding_box()
    assert head["x"] + head["width"] <= table["x"] + table["width"]


def test_a_variable_has_its_pairs_and_leads_to_the_table(tab, run):
    tab.page.fill("#find-variable", "B cell")
    tab.page.press("#find-variable", "Tab")
    tab.page.wait_for_selector("#panel[open]")
    panel = tab.page.locator("#panel")
    assert tab.page.text_content("#panel-title") == "B cell"
    assert "Hub score" in panel.text_content() and "Community" in panel.text_content()
    tab.show("variable-pairs")
    n = int(((run[1]["x"] == "B cell") | (run[1]["y"] == "B cell")).sum())
    panel.get_by_role("button", name=f"Show its {n} pairs in the table").click()
    tab.wait(f"document.getElementById('count').textContent.startsWith('{n} of ')")


def test_hovering_tells_a_pair_and_a_click_opens_it(tab):
    place = tab.show("heatmap")
    box = place.locator(".nsewdrag").first.bounding_box()
    x, y = box["x"] + box["width"] * 0.53, box["y"] + box["height"] * 0.03
    tab.page.mouse.move(x - 3, y)
    tab.page.mouse.move(x, y)
    tab.page.wait_for_selector("#heatmap .hovertext")
    said = tab.page.text_content("#heatmap .hovertext")
    assert re.search(r" – .*bits.*uncorrected.*q .*(ok|warn)", said) or "not estimated" in said
    name = said.partition("−")[0]
    tab.page.mouse.click(x, y)
    if "not estimated" not in name:
        tab.page.wait_for_selector("#panel[open]")
        assert tab.page.text_content("#panel-title") in said


def test_the_network_follows_its_sliders(tab):
    tab.show("network")
    n = [int(re.match(r"[\d,]+", tab.page.text_content("#network-said"))[0].replace(",", ""))]
    for value in ("0.3", "0.8"):
        tab.page.evaluate(
            """value => {
                const slider = document.getElementById("min-mi");
                slider.value = value;
                slider.dispatchEvent(new Event("input"));
            }""",
            value,
        )
        tab.wait(f"!document.getElementById('network-said').textContent.startsWith('{n[-1]} ')")
        n.append(int(re.match(r"[\d,]+", tab.page.text_content("#network-said"))[0]))
    assert n[0] > n[1] > n[2]


def test_no_chart_can_be_uploaded(tab):
    tab.show("heatmap")
    buttons = tab.page.locator("#heatmap .modebar-btn").evaluate_all(
        "buttons => buttons.map(button => button.dataset.title)"
    )
    assert any("Download" in title for title in buttons)
    assert not any(re.search("cloud|share|link", title, re.I) for title in buttons)


def test_what_tells_of_a_target_is_drawn_with_its_numbers(tab):
    place = tab.page.locator("[id^=targets-]").get_attribute("id")
    tab.show(place)
    drawn = tab.page.locator(f"#{place}")
    names = drawn.locator(".ytick text").all_text_contents()
    assert [name.split(".")[0] for name in names] == ["1", "2"] and "quoted" in names[0]
    assert "together 0.25 ± 0.25" in drawn.locator(".xtitle").text_content()
    drawn.locator(".scatterlayer .point").first.hover(force=True)
    tab.page.wait_for_selector(f"#{place} .hovertext")
    assert "added to those above: 0.25 ± 0.25" in drawn.locator(".hovertext").text_content()


def test_a_dataset_without_a_heat_map_says_why(tab):
    tab.page.locator("#heatmap").scroll_into_view_if_needed()
    tab.page.select_option("#dataset", label="neurons_shifted")
    tab.wait("document.getElementById('heatmap').textContent.includes('a list rather than a grid')")
    tab.page.select_option("#dataset", label="cells")
    tab.show("heatmap")


@pytest.mark.parametrize("options", [PHONE, {"color_scheme": "dark"}], ids=["phone", "dark"])
def test_it_fits_a_phone_and_is_legible_in_the_dark(open_report, options):
    tab = open_report(**options)
    for name in ("heatmap", "network", "strongest", "distribution", "volcano"):
        tab.show(name)
    width = tab.page.evaluate("innerWidth")
    assert tab.page.evaluate("document.documentElement.scrollWidth") <= width
    place = tab.page.locator("[id^=targets-]").get_attribute("id")
    tab.show(place)
    ticks = ", ".join(
        f"#{one} text" for one in ("heatmap .xtick", "volcano .ytick", f"{place} .ytick")
    )
    sizes = tab.page.locator(ticks).evaluate_all(
        "texts => texts.map(text => parseFloat(getComputedStyle(text).fontSize))"
    )
    assert min(sizes) >= 11
    assert poor_contrast(tab) == []
    tab.click("#pairs .open")
    tab.show("pair-xy")
    assert poor_contrast(tab) == []


def poor_contrast(tab):
    """Return the texts outside of plots whose contrast with what is behind them is below 4.5."""
    return tab.page.evaluate(
        """() => {
            const numbers = text => text.match(/[\\d.]+/g).map(Number);
            const light = ([r, g, b]) => [r, g, b].map(value => value / 255)
                .map(value => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4)
                .reduce((sum, value, i) => sum + value * [0.2126, 0.7152, 0.0722][i], 0);
            const behind = element => {
                for (let one = element; one; one = one.parentElement) {
                    const colour = numbers(getComputedStyle(one).backgroundColor);
                    if (colour.length < 4 || colour[3] === 1) return colour;
                }
                return [255, 255, 255];
            };
            const poor = [];
            const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
            while (walker.nextNode()) {
                const element = walker.currentNode.parentElement;
                const text = walker.currentNode.textContent.trim();
                if (!text || element.closest("script, style, svg, noscript, option, datalist") ||
                    !element.checkVisibility()) continue;
                const colours = [numbers(getComputedStyle(element).color), behind(element)];
                const [a, b] = colours.map(light);
                const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
                if (contrast < 4.5) poor.push(`${contrast.toFixed(2)}: ${text.slice(0, 60)}`);
            }
            return poor;
        }"""
    )


def test_headings_are_in_order_and_everything_has_a_name(tab):
    problems = tab.page.evaluate(
        """() => {
            const found = [];
            const levels = Array.from(document.querySelectorAll("main h2, main h3, h1"),
                one => Number(one.tagName[1]));
            levels.forEach((level, i) => {
                if (i && level > levels[i - 1] + 1) found.push(`heading ${i}`);
            });
            for (const one of document.querySelectorAll("button, input:not([hidden]), select")) {
                const named = one.getAttribute("aria-label") || one.textContent.trim() ||
                    one.labels?.length;
                if (!named) found.push(one.outerHTML.slice(0, 120));
            }
            for (const one of document.querySelectorAll(".plot")) {
                if (!one.getAttribute("aria-label")) found.push(one.id);
            }
            const ids = Array.from(document.querySelectorAll("[id]"))
                .filter(one => !one.closest("svg")).map(one => one.id);
            return found.concat(ids.filter((id, i) => ids.indexOf(id) !== i));
        }"""
    )
    assert problems == []


def test_alt_texts_say_what_is_seen(tab):
    choose(tab, "cells")
    alt = tab.page.get_attribute("#heatmap", "aria-label")
    assert "cells" in alt and "91 pairs of 14 variables" in alt and "Strongest:" in alt


def test_it_prints_on_few_pages(tab, tmp_path):
    tab.page.emulate_media(media="print")
    paper = tab.page.pdf(format="A4")
    n_pages = len(re.findall(rb"/Type\s*/Page\b[^s]", paper))
    print(f"{n_pages} pages")
    assert 2 <= n_pages <= 6
