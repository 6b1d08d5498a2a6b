"""The stage embed: the pairs of a tile, from the views of their blocks to their embeddings."""

import json
import logging

import numpy as np

from lmi.base.files import reading, text, write
from lmi.base.messages import pair_name
from lmi.estimation import estimate as estimation
from lmi.estimation import flags
from lmi.pipeline import cache, checks, chunks
from lmi.pipeline.blocks import Block, Side, embed_sides
from lmi.results.embeddings import flattened
from lmi.results.places import check_block

log = logging.getLogger("lmi")


def embed(
    out, block_x, block_y, *, pairs, settings, seed, lags=(0,), threads=1, shared=None, names=None
):
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
    names : (list of str, list of str), optional
        The variables that the plan has in the two blocks: a file in another's place is refused.
    """
    with reading(block_x, "project") as one, reading(block_y, "project") as other:
        keys = one.attrs["key"], other.attrs["key"]
        for file, path, planned in zip((one, other), (block_x, block_y), names or (), strict=False):
            check_block(path, text(file["name"]), planned)
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

    def pair_of(row):
        i, j, lag = wanted[row]
        return pair_name(x.name[i], y.name[j], lag)

    arrays = chunks.run(
        out, key, of_lags, one_chunk, stage="embed", name=pair_of, shared=("loss_step",)
    )
    kept = ("dataset", "time_series", "overlap", "by_position")
    of_samples = {"strata": x.strata, "strata_names": list(x.strata_names)}
    if x.interval is not None:
        of_samples["interval"] = x.interval
    write(
        out,
        arrays | of_samples,
        {name: x.attributes[name] for name in kept if name in x.attributes}
        | {"seed": seed, "preset": settings["preset"], "key": key},
    )
    chunks.clear(out)
    cache.keep(shared, "embed", key, out)


def lagged(fold, lag, interval=None):
    """Return the fold with the samples left out, as -1, that have no partner `lag` samples later.

    Parameters
    ----------
    fold : int array, shape (n_samples,)
    lag : int
        Negative: y is earlier than x.
    interval : int array, shape (n_samples,), optional
        Partners lie in the same interval.
    """
    fold = fold.copy()
    if interval is not None and lag:
        fold[np.roll(interval, -lag) != interval] = -1
    if lag > 0:
        fold[-lag:] = -1
    elif lag < 0:
        fold[:-lag] = -1
    return fold


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
    folds = lagged(x.fold, lag, x.interval), x.inner
    log.info("lag %d: %d pairs", lag, len(good))
    embedded = embed_sides([sides[row] for row in good], *folds, **options, prepared=prepared)
    done = {}
    for row, result in zip(good, embedded, strict=True):
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
            pairs, *folds, embedded, samples=samples, **options
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
    embedded = done.values()
    n_encoders = max((len(e.zx) for e in embedded), default=1)
    width = {z: max((getattr(e, z).shape[-1] for e in embedded), default=1) for z in ("zx", "zy")}
    n_axes = max(width.values())
    longest = max((e.loss_step for e in embedded), key=len, default=np.zeros(0, int))
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
    if any(e.values is not None for e in embedded):
        arrays["value"] = np.full((n_pairs, 2, n_samples), np.nan, np.float32)
    mixtures = [e.mixture.shape[2:] for e in embedded if e.mixture is not None]
    if mixtures:
        arrays["mixture"] = np.zeros((*per_encoder, n_axes, *mixtures[0]))
    if any(e.classified is not None for e in embedded):
        arrays["classified"] = np.full((n_pairs, 5, n_samples), np.nan, np.float32)
    if any(e.weak_bits is not None for e in embedded):
        arrays["weak_bits"] = np.full((n_pairs, 2), np.nan)
    n_latent, kinds = np.zeros((n_pairs, 2), int), np.full((n_pairs, 2), "wide", object)
    for row, e in done.items():
        n_latent[row] = e.zx.shape[-1], e.zy.shape[-1]
        kinds[row] = e.kinds
        for name, array in arrays.items():
            value = e.values if name == "value" else getattr(e, name)
            if value is None:
                continue
            array[row][tuple(slice(n) for n in value.shape)] = value
    arrays["n_latent"], arrays["kind"] = n_latent, kinds
    arrays |= _networks(done, n_pairs, n_encoders)
    if len(longest):
        arrays["loss_step"] = longest
    return arrays


def _networks(done, n_pairs, n_encoders):
    """Return the weights of the networks that won, padded with zeros; nothing where none did.

    Those of the preset paper, a million an encoder, are not kept.
    """
    rows = {
        (row, t, side): layers
        for row, e in done.items()
        if "paper" not in e.candidate
        for t, pair in enumerate(e.weights)
        for side, layers in enumerate(pair or ())
    }
    if not rows:
        return {}
    flat = {place: flattened(layers) for place, layers in rows.items()}
    size = np.zeros((n_pairs, n_encoders, 2, 2), int)
    values = np.zeros((n_pairs, n_encoders, 2, max(map(len, flat.values()))), np.float32)
    for place, layers in rows.items():
        size[place] = layers[0].shape
        values[place][: len(flat[place])] = flat[place]
    return {"network": values, "network_size": size}
