"""The stage project: a block of variables, read from the source, to the file of its views."""

import itertools
import json
import logging
from pathlib import Path

import numpy as np

from lmi.base.files import write
from lmi.data.sources import data_files
from lmi.data.variable import Variable
from lmi.data.variables import read_matrices
from lmi.embedding import canonical
from lmi.embedding import published as paper
from lmi.estimation import flags
from lmi.pipeline import cache
from lmi.projection import folds as split
from lmi.projection import ties, views

log = logging.getLogger("lmi")

CONSTANT, ABSENT = "constant", "not in the data"
"""Why a feature was left out."""


def project(out, *, dataset, dataset_name, variables, settings, seed, shared=None):
    """Read the variables of a block and write their views: what depends on one variable alone.

    Parameters
    ----------
    out : str or Path
        `variables/block-000.h5`.
    dataset : dict
        The dataset of the config, without variables and pairs.
    dataset_name : str
    variables : list of dict
        From `Variable.to_params`.
    settings : dict
        The config's section `project`.
    seed : int
    shared : str or Path, optional
        Folder of `lmi.pipeline.cache`.

    Raises
    ------
    InputError
        Where the whole dataset is unusable; a bad variable is written with its reason instead.
    """
    key = cache.key("project", *_data(dataset), dataset_name, variables, settings, seed)
    if cache.fetch(shared, "project", key, out):
        return
    wanted = [Variable.from_params(params) for params in variables]
    matrices, info = read_matrices(dataset, wanted, settings["missing"], seed)
    n_samples = len(matrices[0])
    fold, inner = split.folds(
        n_samples,
        seed=seed,
        dataset=dataset_name,
        n_inner=canonical.N_INNER,
        time_series=info["time_series"],
    )
    for variable, error in zip(wanted, info["errors"], strict=True):
        if error:
            log.warning("%s, variable %s: %s", dataset_name, variable.name, error)
    for note in filter(None, info["notes"]):
        log.info("%s: %s", dataset_name, note)
    write_block(
        out,
        [variable.name for variable in wanted],
        matrices,
        [error or "" for error in info["errors"]],
        (fold, inner),
        dataset_name=dataset_name,
        settings=settings,
        seed=seed,
        strata=info["strata"],
        interval=info["interval"],
        given=info["given"],
        missing=[
            max(share, info["n_dropped"] / (n_samples + info["n_dropped"]))
            for share in info["missing"]
        ],
        truth_bits=info["truth_bits"],
        indicators=[bool(variable.label) for variable in wanted],
        features=[
            names if _named(dataset) else [f"{variable.name}/{name}" for name in names]
            for variable, names in zip(wanted, info["features"], strict=True)
        ],
        labels=_labels(wanted, info),
        attributes={
            "n_dropped": info["n_dropped"],
            "time_series": info["time_series"],
            "overlap": info["overlap"],
            "by_position": info["by_position"],
            "preprocess": json.dumps(dataset.get("preprocess", [])),
            "named_features": _named(dataset),
            "key": key,
        },
    )
    cache.keep(shared, "project", key, out)


def _labels(variables, info):
    """Return what the samples are called, and which samples and features were left out."""
    rows = info["sample_rows"]
    left_out = [
        (name, place, reason)
        for place, variable in enumerate(variables)
        for names, reason in ((info["constant"][place], CONSTANT), (variable.absent, ABSENT))
        for name in names
    ]
    features, places, reasons = zip(*left_out, strict=True) if left_out else ((), (), ())
    samples, why = (
        zip(*info["dropped_samples"], strict=True) if info["dropped_samples"] else ((),) * 2
    )
    return {
        "sample_name": list(info["sample_names"] or map(str, rows.tolist())),
        "sample_row": rows.astype(np.int64),
        "dropped_sample": list(samples),
        "dropped_sample_reason": list(why),
        "dropped_feature": list(features),
        "dropped_feature_variable": np.array(places, np.int64),
        "dropped_feature_reason": list(reasons),
    }


def _named(dataset):
    """Whether features of one name are the same: those of a table, of which variables are groups.

    Of spikes and of tasks they are not, nor of files that are a variable each.
    """
    return "source" in dataset and "spikes" not in dataset and dataset["variables"] != "files"


def _data(dataset):
    """Return what a dataset says of its data, and the content of the files, not their names."""
    said = json.loads(json.dumps(dataset))
    tasks = [said.get("task"), *said.get("cells", {}).values()]
    for part, name in [(said, "source"), (said.get("spikes"), "source")] + [
        (task, "path") for task in tasks
    ]:
        if part:
            part.pop(name, None)
    for key in ("strata", "given", "where", "downsample", "intervals"):
        if isinstance(said.get(key), dict):
            said[key].pop("table", None)
    pairing = said.get("pairing", {})
    pairing.pop("table", None)
    places = (said.get("labels", []), pairing.get("keys", []), pairing.get("where", []))
    for place in itertools.chain(*places):
        if isinstance(place, dict):
            place.pop("table")
    return said, [(Path(path).suffix, cache.content(path)) for path in data_files(dataset)]


def write_block(
    out,
    names,
    matrices,
    errors,
    folds,
    *,
    dataset_name,
    settings,
    seed,
    attributes,
    strata=None,
    given=None,
    missing=None,
    truth_bits=None,
    features=None,
    interval=None,
    labels=None,
    indicators=None,
):
    """Write the views of the variables of a block.

    Parameters
    ----------
    out : str or Path
    names, errors : list of str
        Of each variable; the error is empty for a good one.
    matrices : list of array, shape (n_samples, n_features)
    folds : (array, array)
        Fold and inner fold of each sample.
    dataset_name, settings, seed
        As in `project`.
    attributes : dict
        More attributes of the file: `time_series`, `overlap`, and `key`, of `lmi.pipeline.cache`.
    strata : array of str, shape (n_samples,), optional
    given : array of str, shape (n_samples,), optional
        Labels that are conditioned on.
    missing : list of float, optional
        Share of missing values of each variable.
    truth_bits : list of float, optional
        What each variable shares with the other one of its task.
    features : list of sequence of str, optional
        Names of the features of each variable; features of one name are the same.
    indicators : list of bool, optional
        Which variables are labels: their features are indicators.
    interval : int array, shape (n_samples,), optional
        Interval of each sample of a time series with gaps.
    labels : dict of str to array, optional
        What the samples are called and what was left out, by names of `lmi.results.layout`.
    """
    of_samples = {} if interval is None else {"interval": interval}
    n_samples, n_components = len(matrices[0]), settings["n_components"]
    shape = (len(names), n_samples, n_components)
    stacked = {view: np.zeros(shape, np.float32) for view in views.VIEWS}
    kinds, values = ["wide"] * len(names), np.zeros(shape[:2], np.float32)
    n_scores = np.zeros((len(names), len(views.VIEWS)), int)
    zscores, feature_names, feature_keys = [], [], []
    means, scales = [], []
    for row, (name, matrix, error) in enumerate(zip(names, matrices, errors, strict=True)):
        if error:
            zscores.append(np.zeros((n_samples, 0), np.float32))
            continue
        varying = views.varying(matrix)
        if features is None:
            feature_names += [f"{name}/{column}" for column in range(varying.shape[1])]
        else:
            feature_names += features[row]
        is_label = bool(indicators and indicators[row])
        kinds[row], values[row] = ties.describe(varying, is_label)
        # indicators of labels are no features: what they share is finite
        none = np.zeros(varying.shape[1], np.uint64)
        feature_keys.append(none if is_label else flags.column_keys(varying))
        means.append(views.by_columns(lambda some: some.mean(axis=0), varying, np.float64))
        scales.append(views.by_columns(lambda some: some.std(axis=0), varying, np.float64))
        of_views = views.make(
            varying,
            seed=seed,
            name=f"{dataset_name}/{name}",
            n_components=n_components,
            clip=settings["clip"],
        )
        for column, view in enumerate(views.VIEWS):
            n_scores[row, column] = of_views[view].shape[1]
            stacked[view][row, :, : of_views[view].shape[1]] = of_views[view]
        del of_views
        zscores.append(paper.standardise(varying, settings["clip"]))
    if strata is None:
        strata = np.zeros(n_samples, int)
        strata_names = []
    else:
        strata_names, strata = np.unique(strata, return_inverse=True)
    if labels is None:
        info = {"sample_rows": np.arange(n_samples), "sample_names": None}
        labels = _labels([], info | {"dropped_samples": []})
    write(
        out,
        stacked
        | of_samples
        | labels
        | {
            "name": names,
            "strata": strata,
            "strata_names": list(strata_names),
            "missing": np.zeros(len(names)) if missing is None else missing,
            "truth_bits": np.full(len(names), np.nan) if truth_bits is None else truth_bits,
            "error": errors,
            "n_scores": n_scores,
            "n_features": [z.shape[1] for z in zscores],
            "feature_name": feature_names,
            "feature_key": np.concatenate([np.zeros(0, np.uint64), *feature_keys]),
            "zscores": zscores[0] if len(zscores) == 1 else np.concatenate(zscores, axis=1),
            "kind": kinds,
            "value": values,
            "feature_mean": np.concatenate([np.zeros(0), *means]),
            "feature_scale": np.concatenate([np.zeros(0), *scales]),
            "fold": folds[0],
            "inner": folds[1],
        }
        | ({} if given is None else {"given": list(given)}),
        {
            "dataset": dataset_name,
            "seed": seed,
            "clip": settings["clip"],
            "named_features": False,
        }
        | attributes,
    )
