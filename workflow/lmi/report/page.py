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

from lmi.base import reasons
from lmi.base.files import reading, replacing
from lmi.report import figures
from lmi.results.stage_times import stage_times
from lmi.results.table import DASH, bits, peaks, printable, probability, signed, strongest

DATASET_FIGURES = ("heatmap", "top_pairs", "embedding", "training")
SETTING_FIGURES = ("lags", "strata")
"""Figures of the datasets that have the key of the same name in the config."""
RUN_FIGURES = ("distribution", "volcano", "truth")
THOROUGH = {
    "split_sd_bits": "SD over splits",
    "half_samples_bits": "Half of the samples",
    "half_latent_bits": "Half the dimension",
    "double_latent_bits": "Twice the dimension",
    "swapped_bits": "x and y exchanged",
}
"""Columns of the thorough checks, with their heads in the page."""
MAX_ROWS = 500
"""Rows of the table in the page; the whole table is in mi.tsv."""
MAX_CURVES = 500
"""Pairs of a dataset whose training curves enter the median."""
MAX_IMAGE = 600_000
"""Bytes of an SVG beyond which the page takes the smaller of SVG and PNG."""
MAX_PAGE = 4_000_000
"""Bytes of all images in the page (a third more as text); further ones are in the folder only."""
MAX_SHARED = 100
"""Pairs with shared features that the page lists."""
MAX_PANELS = 20
"""Pairs in the embedding figure."""

TITLES = {
    "heatmap": "All pairs",
    "top_pairs": "Strongest pairs",
    "embedding": "Embeddings",
    "training": "Training",
    "lags": "Lags",
    "strata": "Within strata",
    "distribution": "All datasets at a glance",
    "volcano": "Strength and evidence",
    "truth": "Truth against estimate",
}

TEXTS = {
    "heatmap": (
        "Each cell is a pair of variables: the darker the blue, the more information they share. "
        "Orange means below zero, which is noise around no dependence. Variables that share much "
        "information stand next to each other; the tree, where there is one, says how closely."
    ),
    "top_pairs": (
        "Filled dots are the headline MI, open diamonds the uncorrected value; bars are 95 % "
        "intervals. Trust the order of two pairs only where their bars lie apart."
    ),
    "embedding": (
        "The strongest pairs. Each dot is a sample, placed by the first learned coordinate of "
        "either variable. Blue samples fit the dependence of the two variables, orange ones "
        "contradict it, and the mean over all samples is the MI above the panel."
    ),
    "training": (
        "The loss says how badly the networks rebuild the data; pairs without networks are left "
        "out. Curves should have flattened at their right end; validation far above training, or "
        "rising, means that the networks learn noise from there on."
    ),
    "lags": (
        "Each curve is a pair: right of zero, y is that many samples later than x. The ring is the "
        "peak, which stands for the pair in all other figures. A peak is the largest of several "
        "noisy values, hence somewhat high; the q values count every lag as a test of its own. A "
        "lag matters only where its bar lies clear of those of the other lags."
    ),
    "strata": (
        "Each line is a pair: the open diamond is its MI over all samples, the filled square the "
        "mean of what is left inside single strata (batches, cell types). Where the square falls "
        "to zero, the strata explain the dependence; where it stays, the variables share "
        "information beyond them. Strata have fewer samples, which can lower the square a little."
    ),
    "volcano": (
        "Each dot is a pair: further right it shares more, further up chance is a worse "
        "explanation. Pairs on or above the dashed line are significant. Right of zero but below "
        "the line: too few samples to tell, or a dependence that strata or slow drift explain. "
        "High but near zero: real, but weak. Dots that line up at the top are at the floor of the "
        "p value. Grey crosses are negative controls, which belong below the line."
    ),
    "distribution": (
        "Each dot is a pair, each hill their distribution, and the bar below the middle half with "
        "its median. Negative controls (grey) show how far the values scatter where nothing is "
        "shared: compare the blue hills with them."
    ),
    "truth": (
        "For synthetic data the true MI is known. Points on the line are right, below it too "
        "low; the two numbers of a pair stand side by side."
    ),
}

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


TAILS = ("moments", "shifts", "fitted")
"""Methods of p values that no permutation reached."""


def figure_stem(kind, dataset=None):
    """Return the file name of a figure without suffix: ``heatmap-cells``, ``distribution``.

    Parameters
    ----------
    kind : str
        One of `DATASET_FIGURES` or `RUN_FIGURES`.
    dataset : str, optional
        Name of the dataset; characters that do not belong in a file name become ``_``.
    """
    return kind if dataset is None else f"{kind}-{re.sub(r'[^A-Za-z0-9_.@+-]', '_', dataset)}"


def dataset_figures(settings):
    """Return the kinds of figures of a dataset, of which its lags and strata add one each.

    Parameters
    ----------
    settings : dict
        The dataset of the config.
    """
    return (*DATASET_FIGURES, *(kind for kind in SETTING_FIGURES if kind in settings))


def figure_stems(datasets):
    """Return the file names, without suffix, of all figures that `write` always writes.

    A figure that has nothing to show holds a sentence that says why, so that the files of a run
    are known from its config.

    Parameters
    ----------
    datasets : dict of str to dict
        The datasets of the config.
    """
    return [
        *(
            figure_stem(kind, name)
            for name, settings in datasets.items()
            for kind in dataset_figures(settings)
        ),
        *RUN_FIGURES,
    ]


def write(out_html, figures_dir, mi_parquet, estimates, config, benchmarks_dir):
    """Write the figures of a run (PNG and SVG) and its report.

    Parameters
    ----------
    out_html : str or Path
        The report to write: one file without any link to another.
    figures_dir : str or Path
        Folder of the figures; see `figure_stems` for their names.
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
    details, origin = _read_details(table, estimates, n_top)
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
            lead=_lead(table, names, fdr, controls),
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


# ---- reading the tiles --------------------------------------------------------------------------


def _read_details(table, estimates, n_top):
    """Read what the figures need beyond the table: rows of the strongest pairs, training curves.

    Returns
    -------
    details : dict of str to dict
        For each dataset ``panels`` and ``top`` (strongest first), ``step``, ``train``,
        ``validation``.
    origin : dict of str to list of str
        Seeds, versions, presets, k and keys that the tiles name.
    """
    paths = {name: [] for name in table["dataset"].unique()}
    origin = {"seed": {}, "preset": {}, "k": {}, "key": {}, "versions": {}}
    for path in estimates:
        with reading(path, "estimate") as tile:
            for key, values in origin.items():
                if key in tile.attrs:
                    value = tile.attrs[key]
                    values[value.decode() if isinstance(value, bytes) else str(value)] = None
            name = tile.attrs["dataset"]
            paths.setdefault(name.decode() if isinstance(name, bytes) else name, []).append(path)
    details = {
        name: _read_dataset(strongest(table[table["dataset"] == name], n_top), its_paths)
        for name, its_paths in paths.items()
    }
    return details, {key: list(values) for key, values in origin.items()}


def _read_dataset(top, paths):
    wanted = {(row.x, row.y, row.lag): rank for rank, row in enumerate(top.itertuples())}
    rows = list(top.itertuples())
    panels, curves, all_train, all_validation, step = {}, {}, [], [], np.zeros(1)
    per_tile = -(-MAX_CURVES // max(len(paths), 1))
    for path in paths:
        with reading(path, "estimate") as tile:
            # a part has details of these rows only, a tile of all
            detailed = tile["detail_row"][()] if "detail_row" in tile else slice(None)
            names = (tile[name].asstr()[detailed] for name in ("x", "y"))
            pairs = zip(*names, tile["lag"][detailed].tolist(), strict=True)
            found = [(row, wanted[pair]) for row, pair in enumerate(pairs) if pair in wanted]
            for row, rank in found:
                panel = _read_panel(tile, row)
                if panel is not None:
                    of_table = rows[rank]
                    panels[rank] = panel | {
                        name: getattr(of_table, name)
                        for name in ("x", "y", "lag", "mi_bits", "sd_bits")
                    }
            if "loss_train" not in tile:
                continue
            losses = {
                name: _mean_over_models(tile[f"loss_{name}"][()])
                for name in ("train", "validation")
            }
            trained = np.isfinite(np.hstack(list(losses.values()))).any(axis=1)
            if not trained.any():
                continue
            if all_train and tile["loss_step"].shape != step.shape:
                continue  # other settings, hence other steps: not on one axis
            step = tile["loss_step"][()]
            sample = np.flatnonzero(trained)
            sample = sample[:: -(-len(sample) // per_tile)]
            all_train.append(losses["train"][sample])
            all_validation.append(losses["validation"][sample])
            for row, rank in found:
                curves[rank] = {"x": rows[rank].x, "y": rows[rank].y} | {
                    name: curve[row] for name, curve in losses.items()
                }
    nothing = np.full((1, step.size), np.nan)
    return {
        "panels": [panels[rank] for rank in sorted(panels)[:MAX_PANELS]],
        "top": [curves[rank] for rank in sorted(curves)],
        "step": step,
        "train": np.concatenate(all_train) if all_train else nothing,
        "validation": np.concatenate(all_validation) if all_validation else nothing,
    }


def _mean_over_models(losses):
    """Mean over the models of each pair, (n_pairs, n_models, n_points), NaN where all are."""
    seen = np.isfinite(losses)
    total = np.where(seen, losses, 0).sum(axis=1, dtype=float)
    count = seen.sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _read_panel(tile, row):
    if not {"scatter", "scatter_samples", "pointwise"} <= tile.keys():
        return None
    scatter = tile["scatter"][row]
    if not np.isfinite(scatter).any():
        return None
    return {"scatter": scatter, "pointwise": tile["pointwise"][row][tile["scatter_samples"][()]]}


# ---- words and numbers --------------------------------------------------------------------------


def negative_controls(config):
    """Return the names of the datasets that are negative controls: pairs shifted in time.

    Parameters
    ----------
    config : dict
        Config of the run.
    """
    datasets = config.get("datasets") or {}
    return {name for name, dataset in datasets.items() if dataset.get("pairs") == "shifted"}


def _counted(n, noun):
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def _percent(share):
    return f"{100 * share:.3g} %"


def _significant(part):
    """Return how many pairs are significant, and of how many that were tested."""
    return int(part["significant"].sum()), int(part["q_value"].notna().sum())


def _lead(table, names, fdr, controls):
    n_failed = int((~np.isfinite(table["mi_bits"])).sum())
    failed = f"; {_counted(n_failed, 'pair')} without an estimate" if n_failed else ""
    lead = f"{_counted(len(names), 'dataset')}, {_counted(len(table), 'pair')}{failed}"
    n_significant, n_tested = _significant(table[~table["dataset"].isin(list(controls))])
    if not n_tested:
        return lead
    aside = ", controls aside" if set(controls) & set(names) else ""
    return (
        f"{lead}; {n_significant:,} of {n_tested:,} tested significant at a false discovery rate "
        f"of {_percent(fdr)}{aside}"
    )


def evidence(table, fdr=0.05, controls=(), method=None):
    """Return what the p and q values of a run mean, in a few sentences.

    Parameters
    ----------
    table : pandas.DataFrame
        Rows of all datasets at all lags: each is a test.
    fdr : float
        Level of `significant`.
    controls : collection of str
        Names of the datasets that are negative controls.
    method : str, optional
        How the q values were made: bh or by.

    Returns
    -------
    list of str
        Sentences as plain text; they say so where nothing was tested.
    """
    tested = table[np.isfinite(table["p_value"])]
    if not len(tested):
        return [
            "No pair was tested: with estimate.permutations.max above 0, every pair gets a p and "
            "a q value."
        ]
    smallest = tested["p_value"].min()
    sentences = [
        f"{_counted(len(tested), 'permutation test')}, with up to "
        f"{int(tested['n_permutations'].max()):,} permutations each"
        + (": every lag of a pair is one" if table["lag"].any() else "")
        + "."
    ]
    if method == "by":
        sentences.append("The q values hold under any dependence of the tests.")
    n_tails = int(tested["p_method"].isin(TAILS).sum())
    if n_tails:
        sentences.append(
            f"{_counted(n_tails, 'p value')} from beyond the largest permutation (p_method: "
            f"{', '.join(TAILS)}): trust their order of magnitude, not their digits."
        )
    else:
        at_floor = int((tested["p_value"] <= 1.001 * smallest).sum())
        sentences.append(
            f"The smallest p value here is {probability(smallest)}, of "
            f"{_counted(at_floor, 'test')}; permutations cannot tell pairs apart below about two "
            "over their number."
        )
        floor = 1 / (1 + tested["n_permutations"].max())
        if floor * len(tested) > fdr:
            sentences.append(
                "With so many tests a lone pair could not be significant, however strong: raise "
                "estimate.permutations.max."
            )
    found = table[table["dataset"].isin(list(controls))]
    n_significant, n_tested = _significant(found)
    if n_tested:
        sentences.append(
            f"Of the negative controls, {n_significant:,} of {n_tested:,} are significant; it "
            "should be none or nearly none."
        )
    return sentences


def summary(part, control=False, fdr=0.05):
    """Return one dataset in a few short sentences.

    Parameters
    ----------
    part : pandas.DataFrame
        Rows of the dataset.
    control : bool
        Whether the dataset is a negative control.
    fdr : float
        Level of the column `significant`.

    Returns
    -------
    list of str
        Sentences as plain text.
    """
    n_samples = np.unique(part["n_samples"])
    samples = (
        _counted(int(n_samples[0]), "sample")
        if len(n_samples) == 1
        else f"{n_samples[0]:,}{DASH}{n_samples[-1]:,} samples"
    )
    n_variables = len(set(part["x"]) | set(part["y"]))
    start = "Negative control: " if control else ""
    sentences = [
        f"{start}{_counted(len(part), 'pair')} of {_counted(n_variables, 'variable')}, {samples}."
    ]
    top = strongest(part)
    n_significant, n_tested = _significant(part)
    if len(top):
        first = top.iloc[0]
        lag = f" at lag {signed(int(first['lag']))}" if part["lag"].any() else ""
        value = bits(first["mi_bits"], first["sd_bits"])
        pair = f"{printable(first['x'], 60)} with {printable(first['y'], 60)}"
        if len(part) == 1:
            truth = first["truth_bits"]
            known = f" (truth {truth:.3f})" if np.isfinite(truth) else ""
            sentences.append(f"{pair}: {value} bits{known}{lag}.")
            if n_tested:
                sure = "Significant" if n_significant else "Not significant"
                sentences.append(
                    f"{sure}: p {probability(first['p_value'])}, q {probability(first['q_value'])}."
                )
        else:
            sentences.append(f"Strongest: {pair}, {value} bits{lag}.")
            with_sd = top[np.isfinite(top["sd_bits"])]
            above = int((with_sd["mi_bits"] > 2 * with_sd["sd_bits"]).sum())
            if n_tested:
                verb = "is" if n_significant == 1 else "are"
                which = "control pair" if control else "tested pair"
                sentences.append(
                    f"{n_significant:,} of {_counted(n_tested, which)} {verb} significant at a "
                    f"false discovery rate of {_percent(fdr)}"
                    + ("; it should be none or nearly none." if control else ".")
                )
            elif len(with_sd):
                share = f"{100 * above / len(with_sd):.0f} %"
                verb = "lies" if above == 1 else "lie"
                sentences.append(
                    f"{above:,} of {_counted(len(with_sd), 'pair')} ({share}) {verb} more than two "
                    "standard deviations above zero."
                )
    else:
        sentences.append("No pair has an estimate that can be trusted.")
    flagged = [
        f"{int((part['flag'] == flag).sum()):,} {words}"
        for flag, words in (("warn", "with a warning"), ("fail", "failed"))
        if (part["flag"] == flag).any()
    ]
    sentences.append(
        f"Flags: {', '.join(flagged)}." if flagged else "No flags: every pair passed the checks."
    )
    return sentences


def control_warning(part):
    """Return what to say when a negative control is not at zero, or None when it is.

    Were nothing shared, about 2 % of the pairs would lie more than two standard deviations above
    zero; a quarter of them or more cannot be chance, but is bias or dependence that is left. Of
    significant controls, two and a tenth of all are too many.

    Parameters
    ----------
    part : pandas.DataFrame
        Rows of a negative control.
    """
    good = strongest(part)
    n_significant, n_tested = _significant(good)
    good = good[np.isfinite(good["sd_bits"])]
    above = int((good["mi_bits"] > 2 * good["sd_bits"]).sum())
    if len(good) and above >= max(0.25 * len(good), 2):
        return (
            f"This control is not at zero: its median is {bits(float(good['mi_bits'].median()))} "
            "bits. Values of that size, in data like these, are no evidence of dependence."
        )
    if n_significant >= max(0.1 * n_tested, 2):
        return (
            f"{n_significant:,} of {n_tested:,} controls are significant: p values of data like "
            "these are too small. Something slow is shared that the permutations do not keep; see "
            "estimate.permutations.scheme."
        )
    return None


def _reasons(table):
    """Return the reasons of each row."""
    return [
        reasons.from_table(*both)
        for both in zip(table["reason_codes"], table["reason_parameters"], strict=True)
    ]


def flag_kinds(table):
    """Return the kinds of reasons behind the flags: how many pairs, what it means, what to do.

    Parameters
    ----------
    table : pandas.DataFrame

    Returns
    -------
    list of dict
        kind, n (pairs), meaning; the most frequent first. A pair with several reasons counts in
        each.
    """
    counts = {}
    for row in _reasons(table):
        for kind in {reasons.DECLARED[reason.code].kind for reason in row}:
            counts[kind] = counts.get(kind, 0) + 1
    order = list(reasons.MEANINGS)
    return [
        {"kind": kind, "n": counts[kind], "meaning": reasons.MEANINGS[kind]}
        for kind in sorted(counts, key=lambda kind: (-counts[kind], order.index(kind)))
    ]


def flag_summary(table):
    """Return the reasons of all flags with their counts, the worst and most frequent first.

    Reasons of one code count as one, with the range of their numbers; a pair with several reasons
    counts in each.

    Parameters
    ----------
    table : pandas.DataFrame

    Returns
    -------
    list of dict
        At most 30: dataset, flag, reason, n, examples (names of up to three pairs).
    """
    flagged = table[table["flag"] != "ok"]
    same = {}
    for row, its_reasons in zip(flagged.itertuples(), _reasons(flagged), strict=True):
        for reason in its_reasons:
            same.setdefault((row.flag, row.dataset, reason.code), []).append((row, reason))
    groups = [
        {
            "flag": flag,
            "dataset": dataset,
            "reason": reasons.merged([reason for _, reason in found]),
            "n": len(found),
            "examples": [
                f"{printable(row.x, 30)} {DASH} {printable(row.y, 30)}" for row, _ in found[:3]
            ],
        }
        for (flag, dataset, _), found in same.items()
    ]
    groups.sort(key=lambda group: (group["flag"] != "fail", -group["n"]))
    return groups[:30]


def shared_pairs(table):
    """Return the pairs whose variables share features, those that share most first.

    Parameters
    ----------
    table : pandas.DataFrame

    Returns
    -------
    list of dict
        dataset, x, y, n (features), features (names of the first ones); all pairs.
    """
    some = table[table["reason_codes"] != ""]
    found = [
        {
            "dataset": row.dataset,
            "x": row.x,
            "y": row.y,
            "n": reason.parameters["n"],
            "features": reason.parameters["shared"],
        }
        for row, its_reasons in zip(some.itertuples(), _reasons(some), strict=True)
        for reason in its_reasons
        if reason.code == "shared_features"
    ]
    return sorted(found, key=lambda pair: -pair["n"])


def thorough_checks(part, n=10):
    """Return what the thorough checks found for the strongest pairs of a dataset.

    Parameters
    ----------
    part : pandas.DataFrame
        Rows of the dataset.
    n : int
        How many pairs.

    Returns
    -------
    list of dict
        x, y, mi (text), values (texts, in the order of `THOROUGH`); empty where none was made.
    """
    checked = part[np.isfinite(part[list(THOROUGH)]).any(axis=1)]
    return [
        {
            "x": printable(row.x, 40),
            "y": printable(row.y, 40),
            "mi": bits(row.mi_bits, row.sd_bits),
            # a time series has but one split, hence no scatter over splits
            "values": [
                DASH
                if name == "split_sd_bits" and getattr(row, name) < 1e-9
                else bits(getattr(row, name))
                for name in THOROUGH
            ],
        }
        for row in strongest(checked, n).itertuples()
    ]


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
