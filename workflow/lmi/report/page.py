"""The report of a run: figures, and one self-contained HTML page that opens offline."""

import base64
import hashlib
import json
import re
from pathlib import Path

import jinja2
import numpy as np
import yaml

from lmi.base.files import replacing
from lmi.data import overview, overview_text
from lmi.report import figures
from lmi.report.blocks import read_blocks
from lmi.report.details import read_details
from lmi.report.listing import PLOTS, dataset_figures, figure_stem
from lmi.report.packing import compressed
from lmi.report.payload import payload
from lmi.report.provenance import facts, sources
from lmi.report.texts import (
    control_warning,
    evidence,
    flag_kinds,
    flag_summary,
    lead,
    shared_pairs,
    sizes,
    summary,
)
from lmi.results import direct, parquet, targets
from lmi.results.stage_times import stage_times
from lmi.results.table import bits, peaks, printable, probability, signed

MAX_SHARED = 100
"""Pairs with shared features that the page lists."""
MAX_PANELS = 20
"""Pairs in the figure of embeddings."""
FOLDER = Path(__file__).parent
SCRIPTS = ("data", "query", "table", "plots", "questions", "graph", "panel", "main")
"""Files in assets, which make one script in this order."""

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


def write(out_html, figures_dir, mi_parquet, estimates, config, benchmarks_dir, blocks=(), data=()):
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
        Estimate tiles of the run, or parts: pointwise MI, first axes and training curves come
        from them.
    config : dict
        Config of the run, shown in the report.
    benchmarks_dir : str or Path
        Folder of Snakemake's benchmark files; missing ones are left out.
    blocks : sequence of str or Path
        Blocks of the variables of all datasets; missing ones are left out.
    data : sequence of str or Path
        What was read of each dataset, as `lmi.data.overview.write` writes it.

    Raises
    ------
    InputError
        When a tile or block is unreadable or has another schema version.
    """
    all_lags = parquet.read(mi_parquet)
    settings = config.get("report") or {}
    n_top, fdr = int(settings.get("top_pairs", 10)), float(settings.get("fdr", 0.05))
    controls = negative_controls(config)
    by_peak = all_lags[~all_lags.duplicated(["dataset", "x", "y"])]
    details, origin = read_details(by_peak, estimates)
    read, overviews = read_blocks(blocks), [overview.load(path) for path in data]
    for one in overviews:
        if one.dataset in read:
            read[one.dataset] |= {"labels": one.labels, "label_rows": one.label_rows}
    folder, names = Path(mi_parquet).parent, list(dict.fromkeys(all_lags["dataset"]))
    rows = {name: all_lags[all_lags["dataset"] == name] for name in names}
    asking = {name for name, its in (config.get("datasets") or {}).items() if "select" in its}
    selected = {
        name: targets.read(folder / name / "selection.h5", rows[name])
        for name in names
        if name in asking
    }
    _write_figures(Path(figures_dir), all_lags, details, config, n_top, fdr, controls, selected)

    table = peaks(all_lags)
    parts = {name: table[table["dataset"] == name] for name in names}
    sections = [
        {
            "number": number,
            "name": name,
            "control": name in controls,
            "summary": summary(part, name in controls, fdr, selected.get(name)),
            "warning": control_warning(part) if name in controls else None,
            "selected": selected.get(name),
        }
        for number, (name, part) in enumerate(parts.items())
    ]
    edges = {name: direct.of_dataset(folder / name, rows[name], fdr) for name in names}
    light, heavy, n_rows = payload(all_lags, details, read, sections, fdr, edges)
    scripts = _scripts()
    page = (
        templates()
        .get_template("report.html")
        .render(
            run=str(config.get("run", "")),
            lead=lead(table, names, fdr, controls),
            evidence=evidence(all_lags, fdr, controls, settings.get("fdr_method")),
            sections=sections,
            sizes=[sizes(part, read.get(name), name in controls) for name, part in parts.items()],
            overviews=[overview_text.text(one) for one in overviews],
            plots=PLOTS,
            selections={
                number: (name, selected[name].to_dict("records"))
                for number, name in enumerate(names)
                if selected.get(name) is not None
            },
            light=light,
            heavy=heavy,
            n_rows=n_rows,
            n_all=len(all_lags),
            n_pairs=len(table),
            has_truth=bool(np.isfinite(table["truth_bits"]).any()),
            has_groups=bool(np.isfinite(table["delta_bits"]).any()),
            has_transfer=bool(np.isfinite(table["net_bits"]).any()),
            has_lags=bool(all_lags["lag"].any()) and n_rows == len(all_lags),
            flags=flag_summary(table),
            kinds=flag_kinds(table),
            shared=shared_pairs(table),
            max_shared=MAX_SHARED,
            n_flags={flag: int((table["flag"] == flag).sum()) for flag in ("ok", "warn", "fail")},
            facts=facts(config, origin),
            sources=sources(config),
            config=_as_yaml(config),
            stages=stage_times(benchmarks_dir),
            references=REFERENCES,
            libraries={name: compressed(code.encode()) for name, code in scripts.items()},
            style=(FOLDER / "vendor" / "tabulator_simple.min.css").read_text(encoding="utf-8"),
            script=_script(),
            # The page may run these scripts and load nothing, whatever a name may hold
            hashes=[_hash(code) for code in (*scripts.values(), _script())],
        )
    )
    with replacing(out_html) as name:
        name.write_text(page, encoding="utf-8")


def _scripts():
    """Return the libraries of the page, without their link to a map for developers."""
    files = {"plotly": "plotly-cartesian.min.js", "tabulator": "tabulator.min.js"}
    codes = {
        name: (FOLDER / "vendor" / file).read_text(encoding="utf-8") for name, file in files.items()
    }
    return {
        name: re.sub(r"\n//# sourceMappingURL=\S+\s*$", "\n", code) for name, code in codes.items()
    }


def _script():
    """Return the page's own script."""
    parts = [(FOLDER / "assets" / f"{name}.js").read_text(encoding="utf-8") for name in SCRIPTS]
    return '"use strict";\n(() => {\n' + "\n".join(parts) + "})();\n"


def _hash(code):
    return base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()


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


def _write_figures(folder, all_lags, details, config, n_top, fdr, controls, selected):
    """Write the figures of a run, for papers and talks."""
    folder.mkdir(parents=True, exist_ok=True)

    def save(kind, dataset, draw, *arguments):
        try:
            figure = draw(*arguments)
        except figures.NothingToShow as reason:
            figure = figures.note(str(reason))
        figures.save(figure, folder / figure_stem(kind, dataset))

    table = peaks(all_lags)
    datasets = config.get("datasets") or {}
    for name in dict.fromkeys(table["dataset"]):
        part, detail = table[table["dataset"] == name], details[name]
        top = [curve for curve in detail["top"] if curve["rank"] < n_top]
        panels = [panel for panel in detail["panels"] if panel["rank"] < n_top]
        curves = (detail[key] for key in ("step", "train", "validation"))
        save("heatmap", name, figures.heatmap, part)
        save("top_pairs", name, figures.top_pairs, part, n_top)
        save("embedding", name, figures.embeddings, panels[:MAX_PANELS])
        save("training", name, figures.training, *curves, top)
        kinds = dataset_figures(datasets.get(name) or {})
        if "lags" in kinds:
            save("lags", name, figures.lags, all_lags[all_lags["dataset"] == name])
        if "strata" in kinds:
            save("strata", name, figures.strata, part, n_top)
        if "select" in kinds:
            save("select", name, figures.select, selected[name])
    save("distribution", None, figures.distribution, table, controls)
    save("volcano", None, figures.volcano, table, fdr, controls)
    save("truth", None, figures.truth, table)


def negative_controls(config):
    """Return the names of the datasets that are negative controls: pairs shifted in time.

    Parameters
    ----------
    config : dict
        Config of the run.
    """
    datasets = config.get("datasets") or {}
    return {name for name, dataset in datasets.items() if dataset.get("pairs") == "shifted"}


def _as_yaml(config):
    """Return the config as YAML; anything that JSON does not know is shown as its text."""
    plain = json.loads(json.dumps(config, default=str))
    return yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=96)
