"""The report of a run: figures, and one self-contained HTML page that opens offline."""

import base64
import datetime
import hashlib
import json
import re
from pathlib import Path

import jinja2
import numpy as np
import pandas as pd
import yaml

from lmi.base.files import replacing
from lmi.report import figures
from lmi.report.details import read_details
from lmi.report.listing import TEXTS, TITLES, dataset_figures, figure_stem
from lmi.report.texts import (
    THOROUGH,
    control_warning,
    evidence,
    flag_kinds,
    flag_summary,
    lead,
    shared_pairs,
    summary,
    thorough_checks,
)
from lmi.results.stage_times import stage_times
from lmi.results.table import bits, peaks, printable, probability, signed

MAX_ROWS = 500
"""Rows of the table in the page; the whole table is in mi.tsv."""
MAX_IMAGE = 600_000
"""Bytes of an SVG beyond which the page takes the smaller of SVG and PNG."""
MAX_PAGE = 4_000_000
"""Bytes of all images in the page (a third more as text); further ones are in the folder only."""
MAX_SHARED = 100
"""Pairs with shared features that the page lists."""

REFERENCES = (
    (
        "G. Gowri, X.-K. Lun, A. M. Klein, P. Yin. Approximating mutual information of "
        "high-dimensional variables using learned representations. Advances in Neural Information "
        "Processing Systems 37 (NeurIPS 2024).",
        "the method: latent mutual information",
        "https://arxiv.org/abs/2409.02732",
    ),
    (
        "A. Kraskov, H. Stögbauer, P. Grassberger. Estimating mutual information. Physical Review "
        "E 69, 066138 (2004).",
        "the estimator in the latent space",
        "https://doi.org/10.1103/PhysRevE.69.066138",
    ),
    (
        "C. M. Holmes, I. Nemenman. Estimation of mutual information for real-valued data with "
        "error bars and controlled bias. Physical Review E 100, 022404 (2019).",
        "the error bars",
        "https://doi.org/10.1103/PhysRevE.100.022404",
    ),
)

# Sorting by a click on a column's head, searching by words. It only orders and hides rows.
SCRIPT = """
"use strict";
(() => {
  const table = document.getElementById("pairs");
  if (!table) return;
  const body = table.tBodies[0], rows = Array.from(body.rows);
  const words = rows.map(row => row.textContent.toLowerCase());
  const count = document.getElementById("count");
  document.getElementById("search").addEventListener("input", event => {
    const wanted = event.target.value.toLowerCase().split(/\\s+/).filter(Boolean);
    let shown = 0;
    rows.forEach((row, i) => {
      row.hidden = !wanted.every(word => words[i].includes(word));
      shown += !row.hidden;
    });
    count.textContent = wanted.length ? shown + " of " + rows.length + " rows" : "";
  });
  const heads = Array.from(table.tHead.rows[0].cells);
  heads.forEach((head, column) => head.firstElementChild.addEventListener("click", () => {
    const down = head.getAttribute("aria-sort") ? head.getAttribute("aria-sort") !== "descending"
                                                : head.classList.contains("number");
    heads.forEach(other => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const key = row => row.cells[column].dataset.value ?? row.cells[column].textContent;
    const number = head.classList.contains("number");
    const sign = down ? -1 : 1;
    rows.slice().sort((a, b) => {
      if (!number) return sign * key(a).localeCompare(key(b), undefined, {numeric: true});
      const p = parseFloat(key(a)), q = parseFloat(key(b));
      return isNaN(p) || isNaN(q) ? isNaN(p) - isNaN(q) : sign * (p - q);
    }).forEach(row => body.append(row));
  }));
})();
"""


def write(out_html, figures_dir, mi_parquet, estimates, config, benchmarks_dir):
    """Write the figures of a run (PNG and SVG) and its report.

    Parameters
    ----------
    out_html : str or Path
        The report to write: one file without any link to another.
    figures_dir : str or Path
        Folder of the figures; see `lmi.report.listing.figure_stems` for their names.
    mi_parquet : str or Path
        Table as `lmi.results.table.aggregate` writes it.
    estimates : sequence of str or Path
        Estimate tiles of the run, or parts: pointwise MI, embeddings and training curves come
        from them.
    config : dict
        Config of the run, shown in the report.
    benchmarks_dir : str or Path
        Folder of Snakemake's benchmark files; missing ones are left out.

    Raises
    ------
    InputError
        When a tile is unreadable or has another schema version.
    """
    all_lags = pd.read_parquet(mi_parquet)
    table = peaks(all_lags)
    n_top = int((config.get("report") or {}).get("top_pairs", 10))
    fdr = float((config.get("report") or {}).get("fdr", 0.05))
    datasets = config.get("datasets") or {}
    names = list(dict.fromkeys(table["dataset"]))
    controls = negative_controls(config)
    details, origin = read_details(table, estimates, n_top)
    folder = Path(figures_dir)
    folder.mkdir(parents=True, exist_ok=True)

    def panel(kind, dataset, draw, *arguments):
        return _panel(folder / figure_stem(kind, dataset), kind, draw, *arguments)

    sections = []
    for number, name in enumerate(names):
        part = table[table["dataset"] == name]
        detail = details[name]
        panels = [
            panel("heatmap", name, figures.heatmap, part),
            panel("top_pairs", name, figures.top_pairs, part, n_top),
            panel("embedding", name, figures.embeddings, detail["panels"]),
            panel(
                "training",
                name,
                figures.training,
                *(detail[key] for key in ("step", "train", "validation", "top")),
            ),
        ]
        kinds = dataset_figures(datasets.get(name) or {})
        if "lags" in kinds:
            every_lag = all_lags[all_lags["dataset"] == name]
            panels.insert(2, panel("lags", name, figures.lags, every_lag))
        if "strata" in kinds:
            panels.insert(2, panel("strata", name, figures.strata, part, n_top))
        sections.append(
            {
                "id": f"dataset-{number}",
                "name": name,
                "control": name in controls,
                "summary": summary(part, name in controls, fdr),
                "warning": control_warning(part) if name in controls else None,
                "panels": panels[1:] if len(part) < 3 else panels,
                "checks": thorough_checks(part, n_top),
            }
        )
    overview = [
        panel("distribution", None, figures.distribution, table, controls),
        panel("volcano", None, figures.volcano, table, fdr, controls),
    ]
    truth = panel("truth", None, figures.truth, table)
    _embed_images([*overview, truth, *(one for section in sections for one in section["panels"])])

    page = (
        templates()
        .get_template("report.html")
        .render(
            run=str(config.get("run", "")),
            lead=lead(table, names, fdr, controls),
            evidence=evidence(
                all_lags, fdr, controls, (config.get("report") or {}).get("fdr_method")
            ),
            sections=sections,
            overview=overview,
            truth=truth,
            rows=_rows(table),
            n_pairs=len(table),
            has_truth=bool(np.isfinite(table["truth_bits"]).any()),
            has_lags=bool(all_lags["lag"].any()),
            has_strata=bool(np.isfinite(table["mi_within_bits"]).any()),
            has_q=bool(np.isfinite(table["q_value"]).any()),
            check_heads=list(THOROUGH.values()),
            flags=flag_summary(table),
            kinds=flag_kinds(table),
            shared=shared_pairs(table),
            max_shared=MAX_SHARED,
            n_flags={flag: int((table["flag"] == flag).sum()) for flag in ("ok", "warn", "fail")},
            facts=_facts(config, origin),
            config=_as_yaml(config),
            stages=stage_times(benchmarks_dir),
            references=REFERENCES,
            script=SCRIPT,
            # The page may run this one script and load nothing, whatever a name may hold
            script_hash=base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode(),
        )
    )
    with replacing(out_html) as name:
        name.write_text(page, encoding="utf-8")


def templates():
    """Return the templates of the pages, with what they may call."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["printable"] = printable
    environment.filters["thousands"] = lambda value: f"{value:,}"
    environment.globals |= {"bits": bits, "probability": probability, "signed": signed}
    return environment


def _panel(stem, kind, draw, *arguments):
    """Draw and save one figure; return what the template shows: an image, or a note."""
    panel = {"kind": kind, "title": TITLES[kind], "text": TEXTS[kind], "image": None, "note": None}
    try:
        figure = draw(*arguments)
    except figures.NothingToShow as reason:
        panel["note"] = str(reason)
        figures.save(figures.note(str(reason)), stem)
        return panel
    panel["files"] = figures.save(figure, stem)
    return panel


def _embed_images(panels):
    """Put the images of the panels into the page, in their order, as long as there is room."""
    used = 0
    for panel in panels:
        if "files" not in panel:
            continue
        png, svg = panel["files"]
        path = svg
        if svg.stat().st_size > MAX_IMAGE:
            path = min(svg, png, key=lambda file: file.stat().st_size)
        used += path.stat().st_size
        if used > MAX_PAGE:
            panel["note"] = f"To keep this page small, the figure is only in figures/{svg.name}."
            continue
        kind = "svg+xml" if path.suffix == ".svg" else "png"
        data = base64.b64encode(path.read_bytes()).decode()
        panel["image"] = f"data:image/{kind};base64,{data}"
        panel["width"] = round(_inches_wide(svg) * 96)


def _inches_wide(svg):
    """Return the width of an SVG that matplotlib wrote, in inches: it names points."""
    with svg.open(encoding="utf-8") as lines:
        head = lines.read(2000)
    return float(re.search(r'<svg[^>]*? width="([\d.]+)pt"', head).group(1)) / 72


def negative_controls(config):
    """Return the names of the datasets that are negative controls: pairs shifted in time.

    Parameters
    ----------
    config : dict
        Config of the run.
    """
    datasets = config.get("datasets") or {}
    return {name for name, dataset in datasets.items() if dataset.get("pairs") == "shifted"}


def _rows(table):
    """Return the rows of the table in the page: as many of every dataset, the strongest first."""
    sizes = table.groupby("dataset", sort=False).size().to_numpy()
    share = 5  # at least, however many datasets there are
    while share < sizes.max() and np.minimum(sizes, share + 1).sum() <= MAX_ROWS:
        share += 1
    shown = table.groupby("dataset", sort=False).head(share)
    top = max(float(table["mi_bits"].max()), 1e-9) if table["mi_bits"].notna().any() else 1.0
    rows = []
    for row in shown.itertuples():
        value = row.mi_bits if np.isfinite(row.mi_bits) else 0
        rows.append(row._asdict() | {"bar": round(100 * min(max(value / top, 0), 1), 1)})
    return rows


def _facts(config, origin):
    """Return what made the run: pairs of a name and a value, as plain text."""
    versions = {}
    for entry in origin["versions"]:
        try:
            versions |= {name: str(version) for name, version in json.loads(entry).items()}
        except (ValueError, AttributeError):
            versions["versions"] = entry
    seed = ", ".join(origin["seed"]) or str(config.get("seed", "unknown"))
    hashes = [text[:12] for text in origin["key"]]
    facts = [
        ("Run", str(config.get("run", ""))),
        ("Written", f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d %H:%M} UTC"),
        ("Seed", seed),
        ("Preset", ", ".join(origin["preset"]) or "unknown"),
        ("Neighbours k", ", ".join(origin["k"]) or "unknown"),
        ("Versions", ", ".join(f"{name} {version}" for name, version in versions.items())),
        ("Keys", ", ".join(hashes[:8]) + (" …" if len(hashes) > 8 else "")),
    ]
    return [(name, value) for name, value in facts if value]


def _as_yaml(config):
    """Return the config as YAML; anything that JSON does not know is shown as its text."""
    plain = json.loads(json.dumps(config, default=str))
    return yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=96)
