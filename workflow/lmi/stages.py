"""The stages that the workflow's scripts call: one function a stage, files in, one file out."""

import hashlib
import json
import logging
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from lmi import canonical, estimation, paper, split, views
from lmi import embed as embedding
from lmi.files import reading, text, write
from lmi.variables import Variable, read_matrices

log = logging.getLogger("lmi")

SCATTER_SAMPLES = 2000
"""Most samples in the scatter that the report draws of a pair."""


def _hash(settings):
    text = json.dumps(settings, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def project(out, *, dataset, dataset_name, variables, settings, seed):
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

    Raises
    ------
    InputError
        Where the whole dataset is unusable; a bad variable is written with its reason instead.
    """
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
        attributes={
            "truth_bits": info["truth_bits"],
            "n_dropped": info["n_dropped"],
            "config_hash": _hash([dataset, variables, settings, seed]),
        },
    )


def write_block(out, names, matrices, errors, folds, *, dataset_name, settings, seed, attributes):
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
        More attributes of the file.
    """
    n_samples, n_components = len(matrices[0]), settings["n_components"]
    shape = (len(names), n_samples, n_components)
    stacked = {view: np.zeros(shape, np.float32) for view in views.VIEWS}
    n_scores = np.zeros((len(names), len(views.VIEWS)), int)
    zscores = []
    for row, (name, matrix, error) in enumerate(zip(names, matrices, errors, strict=True)):
        if error:
            zscores.append(np.zeros((n_samples, 0), np.float32))
            continue
        varying = views.drop_constant(matrix)
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
    write(
        out,
        stacked
        | {
            "name": names,
            "error": errors,
            "n_scores": n_scores,
            "n_features": [z.shape[1] for z in zscores],
            "zscores": np.concatenate(zscores, axis=1),
            "fold": folds[0],
            "inner": folds[1],
        },
        {"dataset": dataset_name, "seed": seed} | attributes,
    )


class _Block:
    """The variables of a block file, read and prepared once, when a pair needs them."""

    def __init__(self, path, wanted):
        with reading(path, "project") as file:
            self.name = text(file["name"])
            self.error = text(file["error"])
            self.n_features = file["n_features"][()]
            self.fold, self.inner = file["fold"][()], file["inner"][()]
            self.attributes = dict(file.attrs)
            self.n_scores = file["n_scores"][()]
            self.views = {view: {} for view in views.VIEWS}
            self.z = {}
            start = np.concatenate([[0], np.cumsum(self.n_features)])
            for row in sorted(wanted):
                self.z[row] = file["zscores"][:, start[row] : start[row + 1]]
                for column, view in enumerate(views.VIEWS):
                    width = self.n_scores[row, column]
                    self.views[view][row] = file[view][row, :, :width].astype(np.float64)
        self.prepared = {}

    def prepare(self, row):
        """Return `embed.Variable` of a good row."""
        if row not in self.prepared:
            made = {view: self.views[view][row] for view in views.VIEWS}
            made["features"] = views.normal_scores(self.z[row]).astype(np.float32)
            self.prepared[row] = embedding.prepare(str(self.name[row]), made, self.fold, self.inner)
        return self.prepared[row]


def embed(out, block_x, block_y, *, pairs, settings, seed, threads=1):
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
    threads : int
    """
    import torch

    torch.set_num_threads(threads)
    rows_x, rows_y = {i for i, _ in pairs}, {j for _, j in pairs}
    if block_x == block_y:
        x = y = _Block(block_x, rows_x | rows_y)
    else:
        x, y = _Block(block_x, rows_x), _Block(block_y, rows_y)
    errors = [x.error[i] or y.error[j] for i, j in pairs]
    good = [row for row, error in enumerate(errors) if not error]
    if settings["preset"] == "default":
        found = embedding.embed_pairs(
            [(x.prepare(pairs[row][0]), y.prepare(pairs[row][1])) for row in good],
            x.fold,
            x.inner,
            settings=settings,
            seed=seed,
            threads=threads,
            tell=lambda line: log.info("%s of %d pairs", line, len(good)),
        )
    else:
        found = []
        for row in good:
            i, j = pairs[row]
            names = (str(x.name[i]), str(y.name[j]))
            if settings["preset"] == "ksg":
                found.append(embedding.embed_nothing(x.z[i], y.z[j]))
            else:
                options = paper.Settings(**settings["paper"])
                found.append(
                    embedding.embed_paper(x.z[i], y.z[j], settings=options, seed=seed, names=names)
                )
    done = {}
    for row, result in zip(good, found, strict=True):
        if isinstance(result, Exception):
            errors[row] = f"embedding failed: {result}"
            log.error("%s, %s: %s", x.name[pairs[row][0]], y.name[pairs[row][1]], errors[row])
        else:
            done[row] = result
    rows = range(len(pairs))
    arrays = _stack(done, len(pairs), len(x.fold))
    arrays |= {
        "x": [x.name[i] for i, _ in pairs],
        "y": [y.name[j] for _, j in pairs],
        "n_features_x": [x.n_features[i] for i, _ in pairs],
        "n_features_y": [y.n_features[j] for _, j in pairs],
        "error": errors,
        "converged": [done[row].converged if row in done else False for row in rows],
        "seconds": [done[row].seconds if row in done else 0.0 for row in rows],
        "candidate": [
            "+".join(dict.fromkeys(done[row].candidate)) if row in done else "" for row in rows
        ],
        "scores": [json.dumps(done[row].scores) if row in done else "{}" for row in rows],
    }
    write(
        out,
        arrays,
        {
            "dataset": x.attributes["dataset"],
            "truth_bits": x.attributes["truth_bits"],
            "seed": seed,
            "preset": settings["preset"],
            "config_hash": _hash([x.attributes["config_hash"], settings, pairs, seed]),
        },
    )


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
        "n_parameters": np.zeros(per_encoder, int),
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


def estimate(out, embeddings, *, settings, seed, threads=1, keep_pointwise=True):
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

    Raises
    ------
    RuntimeError
        Where all pairs failed, and not for reasons known from the data.
    """
    import torch

    torch.set_num_threads(threads)
    with reading(embeddings, "embed") as file:
        n_pairs, _, n_samples, _ = file["zx"].shape
        names = ("x", "y", "error", "candidate")
        columns = {name: text(file[name]) for name in names}
        numbers = ("n_features_x", "n_features_y", "converged", "seconds")
        columns |= {name: file[name][()] for name in numbers}
        losses = ("loss_step", "loss_train", "loss_validation")
        curves = {name: file[name][()] for name in losses if name in file}
        attributes = dict(file.attrs)
        found = [
            None if columns["error"][row] else _read_embedding(file, row) for row in range(n_pairs)
        ]

    def one(row):
        if found[row] is None:
            return None
        start = time.perf_counter()
        try:
            result = estimation.estimate(
                found[row],
                k=settings["k"],
                error_bars=settings["error_bars"],
                seed=seed,
                name=f"{columns['x'][row]}/{columns['y'][row]}",
            )
        except (ValueError, ArithmeticError) as error:
            columns["error"][row] = f"estimation failed: {error}"
            return None
        return result, time.perf_counter() - start

    with ThreadPoolExecutor(threads) as pool:
        results = list(pool.map(one, range(n_pairs)))
    failed = [str(e) for e in columns["error"] if str(e).startswith("estimation failed")]
    if len(failed) == n_pairs:
        raise RuntimeError(f"{embeddings}: no pair could be estimated; the first: {failed[0]}")
    values = {
        name: np.array([getattr(r[0], name) if r else np.nan for r in results])
        for name in ("mi_bits", "mi_ksg_bits", "sd_bits", "sd_ksg_bits")
    }
    arrays = {name: columns[name] for name in ("x", "y", "n_features_x", "n_features_y")}
    arrays |= values
    arrays |= {
        "n_samples": np.full(n_pairs, n_samples),
        "converged": columns["converged"],
        "seconds": columns["seconds"] + np.array([r[1] if r else 0.0 for r in results]),
        "flag": [r[0].flag if r else "fail" for r in results],
        "reason": [r[0].reason if r else e for r, e in zip(results, columns["error"], strict=True)],
        "candidate": columns["candidate"],
    }
    arrays |= curves
    if keep_pointwise:
        arrays["pointwise"] = np.full((n_pairs, n_samples), np.nan, np.float32)
        shown = np.unique(np.linspace(0, n_samples - 1, SCATTER_SAMPLES).round().astype(int))
        arrays["scatter_samples"] = shown
        arrays["scatter"] = np.full((n_pairs, len(shown), 2), np.nan, np.float32)
        for row, result in enumerate(results):
            if result:
                arrays["pointwise"][row] = result[0].pointwise_bits
                zx, zy = embedding.held_out_coordinates(found[row])
                arrays["scatter"][row] = np.stack([zx[shown, 0], zy[shown, 0]], axis=1)
    kept = ("dataset", "truth_bits", "seed", "preset")
    write(
        out,
        arrays,
        {name: attributes[name] for name in kept}
        | {
            "k": settings["k"],
            "units": "bits",
            "config_hash": _hash([attributes["config_hash"], settings, seed]),
        },
    )
