"""`lmi init`: a look at the data, and a config for them with comments."""

from pathlib import Path

import yaml

from lmi.base.errors import InputError
from lmi.base.messages import some

MANY_FEATURES = 500
"""With more features than this, groups of features are what one wants to compare."""
MOST_STRATA = 30
READ_WHOLE_BYTES = 500_000_000
"""Larger files are not searched for missing values."""
SHARE_TO_DROP = 0.05
"""Samples with missing values are left out up to this share; else values are imputed."""
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
        "notes": [
            f"{len(recorded.names)} units, {recorded.duration_s:,.0f} s; "
            f"{sum(rate >= floor for rate in rates)} fire at least {floor:g} times a second"
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
    from lmi.data.sources import Source, header, missing_samples, sources_of

    dataset = {"source": path}
    if ending(path) == ".nwb":
        dataset["time_series"] = True
    parts = sources_of(dataset)
    if len(parts) > 1:
        return _parts(path, parts)
    top = header(parts[0])
    notes, drop = [], [*top.ids, *top.text]
    if drop:
        dataset["drop_columns"] = drop
        notes.append(f"columns left out, for they hold no measurements: {some(drop)}")
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
    missing = 0
    if sum(stamp(file)[1] for file in files_of(path)) <= READ_WHOLE_BYTES:
        missing = int(missing_samples(Source(path, drop_columns=tuple(drop) or None)).sum())
    else:
        notes.append("the file is large: it was not searched for missing values")
    return {
        "kind": "matrix",
        "samples": top.n_samples,
        "features": n_features,
        "missing_samples": missing,
        "strata": _strata(path, top),
        "notes": notes,
        "dataset": dataset,
    }


def _parts(path, parts):
    """Look at a file of several modalities: each is a variable."""
    from lmi.data.sources import header, n_samples

    sizes = [f"{one.named} has {len(header(one).features):,} features" for one in parts]
    return {
        "kind": "matrix",
        "samples": n_samples(parts),
        "features": sum(len(header(one).features) for one in parts),
        "missing_samples": 0,
        "strata": _strata(path, header(parts[0])),
        "notes": [f"{len(parts)} modalities: {some(sizes)}"],
        "dataset": {"source": path, "variables": "files", "pairs": "all"},
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
        from lmi.data.labels import ENDINGS, read_labels

        for name in sorted(top.text) if ending(path) in ENDINGS else ():
            n_groups[name] = len(set(map(str, read_labels(path, name))))
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

    def entry(values, indent):
        text = yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=10**6)
        return "".join(f"{' ' * indent}{line}\n" for line in text.splitlines())

    lines = ["# Written by `lmi init`; every key is explained in config/README.md."]
    lines += [f"# {line}" for line in told(said).splitlines() if not line.startswith("lmi ")]
    if said["refused"]:
        lines.append("# MEND THIS FIRST: " + said["refused"])
    text = "\n".join(lines) + "\n\n"
    text += "# Results go to results/<run>/.\n" + entry({"run": said["name"]}, 0)
    text += "seed: 0\n\n# Variables in one file: a job does all pairs of two such blocks.\n"
    size = f"    # {said['block_size']} here" if said["block_size"] else ""
    text += f"block_size: auto{size}\n"
    text += "\ndatasets:\n" + entry({said["name"]: {}}, 2).replace(" {}", "")
    if "spikes" in dataset:
        text += entry({"spikes": dataset["spikes"]}, 4)
        text += "      # windows of n_lags bins of bin_ms milliseconds, a new one every stride_ms\n"
    else:
        text += entry(
            {key: dataset[key] for key in ("source", "drop_columns") if key in dataset}, 4
        )
        for name, count in said["strata"].items():
            key = entry({"strata": name}, 0).strip()
            text += f"    # {key}    # {count} groups: also within them\n"
        text += "    # time_series: true    # if samples are consecutive in time\n"
    text += "    # each: every feature (unit) is a variable; groups of features:\n"
    text += "    #   {gene_sets: sets.gmt}, {table: groups.tsv}, {list: {name: [feature, ...]}}\n"
    text += entry({"variables": dataset["variables"]}, 4)
    text += "    # or {between: [[names of some], [names of others]]}, {file: pairs.tsv}\n"
    text += entry({"pairs": dataset["pairs"]}, 4)
    if said["missing"]:
        text += f"\n# {said['missing_samples']:,} samples have missing values.\n"
        text += entry({"project": {"missing": said["missing"]}}, 0)
    return text


def told(said):
    """Return what was seen and chosen as lines for people."""
    n_samples = "not counted" if said["samples"] is None else f"{said['samples']:,}"
    what = "units" if said["kind"] == "spikes" else "features"
    lines = [f"{said['name']}: {n_samples} samples, {said['features']:,} {what}", *said["notes"]]
    if said["missing_samples"]:
        lines.append(f"{said['missing_samples']:,} samples have missing values: {said['missing']}")
    if said["refused"]:
        lines.append(f"the config needs you first: {said['refused']}")
    else:
        hours = said["hours"]
        time = f"{hours * 60:.0f} minutes" if hours < 2 else f"{hours:,.0f} hours"
        lines.append(
            f"{said['variables']:,} variables, {said['pairs']:,} pairs, blocks of "
            f"{said['block_size']}: about {time} on one core"
        )
    if said["strata"]:
        lines.append(f"columns that could be strata: {some(said['strata'])}")
    lines.append(f"lmi init wrote {said['config']}; next: lmi check -c {said['config']}")
    return "\n".join(lines)
