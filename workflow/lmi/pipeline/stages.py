"""The stages that the workflow's scripts call: one function a stage, files in, one file out."""

import json
import logging
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from lmi.base import reasons
from lmi.base.errors import InputError
from lmi.base.files import reading, text, write
from lmi.base.reasons import Reason
from lmi.base.threads import map_pairs
from lmi.data.sources import data_files
from lmi.data.variables import Variable, read_matrices
from lmi.embedding import candidates as embedding
from lmi.embedding import canonical
from lmi.embedding import published as paper
from lmi.estimation import estimate as estimation
from lmi.estimation import flags, null
from lmi.pipeline import cache, checks, chunks
from lmi.pipeline.blocks import Block, Side, embed_sides
from lmi.projection import folds as split
from lmi.projection import views

log = logging.getLogger("lmi")

SCATTER_SAMPLES = 2000
"""Most samples in the scatter that the report draws of a pair."""


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
        missing=[
            max(share, info["n_dropped"] / (n_samples + info["n_dropped"]))
            for share in info["missing"]
        ],
        truth_bits=info["truth_bits"],
        features=[
            names if _named(dataset) else [f"{variable.name}/{name}" for name in names]
            for variable, names in zip(wanted, info["features"], strict=True)
        ],
        attributes={
            "n_dropped": info["n_dropped"],
            "time_series": info["time_series"],
            "overlap": info["overlap"],
            "key": key,
        },
    )
    cache.keep(shared, "project", key, out)


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
    if isinstance(said.get("strata"), dict):
        said["strata"].pop("table")
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
    missing=None,
    truth_bits=None,
    features=None,
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
    missing : list of float, optional
        Share of missing values of each variable.
    truth_bits : list of float, optional
        What each variable shares with the other one of its task.
    features : list of sequence of str, optional
        Names of the features of each variable; features of one name are the same.
    """
    n_samples, n_components = len(matrices[0]), settings["n_components"]
    shape = (len(names), n_samples, n_components)
    stacked = {view: np.zeros(shape, np.float32) for view in views.VIEWS}
    n_scores = np.zeros((len(names), len(views.VIEWS)), int)
    zscores, feature_names, feature_keys = [], [], []
    for row, (name, matrix, error) in enumerate(zip(names, matrices, errors, strict=True)):
        if error:
            zscores.append(np.zeros((n_samples, 0), np.float32))
            continue
        varying = views.drop_constant(matrix)
        if features is None:
            feature_names += [f"{name}/{column}" for column in range(varying.shape[1])]
        else:
            feature_names += features[row]
        feature_keys.append(flags.column_keys(varying))
        made = views.make(
            varying,
            seed=seed,
            name=f"{dataset_name}/{name}",
            n_components=n_components,
            clip=settings["clip"],
        )
        for column, view in enumerate(views.VIEWS):
            n_scores[row, column] = made[view].shape[1]
            stacked[view][row, :, : made[view].shape[1]] = made[view]
        zscores.append(paper.standardise(varying, settings["clip"]))
    if strata is None:
        strata = np.zeros(n_samples, int)
        strata_names = []
    else:
        strata_names, strata = np.unique(strata, return_inverse=True)
    write(
        out,
        stacked
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
            "zscores": np.concatenate(zscores, axis=1),
            "fold": folds[0],
            "inner": folds[1],
        },
        {"dataset": dataset_name, "seed": seed} | attributes,
    )


def lagged(fold, lag):
    """Return the fold with the samples left out, as -1, that have no partner `lag` samples later.

    Parameters
    ----------
    fold : int array, shape (n_samples,)
    lag : int
        Negative: y is earlier than x.
    """
    fold = fold.copy()
    if lag > 0:
        fold[-lag:] = -1
    elif lag < 0:
        fold[:-lag] = -1
    return fold


def embed(out, block_x, block_y, *, pairs, settings, seed, lags=(0,), threads=1, shared=None):
    """Embed the pairs of a tile.

    Parameters
    ----------
    out : str or Path
        `embeddings/tile-000-001.h5`.
    block_x, block_y : str or Path
        Files of `project`; the same one twice for the pairs within a block.
    pairs : list of (int, int)
        Rows in the two blocks.
    settings : dict
        The config's section `embed`.
    seed : int
    lags : sequence of int
        Each pair is embedded anew at each lag: y that many samples later than x.
    threads : int
    shared : str or Path, optional
        Folder of `lmi.pipeline.cache`.
    """
    with reading(block_x, "project") as one, reading(block_y, "project") as other:
        keys = one.attrs["key"], other.attrs["key"]
    key = cache.key("embed", keys, pairs, list(lags), settings, seed)
    if cache.fetch(shared, "embed", key, out):
        return
    rows_x, rows_y = {i for i, _ in pairs}, {j for _, j in pairs}
    if block_x == block_y:
        x = y = Block(block_x, lambda names: rows_x | rows_y)
    else:
        x, y = Block(block_x, lambda names: rows_x), Block(block_y, lambda names: rows_y)
    wanted = [(i, j, lag) for lag in lags for i, j in pairs]
    of_lags = [[row for row, (_, _, own) in enumerate(wanted) if own == lag] for lag in lags]
    sides = {}
    for rows, lag in zip(of_lags, lags, strict=True):
        good = [r for r in rows if not (x.error[wanted[r][0]] or y.error[wanted[r][1]])]
        sides |= zip(good, _sides(x, y, [wanted[r][:2] for r in good], lag), strict=True)
    options = {"settings": settings, "seed": seed, "threads": threads}
    prepared = {}

    def one_chunk(rows):
        lag = wanted[rows[0]][2]
        if lag not in prepared:
            prepared.clear()
            prepared[lag] = {}
        its_sides = [sides.get(row) for row in rows]
        return _embed_rows(x, y, [wanted[row] for row in rows], its_sides, prepared[lag], options)

    arrays = chunks.run(out, key, of_lags, one_chunk, stage="embed", shared=("loss_step",))
    kept = ("dataset", "time_series", "overlap")
    write(
        out,
        arrays | {"strata": x.strata, "strata_names": list(x.strata_names)},
        {name: x.attributes[name] for name in kept}
        | {"seed": seed, "preset": settings["preset"], "key": key},
    )
    chunks.clear(out)
    cache.keep(shared, "embed", key, out)


def _embed_rows(x, y, wanted, sides, prepared, options):
    """Return the arrays of some rows of a tile, all at one lag.

    Parameters
    ----------
    x, y : Block
    wanted : list of (int, int, int)
        Rows in the two blocks, and the lag.
    sides : list of (Side, Side) or None
        None for a pair with a bad variable.
    prepared : dict
        Of `embed_sides`.
    options : dict
        `settings`, `seed` and `threads` of `embed_sides`.
    """
    lag, settings = wanted[0][2], options["settings"]
    errors = [x.error[i] or y.error[j] for i, j, _ in wanted]
    error_codes = ["unusable_data" if error else "" for error in errors]
    checked = {name: np.full(len(wanted), np.nan) for name in flags.CHECKS}
    good = [row for row, pair in enumerate(sides) if pair]
    folds = lagged(x.fold, lag), x.inner
    log.info("lag %d: %d pairs", lag, len(good))
    found = embed_sides([sides[row] for row in good], *folds, **options, prepared=prepared)
    done = {}
    for row, result in zip(good, found, strict=True):
        if isinstance(result, Exception):
            errors[row], error_codes[row] = str(result), "embedding_failed"
            names = x.name[wanted[row][0]], y.name[wanted[row][1]]
            log.error("%s, %s: embedding failed: %s", *names, result)
        else:
            done[row] = result
    if settings["checks"] == "thorough" and settings["preset"] == "default" and good:
        log.info("checks of %d pairs", len(good))
        samples = estimation.Samples(
            bool(x.attributes["time_series"]), int(x.attributes["overlap"])
        )
        pairs = [sides[row] for row in good]
        for name, values in checks.thorough(
            pairs, *folds, found, samples=samples, **options
        ).items():
            checked[name][good] = values
    rows = range(len(wanted))
    # at another lag, a feature is compared with its own past or future, not with itself
    shared = [
        flags.shared_features(x.features[i], y.features[j]) if not lag else flags.NOTHING_SHARED
        for i, j, _ in wanted
    ]
    return (
        _stack(done, len(wanted), len(x.fold))
        | checked
        | {
            "x": [x.name[i] for i, _, _ in wanted],
            "y": [y.name[j] for _, j, _ in wanted],
            "lag": [lag for _, _, lag in wanted],
            "n_features_x": [x.n_features[i] for i, _, _ in wanted],
            "n_features_y": [y.n_features[j] for _, j, _ in wanted],
            "missing": [max(x.missing[i], y.missing[j]) for i, j, _ in wanted],
            "truth_bits": [
                x.truth_bits[i] if x.truth_bits[i] == y.truth_bits[j] else np.nan
                for i, j, _ in wanted
            ],
            "n_shared": [one.n for one in shared],
            "shared": [one.names for one in shared],
            "error": errors,
            "error_code": error_codes,
            "converged": [done[row].converged if row in done else False for row in rows],
            "seconds": [done[row].seconds if row in done else 0.0 for row in rows],
            "candidate": [
                "+".join(dict.fromkeys(done[row].candidate)) if row in done else "" for row in rows
            ],
            "scores": [json.dumps(done[row].scores) if row in done else "{}" for row in rows],
        }
    )


def _sides(x, y, pairs, lag):
    """Return the two sides of each pair of rows: y is taken `lag` samples later than x."""
    label = f", lag {lag}" if lag else ""
    later = (np.arange(len(x.fold)) + lag) % len(x.fold) if lag else None
    left = {i: Side(x, i, None, label) for i, _ in pairs}
    # without a lag, a variable that stands on both sides is one object
    right = left if x is y and not lag else {}
    right |= {j: Side(y, j, later, label) for _, j in pairs if j not in right}
    return [(left[i], right[j]) for i, j in pairs]


def _stack(done, n_pairs, n_samples):
    """Return the arrays of embeddings, stacked by row and padded with zeros (losses with NaN).

    Parameters
    ----------
    done : dict of int to embed.Embedding
        By row; the rows that are absent failed.
    """
    found = done.values()
    n_encoders = max((len(e.zx) for e in found), default=1)
    width = {z: max((getattr(e, z).shape[-1] for e in found), default=1) for z in ("zx", "zy")}
    n_axes = max(width.values())
    longest = max((e.loss_step for e in found), key=len, default=np.zeros(0, int))
    per_encoder = (n_pairs, n_encoders)
    arrays = {
        "zx": np.zeros((*per_encoder, n_samples, width["zx"]), np.float32),
        "zy": np.zeros((*per_encoder, n_samples, width["zy"]), np.float32),
        "s": np.zeros((*per_encoder, n_axes)),
        "weight": np.zeros((*per_encoder, n_axes)),
        "rank": np.zeros(per_encoder, int),
        "n_parameters": np.zeros(per_encoder),
        "temperature": np.zeros(per_encoder, int),
        "fold": np.zeros((n_pairs, n_samples), np.int8),
    }
    if len(longest):
        for name in ("loss_train", "loss_validation"):
            arrays[name] = np.full((*per_encoder, len(longest)), np.nan, np.float32)
    n_latent = np.zeros((n_pairs, 2), int)
    for row, e in done.items():
        n_latent[row] = e.zx.shape[-1], e.zy.shape[-1]
        for name, array in arrays.items():
            value = getattr(e, name)
            array[row][tuple(slice(n) for n in value.shape)] = value
    arrays["n_latent"] = n_latent
    if len(longest):
        arrays["loss_step"] = longest
    return arrays


def _read_embedding(file, row):
    """Return `embed.Embedding` of one row of an embeddings file."""
    n_x, n_y = file["n_latent"][row]
    n_axes = max(n_x, n_y)
    return embedding.Embedding(
        zx=file["zx"][row, :, :, :n_x],
        zy=file["zy"][row, :, :, :n_y],
        s=file["s"][row][:, :n_axes],
        weight=file["weight"][row][:, :n_axes],
        rank=file["rank"][row],
        n_parameters=file["n_parameters"][row],
        temperature=file["temperature"][row],
        candidate=tuple(file["candidate"].asstr()[row].split("+")),
        scores=json.loads(file["scores"].asstr()[row]),
        loss_step=file["loss_step"][()] if "loss_step" in file else np.zeros(0, int),
        loss_train=file["loss_train"][row] if "loss_train" in file else None,
        loss_validation=file["loss_validation"][row] if "loss_validation" in file else None,
        converged=bool(file["converged"][row]),
        fold=file["fold"][row],
        seconds=float(file["seconds"][row]),
    )


def estimate(out, embeddings, *, settings, seed, threads=1, keep_pointwise=True, shared=None):
    """Estimate the mutual information of the pairs of a tile.

    Parameters
    ----------
    out : str or Path
        `estimates/tile-000-001.h5`.
    embeddings : str or Path
        File of `embed`.
    settings : dict
        The config's section `estimate`.
    seed : int
    threads : int
    keep_pointwise : bool
        Keep pointwise MI, and the first latent coordinates for the report.
    shared : str or Path, optional
        Folder of `lmi.pipeline.cache`.

    Raises
    ------
    InputError
        A permutation scheme that the dataset cannot have.
    RuntimeError
        Where all pairs failed, and not for reasons known from the data.
    """
    with reading(embeddings, "embed") as file:
        attributes = dict(file.attrs)
        key = cache.key("estimate", attributes["key"], settings, seed, keep_pointwise)
        if cache.fetch(shared, "estimate", key, out):
            return
        n_pairs, _, n_samples, _ = file["zx"].shape
        strata, strata_names = file["strata"][()], list(text(file["strata_names"]))
        if settings["permutations"]["scheme"] == "strata" and not strata_names:
            raise InputError(
                f"estimate.permutations.scheme: expected free, shift, blocks or auto for the "
                f"dataset '{attributes['dataset']}', found strata: it names no strata. Give the "
                "dataset the key `strata`, or choose another scheme"
            )
        samples = estimation.Samples(
            time_series=bool(attributes["time_series"]),
            overlap=int(attributes["overlap"]),
            strata=strata if strata_names else None,
            strata_names=strata_names,
        )
        options = {
            "k": settings["k"],
            "error_bars": settings["error_bars"],
            "permutations": settings["permutations"],
            "seed": seed,
        }
        keep_shared = settings.get("shared_features", "flag") == "keep"

        def one_chunk(rows):
            return _estimate_rows(
                file, rows, samples, options, threads, keep_pointwise, keep_shared
            )

        arrays = chunks.run(out, key, [list(range(n_pairs))], one_chunk, stage="estimate")
        if n_pairs and all(code == "estimation_failed" for code in arrays["reason_codes"]):
            first = arrays["reason"][0]
            raise RuntimeError(f"{embeddings}: no pair could be estimated; the first: {first}")
        curves = ("loss_step", "loss_train", "loss_validation")
        arrays |= {name: file[name][()] for name in curves if name in file}
    if keep_pointwise:
        arrays["scatter_samples"] = _shown(n_samples)
    kept = ("dataset", "seed", "preset")
    write(
        out,
        arrays,
        {name: attributes[name] for name in kept}
        | {"k": settings["k"], "units": "bits", "key": key},
    )
    chunks.clear(out)
    cache.keep(shared, "estimate", key, out)


def _shown(n_samples):
    """Return the samples that the report's scatters show."""
    return np.unique(np.linspace(0, n_samples - 1, SCATTER_SAMPLES).round().astype(int))


def _estimate_rows(file, rows, samples, options, threads, keep_pointwise, keep_shared):
    """Return the arrays of some rows of an embeddings file.

    Parameters
    ----------
    file : h5py.File
    rows : list of int
    samples : estimation.Samples
        Without the share of missing values, which is each pair's own.
    options : dict
        Of `estimation.estimate`.
    threads, keep_pointwise
        As in `estimate`.
    keep_shared : bool
        Whether pairs that share features are as any other.
    """
    names = ("x", "y", "error", "error_code", "candidate", "shared")
    columns = {name: file[name].asstr()[rows] for name in names}
    numbers = ("lag", "n_features_x", "n_features_y", "truth_bits")
    numbers += ("converged", "seconds", "missing", "n_shared")
    columns |= {name: file[name][rows] for name in (*numbers, *flags.CHECKS)}
    whys = [
        [Reason(code, {"message": error})] if code else None
        for code, error in zip(columns["error_code"], columns["error"], strict=True)
    ]
    found = [
        None if why else _read_embedding(file, row) for row, why in zip(rows, whys, strict=True)
    ]

    def one(place):
        if found[place] is None:
            return None
        start = time.perf_counter()
        shared = flags.Shared(int(columns["n_shared"][place]), columns["shared"][place])
        try:
            result = estimation.estimate(
                found[place],
                samples=replace(
                    samples,
                    missing=float(columns["missing"][place]),
                    shared=flags.NOTHING_SHARED if keep_shared else shared,
                ),
                checked={name: float(columns[name][place]) for name in flags.CHECKS},
                name=f"{columns['x'][place]}/{columns['y'][place]}/{columns['lag'][place]}",
                **options,
            )
        except (ValueError, ArithmeticError) as error:
            whys[place] = [Reason("estimation_failed", {"message": str(error)})]
            return None
        whys[place] = result.reasons
        return result, time.perf_counter() - start

    results = map_pairs(one, range(len(rows)), threads)
    values = (
        "mi_bits",
        "mi_ksg_bits",
        "sd_bits",
        "sd_ksg_bits",
        "drift_bits",
        "mi_within_bits",
        "sd_within_bits",
    )
    as_they_are = ("x", "y", "lag", "n_features_x", "n_features_y", "truth_bits")
    as_they_are += flags.CHECKS
    arrays = {name: columns[name] for name in as_they_are}
    arrays |= {
        name: np.array([getattr(r[0], name) if r else np.nan for r in results]) for name in values
    }
    tested = [r[0].null if r else null.NOT_TESTED for r in results]
    n_samples = file["zx"].shape[2]
    arrays |= {
        "p_value": [t.p_value for t in tested],
        "n_permutations": [t.n_permutations for t in tested],
        "p_method": [t.p_method for t in tested],
        "null_mean_bits": [t.mean_bits for t in tested],
        "null_sd_bits": [t.sd_bits for t in tested],
        "within_strata": [r[0].within_strata if r else "" for r in results],
        "n_samples": np.full(len(rows), n_samples),
        "converged": columns["converged"],
        "seconds": columns["seconds"] + np.array([r[1] if r else 0.0 for r in results]),
        "flag": [reasons.flag(why) for why in whys],
        "reason": [reasons.sentence(why) for why in whys],
        "reason_codes": [reasons.codes(why) for why in whys],
        "reason_parameters": [reasons.parameters(why) for why in whys],
        "candidate": columns["candidate"],
    }
    if keep_pointwise:
        shown = _shown(n_samples)
        arrays["pointwise"] = np.full((len(rows), n_samples), np.nan, np.float32)
        arrays["scatter"] = np.full((len(rows), len(shown), 2), np.nan, np.float32)
        for place, result in enumerate(results):
            if result:
                arrays["pointwise"][place] = result[0].pointwise_bits
                zx, zy = embedding.held_out_coordinates(found[place])
                arrays["scatter"][place] = np.stack([zx[shown, 0], zy[shown, 0]], axis=1)
    return arrays
