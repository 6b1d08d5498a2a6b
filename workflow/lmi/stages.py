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
    n_components = settings["n_components"]
    stacked = {
        view: np.zeros((len(wanted), n_samples, n_components), np.float32) for view in views.VIEWS
    }
    n_scores = np.zeros((len(wanted), len(views.VIEWS)), int)
    zscores = []
    for row, (variable, matrix, error) in enumerate(
        zip(wanted, matrices, info["errors"], strict=True)
    ):
        if error:
            log.warning("%s, variable %s: %s", dataset_name, variable.name, error)
            zscores.append(np.zeros((n_samples, 0), np.float32))
            continue
        made = views.make(
            matrix,
            seed=seed,
            name=f"{dataset_name}/{variable.name}",
            n_components=n_components,
            clip=settings["clip"],
        )
        for column, view in enumerate(views.VIEWS):
            n_scores[row, column] = made[view].shape[1]
            stacked[view][row, :, : made[view].shape[1]] = made[view]
        zscores.append(paper.standardise(views.drop_constant(matrix), settings["clip"]))
    for note in filter(None, info["notes"]):
        log.info("%s: %s", dataset_name, note)
    write(
        out,
        stacked
        | {
            "name": [variable.name for variable in wanted],
            "error": [error or "" for error in info["errors"]],
            "note": list(info["notes"]),
            "n_scores": n_scores,
            "n_features": [z.shape[1] for z in zscores],
            "zscores": np.concatenate(zscores, axis=1),
            "fold": fold,
            "inner": inner,
        },
        {
            "dataset": dataset_name,
            "seed": seed,
            "truth_bits": info["truth_bits"],
            "n_dropped": info["n_dropped"],
            "config_hash": _hash([dataset, variables, settings, seed]),
        },
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
    x = _Block(block_x, {i for i, _ in pairs})
    y = x if block_x == block_y else _Block(block_y, {j for _, j in pairs})
    if x is y:
        x = y = _Block(block_x, {row for pair in pairs for row in pair})
    n_samples = len(x.fold)
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
    n_encoders = max((len(e.zx) for e in done.values()), default=1)
    n_points = max((len(e.loss_step) for e in done.values()), default=0)
    sizes = {"zx": n_samples, "zy": n_samples}
    width = {
        name: max((getattr(e, name).shape[-1] for e in done.values()), default=1)
        for name in ("zx", "zy")
    }
    arrays = {
        name: np.zeros((len(pairs), n_encoders, sizes[name], width[name]), np.float32)
        for name in ("zx", "zy")
    }
    axes = max(width.values())
    arrays |= {name: np.zeros((len(pairs), n_encoders, axes)) for name in ("s", "weight")}
    whole = ("rank", "n_parameters", "temperature")
    arrays |= {name: np.zeros((len(pairs), n_encoders), int) for name in whole}
    losses = ("loss_train", "loss_validation")
    if n_points:
        arrays["loss_step"] = np.zeros(n_points, int)
        shape = (len(pairs), n_encoders, n_points)
        arrays |= {name: np.full(shape, np.nan, np.float32) for name in losses}
    arrays["fold"] = np.zeros((len(pairs), n_samples), np.int8)
    arrays["n_axes"] = np.zeros((len(pairs), 2), int)
    for row, e in done.items():
        for name in ("zx", "zy"):
            arrays[name][row, :, :, : getattr(e, name).shape[-1]] = getattr(e, name)
        for name in ("s", "weight"):
            arrays[name][row, :, : getattr(e, name).shape[-1]] = getattr(e, name)
        for name in whole:
            arrays[name][row] = getattr(e, name)
        if len(e.loss_step):
            for name in losses:
                arrays[name][row, :, : len(e.loss_step)] = getattr(e, name)
            if len(e.loss_step) == n_points:
                arrays["loss_step"] = e.loss_step
        arrays["fold"][row] = e.fold
        arrays["n_axes"][row] = e.zx.shape[-1], e.zy.shape[-1]
    rows = range(len(pairs))
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


def _read_embedding(file, row):
    """Return `embed.Embedding` of one row of an embeddings file."""
    n_x, n_y = file["n_axes"][row]
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
