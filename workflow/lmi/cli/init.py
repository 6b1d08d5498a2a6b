"""`lmi init`: a look at the data, and a config for them with comments."""

import textwrap
from pathlib import Path

import yaml

from lmi.base.errors import InputError
from lmi.base.messages import counted, some

MANY_FEATURES = 500
"""With more features than this, groups of features are what one wants to compare."""
MOST_STRATA = 30
MOST_WHOLE = 0.5
"""Share of columns of whole numbers up to which those of few values are taken for labels."""
READ_WHOLE_BYTES = 500_000_000
"""Larger files are not searched for missing values."""
SHARE_TO_DROP = 0.05
"""Samples with missing values are left out up to this share; else values are imputed."""
ANNOTATED = (".h5ad", ".h5mu", ".zarr")
POLICIES = "drop_samples leaves them out, impute_median fills in the median, error stops"
FLOW = {"default_flow_style": True, "allow_unicode": True, "width": 10**6}
"""How values of the config stand on one line."""
TILES_COUNTED = 60
"""Tiles whose cost is summed; of more, every so many."""


def write(path, out=None, *, gene_sets=None, force=False):
    """Look at a file of data and write a config for it.

    Parameters
    ----------
    path : str
        The data.
    out : str, optional
        The config; else the name of the data with the ending .yaml, in this folder.
    gene_sets : str, optional
        GMT file whose sets are the variables.
    force : bool
        Replace a config that is there.

    Returns
    -------
    dict
        `config`, its path; what the data are: `samples`, `features`, `missing_samples`, `strata`;
        what was chosen: `variables`, `pairs`, `block_size`; what it costs: `hours` of one core.

    Raises
    ------
    InputError
        Data that cannot be read, or a config that is there.
    """
    from lmi.base.files import replacing
    from lmi.data.files import stem

    name = "".join(c if c.isalnum() or c in "._-" else "_" for c in stem(path)).lstrip("._-")
    name = name or "data"
    target = Path(out or f"{name}.yaml")
    if target.exists() and not force:
        raise InputError(f"--out: {target} is there already. Give another name, or --force")
    said = _spikes(path) if _is_spikes(path) else _matrix(path, gene_sets)
    said = {"config": str(target), "name": name} | said
    dataset = said.pop("dataset")
    said |= _sizes(name, dataset, said)
    text = _text(said, dataset)
    with replacing(target) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return said


# ---- the look at the data


def _is_spikes(path):
    """Whether a file holds spike times: arrays or columns `times` and `units`, or units of NWB."""
    from lmi.data.files import check_source, ending, kilosort_files
    from lmi.data.formats import nwb, recordings

    check_source(path, "data")
    if Path(path).is_dir():
        return ending(path) not in (".zarr", ".mtx") and bool(kilosort_files(path))
    if ending(path) not in recordings.ENDINGS:
        return False
    if ending(path) == ".nwb":
        return nwb.has_units(path)
    if ending(path) == ".npz":
        import numpy as np

        with np.load(path, allow_pickle=False) as file:
            return {"times", "units"} <= set(file.files)
    if ending(path) in (".h5", ".hdf5", ".nwb"):
        import h5py

        with h5py.File(path, "r") as file:
            return {"times", "units"} <= set(file) or (ending(path) == ".nwb" and "units" in file)
    from lmi.data.sources import Source, header

    return {"times", "units"} <= set(header(Source(path)).features)


def _spikes(path):
    from lmi.data import spikes

    recorded = spikes.recording({"source": path})
    floor = 1.0
    rates = [count / recorded.duration_s for count in recorded.n_spikes]
    return {
        "kind": "spikes",
        "samples": None,
        "features": len(recorded.names),
        "missing_samples": 0,
        "strata": {},
        "examples": list(map(str, recorded.names[:3])),
        "notes": [
            f"{recorded.duration_s:,.0f} s of recording; {sum(rate >= floor for rate in rates)} "
            f"units fire at least {floor:g} spikes a second, the others are left out"
        ],
        "dataset": {
            "spikes": {
                "source": path,
                "bin_ms": 20,
                "n_lags": 5,
                "stride_ms": 100,
                "min_rate_hz": floor,
            },
            "variables": "each",
            "pairs": "all",
        },
    }


def _matrix(path, gene_sets):
    from lmi.base.paths import stamp
    from lmi.data.files import ending, files_of
    from lmi.data.formats.matrices import SeveralMatrices
    from lmi.data.sources import Source, header, missing_samples, sources_of

    dataset = {"source": path}
    if ending(path) == ".nwb":
        dataset["time_series"] = True
    parts = sources_of(dataset)
    if len(parts) > 1:
        return _parts(dataset, parts, "modalities")
    try:
        top = header(parts[0])
    except SeveralMatrices as several:
        dataset["key"] = several.names
        return _parts(dataset, sources_of(dataset), "matrices")
    notes, drop = [], [*top.ids, *top.text]
    if drop:
        dataset["drop_columns"] = drop
        notes.append(f"columns left out, as they hold text or count samples: {some(drop)}")
    n_features = len([name for name in top.features if name not in drop])
    if gene_sets:
        dataset["variables"] = {
            "gene_sets": gene_sets,
            "unknown_features": "drop",
            "min_features": 5,
        }
    else:
        dataset["variables"] = "each"
        if n_features > MANY_FEATURES:
            notes.append(
                f"{n_features:,} features make {n_features * (n_features - 1) // 2:,} pairs: "
                "groups of them (gene_sets, table, list) are fewer, and find what no single one "
                "shows"
            )
    dataset["pairs"] = "all"
    missing, labels = 0, []
    if sum(stamp(file)[1] for file in files_of(path)) <= READ_WHOLE_BYTES:
        kept = Source(path, drop_columns=tuple(drop) or None)
        missing = int(missing_samples(kept).sum())
        labels = _labels(kept)
        if labels:
            notes.append(
                f"columns of few whole numbers: {some(labels)}: name those that are labels in "
                "drop_columns"
            )
    else:
        notes.append("the file is large: it was not searched for missing values")
    return {
        "kind": "matrix",
        "samples": top.n_samples,
        "features": n_features,
        "missing_samples": missing,
        "strata": _strata(path, top),
        "labels": labels,
        "examples": [name for name in top.features if name not in (*drop, *labels)][:3],
        "notes": notes,
        "dataset": dataset,
    }


def _labels(source):
    """Return the columns of a table that seem to be labels: few whole numbers beside others."""
    import numpy as np

    from lmi.data.files import ending
    from lmi.data.labels import ENDINGS
    from lmi.data.sources import header, read

    features = header(source).features
    if ending(source.path) not in ENDINGS or not 1 < len(features) <= MANY_FEATURES:
        return []
    values = read(source)
    with np.errstate(invalid="ignore"):
        whole = ((values == np.round(values)) | np.isnan(values)).all(axis=0)
    if whole.mean() > MOST_WHOLE:
        return []
    n_values = [len(np.unique(column)) for column in values.T]
    return [
        name
        for name, is_whole, n in zip(features, whole, n_values, strict=True)
        if is_whole and n <= MOST_STRATA
    ]


def _parts(dataset, parts, what):
    """Look at a file of several modalities or matrices: each is a variable."""
    from lmi.data.sources import header, n_samples

    sizes = [f"{one.named} has {len(header(one).features):,} features" for one in parts]
    return {
        "kind": "matrix",
        "samples": n_samples(parts),
        "features": sum(len(header(one).features) for one in parts),
        "missing_samples": 0,
        "strata": _strata(dataset["source"], header(parts[0])),
        "examples": [],
        "notes": [f"{len(parts)} {what}: {some(sizes)}: each is a variable"],
        "dataset": dataset | {"variables": "files", "pairs": "all"},
    }


def _strata(path, top):
    """Return columns of labels that could be strata, and their numbers of groups."""
    from lmi.data.files import ending
    from lmi.data.formats.annotated import is_group, open_group
    from lmi.data.labels import ANNOTATED

    n_groups = {}
    if ending(path) in ANNOTATED:
        with open_group(path) as root:
            obs = root.get("obs", {})
            for name in obs:
                if is_group(obs[name]) and "categories" in obs[name]:
                    n_groups[name] = obs[name]["categories"].shape[0]
    else:
        from lmi.data.labels import ENDINGS, labels_of

        for name in sorted(top.text) if ending(path) in ENDINGS else ():
            labels, _ = labels_of(path, name, None, refuse_missing=False)
            n_groups[name] = len(set(labels) - {""})
    return {name: count for name, count in n_groups.items() if 1 < count <= MOST_STRATA}


def _sizes(name, dataset, said):
    """Return the sizes of what is to be done, and its cost; where data are refused, say why."""
    from lmi.planning import config as configs
    from lmi.planning.plan import Plan

    config = {"run": name, "datasets": {name: dataset}}
    if said["missing_samples"]:
        share = said["missing_samples"] / (said["samples"] or said["missing_samples"])
        policy = "drop_samples" if share <= SHARE_TO_DROP else "impute_median"
        config["project"] = {"missing": policy}
    try:
        plan = Plan(configs.load(config))
        its = plan.own[0]
        n_variables = len(its.variables)
    except InputError as error:
        return {
            "refused": str(error),
            "missing": config.get("project", {}).get("missing"),
            "block_size": None,
        }
    tiles = its.tiles
    step = max(1, len(tiles) // TILES_COUNTED)
    seconds = sum(
        plan.job(rule, dataset=name, x=f"{i:03d}", y=f"{j:03d}").cost()["seconds"]
        for i, j in tiles[::step]
        for rule in ("embed", "estimate")
    )
    return {
        "samples": its.n_samples,
        "variables": n_variables,
        "variable_features": its.n_features,
        "pairs": sum(len(its.list_pairs(*tile)) for tile in tiles),
        "block_size": max(map(len, its.blocks)),
        "hours": seconds * len(tiles) / len(tiles[::step]) / 3600,
        "missing": config.get("project", {}).get("missing"),
        "refused": None,
    }


# ---- the config


def _text(said, dataset):
    """Return the config as text with comments."""
    name, lines = said["name"], []

    def comment(text, indent=0):
        room = textwrap.wrap(text, 96 - indent, break_on_hyphens=False, break_long_words=False)
        lines.extend(f"{' ' * indent}# {line}" for line in room)

    def offer(text, beside=""):
        lines.append(f"    # {text}" + (f"    # {beside}" if beside else ""))

    def entry(values, indent=0, beside=""):
        text = yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=10**6)
        lines.extend(f"{' ' * indent}{line}" for line in text.splitlines())
        lines[-1] += f"    # {beside}" if beside else ""

    comment(
        "Written by `lmi init`, to start from. With `-c` and this file, `lmi check` shows what is "
        "read, `lmi plan` what it costs, and `lmi run` runs it. docs/data.md of the workflow has "
        "examples, config/README.md every key. What stands behind a # is not read."
    )
    lines.append("#")
    for line in told(said).splitlines()[:-1]:
        comment(line)
    if said["refused"]:
        comment("MEND THIS FIRST: " + said["refused"])
    lines.append("")
    entry({"run": name}, beside=f"results go to results/{name}/")
    entry({"seed": 0}, beside="the same seed gives the same results")
    size = f", {said['block_size']} here" if said["block_size"] else ""
    entry({"block_size": "auto"}, beside=f"variables in one file{size}")
    lines += ["", "datasets:", *yaml.safe_dump({name: None}, allow_unicode=True).split(" null")[:1]]
    lines[-1] = f"  {lines[-1].rstrip()}"
    _data(said, dataset, offer, entry)
    _variables(said, dataset, offer, entry)
    if said["missing"]:
        lines.append("")
        comment(f"{said['missing_samples']:,} samples have missing values; {POLICIES}")
        entry({"project": {"missing": said["missing"]}})
    return "\n".join(lines) + "\n"


def _data(said, dataset, offer, entry):
    """Write what is read, and what else it may be told."""
    if "spikes" in dataset:
        offer("A sample is a window of n_lags bins of bin_ms, a new one every stride_ms; its")
        offer("features are the counts of a unit in these bins.")
        entry({"spikes": dataset["spikes"]}, 4)
        offer("lags: [-2, -1, 0, 1, 2]", "y so many windows later than x")
        return
    entry({"source": dataset["source"]}, 4)
    if "key" in dataset:
        entry({"key": dataset["key"]}, 4)
    if "drop_columns" in dataset:
        entry({"drop_columns": dataset["drop_columns"]}, 4)
    if said.get("labels"):
        named = yaml.safe_dump([*dataset.get("drop_columns", []), *said["labels"]], **FLOW).strip()
        offer(f"drop_columns: {named}", "if these are labels, and no quantities")
    if dataset.get("time_series"):
        entry({"time_series": True}, 4, "samples are consecutive in time")
    else:
        offer("time_series: true", "if samples are consecutive in time")
    for name, count in said["strata"].items():
        key = yaml.safe_dump({"strata": name}, allow_unicode=True).strip()
        offer(key, f"{count} groups: what is shared within them, too")


def _variables(said, dataset, offer, entry):
    """Write what the variables and pairs are, and what else they might be."""

    def instead(key, value, beside=""):
        text = yaml.safe_dump(value, **FLOW).removesuffix("...\n").strip()
        offer(f"{key}: {text}", beside)

    what = "unit" if said["kind"] == "spikes" else "feature"
    each = dataset["variables"] == "each"
    entry({"variables": dataset["variables"]}, 4, f"every {what} is one" if each else "")
    some_names = said["examples"]
    if each and len(some_names) > 1:
        if said["kind"] == "spikes":
            instead("variables", {"list": some_names}, "instead: these alone")
        else:
            named = {"one group": some_names[:1], "another": some_names[1:]}
            instead("variables", {"list": named}, "instead: groups of features")
            offer("variables: {gene_sets: sets.gmt}", "instead: each set is one; also {table: …}")
    if each and said["strata"]:
        columns = list(said["strata"])
        if not str(dataset["source"]).endswith(ANNOTATED):
            columns = [{"table": dataset["source"], "column": column} for column in columns]
        instead("variables", {"labels": columns}, "instead: labels beside every feature")
    entry({"pairs": dataset["pairs"]}, 4)
    if each and len(some_names) > 1:
        instead(
            "pairs", {"between": [some_names[:1], some_names[1:]]}, "instead: from here to there"
        )
    if said["kind"] == "spikes":
        offer("pairs: shifted", "instead: a negative control; needs spikes.shift_s")


def told(said):
    """Return what was seen and chosen as lines for people."""
    n_samples = "not counted" if said["samples"] is None else f"{said['samples']:,}"
    kinds = ("windows", "units") if said["kind"] == "spikes" else ("samples", "features")
    sizes = f"{n_samples} {kinds[0]}, {counted(said['features'], kinds[1].removesuffix('s'))}"
    lines = [f"{said['name']}: {sizes}", *said["notes"]]
    if said["missing_samples"]:
        lines.append(f"{said['missing_samples']:,} samples have missing values: {said['missing']}")
    if said["refused"]:
        lines.append(f"the config needs you first: {said['refused']}")
    else:
        hours = said["hours"]
        time = f"{hours * 60:.0f} minutes" if hours < 2 else f"{hours:,.0f} hours"
        time = "a minute or less" if hours < 0.025 else f"about {time}"
        lines.append(
            f"{counted(said['variables'], 'variable')}, {counted(said['pairs'], 'pair')}, "
            f"blocks of {said['block_size']}: {time} on one core"
        )
    if said["strata"]:
        lines.append(f"columns that could be strata: {some(said['strata'])}")
    lines.append(f"lmi init wrote {said['config']}; next: lmi check -c {said['config']}")
    return "\n".join(lines)
