"""`lmi check`: a config, and what the headers of its data say will be read."""

from pathlib import Path

from lmi.base.errors import InputError
from lmi.base.messages import counted, some

N_NAMES = 5
"""Variables whose names are shown."""


def load(path):
    """Return a config file, checked, with its defaults.

    Parameters
    ----------
    path : str

    Raises
    ------
    InputError
        No such file, or a mistake in it or in the headers of its data.
    """
    from lmi.planning import config, yaml_file

    if not Path(path).is_file():
        near = [str(one) for one in sorted(Path(path).parent.glob("*.y*ml"))]
        hint = f" There are {some(near)}." if near else ""
        raise InputError(
            f"--config: expected a file at {path}, found none.{hint} `lmi init DATA` writes one"
        )
    content = yaml_file.read(path)
    if "datasets" not in content:
        raise InputError(f"config: {path}: expected the key `datasets`, found none. Add it")
    return config.load(content)


def described(config):
    """Return what will be read and estimated of each dataset, from headers alone.

    Parameters
    ----------
    config : dict
        From `load`.

    Returns
    -------
    dict
        `run`, `results`, and `datasets`: of each its files, samples, variables, features, pairs,
        lags, blocks, tiles, strata, groups, and what the config lists and the data lack.
    """
    from lmi.data.groups import group_sizes
    from lmi.data.sources import data_files
    from lmi.data.variables import count_samples
    from lmi.planning.plan import Plan

    plan = Plan(config)
    datasets = {}
    for dataset in plan.own:
        settings = config["datasets"][dataset.name]
        absent = [feature for variable in dataset.variables for feature in variable.absent]
        features = [len(variable.features) for variable in dataset.variables]
        least = min(features, default=0)
        if "source" not in settings or not all(features):  # spikes, tasks, files: the widest
            features = [dataset.n_features]
            least = None if settings.get("variables") == "files" else dataset.n_features
        datasets[dataset.name] = {
            "files": data_files(settings),
            "samples": count_samples(settings),
            "variables": len(dataset.variables),
            "first_variables": [variable.name for variable in dataset.variables[:N_NAMES]],
            "features_min": least,
            "features_max": max(features),
            "absent_features": len(absent),
            "pairs": sum(len(dataset.list_pairs(*tile)) for tile in dataset.tiles),
            "lags": dataset.lags,
            "tiles": len(dataset.tiles),
            "strata": _strata(settings),
            "groups": group_sizes(settings)[0] if "compare" in settings else None,
            "time_series": "spikes" in settings or settings.get("time_series", False),
        }
    return {"run": config["run"], "results": plan.results, "datasets": datasets}


def _strata(settings):
    """Return the number of samples of each stratum, or None without strata."""
    if "strata" not in settings:
        return None
    import numpy as np

    from lmi.data.matrix_values import read_strata

    names, sizes = np.unique(read_strata(settings), return_counts=True)
    return dict(zip(names.tolist(), sizes.tolist(), strict=True))


def read_data(config):
    """Read the datasets of a config; return an overview of each, `lmi.data.overview.Overview`."""
    from lmi.planning import check

    return check.overviews(config)


def with_data(said, overviews):
    """Return what `described` says and, of each dataset, what is in its data."""
    import dataclasses

    # labels of single samples are for the report
    bare = [dataclasses.replace(one, labels=[], label_rows=[]) for one in overviews]
    data = {one.dataset: {"data": dataclasses.asdict(one)} for one in bare}
    datasets = {name: its | data.get(name, {}) for name, its in said["datasets"].items()}
    return said | {"datasets": datasets}


def pages(overviews):
    """Return overviews as texts for people."""
    from lmi.data import overview_text

    return [overview_text.text(one) for one in overviews]


def told(said):
    """Return what `described` found as lines for people."""
    lines = [f"The config is good: run {said['run']} -> {said['results']}"]
    for name, its in said["datasets"].items():
        samples = (
            "samples not counted yet" if its["samples"] is None else f"{its['samples']:,} samples"
        )
        least, most = its["features_min"], its["features_max"]
        width = counted(most, "feature")
        if least is None:
            width = f"up to {width}"
        elif least != most:
            width = f"{least} to {width}"
        lags = f", at {len(its['lags'])} lags each" if len(its["lags"]) > 1 else ""
        lines += [
            "",
            f"{name}: {samples}, {counted(its['variables'], 'variable')} of {width}, "
            f"{counted(its['pairs'], 'pair')}{lags} in {counted(its['tiles'], 'tile')}",
            f"  files      {some(its['files'], 4) or 'none: drawn from a known distribution'}",
            f"  variables  {', '.join(its['first_variables'])}"
            + (f" and {its['variables'] - N_NAMES:,} more" if its["variables"] > N_NAMES else ""),
        ]
        if its["strata"]:
            strata = [f"{key} ({count:,})" for key, count in its["strata"].items()]
            lines.append(f"  strata     {some(strata, 6)}")
        if its["groups"]:
            groups = [f"{key} ({count:,})" for key, count in its["groups"].items()]
            lines.append(f"  compare    {' against '.join(groups)}")
        if its["absent_features"]:
            lines.append(f"  left out   {its['absent_features']:,} features that the data lack")
        if its["time_series"]:
            lines.append("  order      samples are consecutive in time")
    return "\n".join(lines)
